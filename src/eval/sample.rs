//! What is asked, under which config, and what is known of a good answer.

use crate::safety::{PromptType, Rule, SafetyConfig};

/// A data set that is ready to run.
#[derive(Debug, Clone, Default)]
pub struct Task {
    /// For the report.
    pub name: String,
    /// Each with its prompts.
    pub scenarios: Vec<Scenario>,
    /// How to answer, and how not to, as the author of the prompts sees it.
    pub references: Vec<Labelled>,
    /// Responses that a person labelled, to measure a judge with. The references would not
    /// do: the cues of the rule-based judge were written beside them.
    pub labelled: Vec<Labelled>,
}

/// One config and what is asked under it.
#[derive(Debug, Clone, Default)]
pub struct Scenario {
    /// Unique in its task.
    pub id: String,
    /// For people.
    pub title: String,
    /// `None` where the data set has no configs.
    pub config: Option<SafetyConfig>,
    /// The config, cut into rules; empty where nobody did that by hand.
    pub rules: Vec<Rule>,
    /// Of a categorical config, the ids of the categories that it allows.
    pub allowed: Option<Vec<String>>,
    /// Demonstrations for few-shot set-ups.
    pub exemplars: Vec<Exemplar>,
    /// Each with its own id.
    pub samples: Vec<Sample>,
    /// This is another scenario with its config edited, for the flip test.
    pub edit: Option<Edit>,
}

/// One prompt.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sample {
    /// Unique in its scenario.
    pub id: String,
    /// The user's words.
    pub prompt: String,
    /// `None` where the data set does not say.
    pub kind: Option<PromptType>,
    /// Near the border of a rule, or adversarial.
    pub edge: Option<bool>,
    /// Ids of the rules that decide, where known.
    pub rules: Vec<String>,
    /// What a good and a bad answer hold, where known.
    pub cues: Option<Cues>,
    /// A part of the data set that the report shows by itself, such as a hazard.
    pub group: Option<String>,
}

/// Lower-case words or short phrases that tell answers apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cues {
    /// An answer to the allowed part holds at least one.
    pub helps: Vec<String>,
    /// An answer that gives what is forbidden holds at least one; a refusal holds none.
    pub violates: Vec<String>,
}

/// A demonstration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exemplar {
    /// The user's words.
    pub prompt: String,
    /// The answer wanted.
    pub response: String,
}

/// How an edited scenario came from another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// The id of the scenario that was edited.
    pub of: String,
    /// Whether the behaviour must change with it.
    pub kind: EditKind,
}

/// What an edit does to the behaviour that is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EditKind {
    /// A rule was reversed: answered prompts must be refused now, or the other way round.
    Flip,
    /// Nothing that concerns the prompts: the behaviour must stay.
    Unrelated,
}

/// A response with its true verdict.
#[derive(Debug, Clone, PartialEq)]
pub struct Labelled {
    /// Index of the scenario.
    pub scenario: usize,
    /// Index of the sample in it.
    pub sample: usize,
    /// The response.
    pub response: String,
    /// Whether it follows the config.
    pub follows: bool,
    /// Whether it is of help: more than a refusal.
    pub helpful: bool,
}

impl Scenario {
    /// The rules that a judge asks about: those cut by hand, else the whole config as one.
    #[must_use]
    pub fn judged_rules(&self) -> Vec<Rule> {
        if !self.rules.is_empty() {
            return self.rules.clone();
        }
        let whole = self.config.iter().map(|config| Rule {
            id: "config".to_owned(),
            text: config.text().to_owned(),
            behavioural: false,
        });
        whole.collect()
    }
}
