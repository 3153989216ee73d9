//! What a group of prompts is about: its typical words, and what a model calls it.

use std::collections::{BTreeMap, BTreeSet};

use crate::error::Result;
use crate::eval::systems::{Address, Ask, System, ask_all};
use crate::generate::GenerateOptions;
use crate::safety::{RiskCategory, Taxonomy};
use crate::text::{Message, Role};

/// Prompts that a model is shown of a group.
const SHOWN: usize = 12;
/// Words that stand for a group.
const WORDS: usize = 20;
/// Words of a proposed name at most, and tokens of the answer.
const NAME_WORDS: usize = 5;
const ANSWER_TOKENS: usize = 96;

/// Prompts, and the group of each.
#[derive(Debug, Clone, Copy)]
pub struct Grouped<'p> {
    /// The users' words.
    pub prompts: &'p [&'p str],
    /// Of each.
    pub vectors: &'p [Vec<f32>],
    /// As `cluster` gives them.
    pub groups: &'p [Option<usize>],
}

impl Grouped<'_> {
    /// How many groups there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.groups
            .iter()
            .flatten()
            .max()
            .map_or(0, |most| most + 1)
    }

    fn members(&self, group: usize) -> impl Iterator<Item = usize> {
        let all = self.groups.iter().enumerate();
        all.filter_map(move |(at, own)| (*own == Some(group)).then_some(at))
    }

    /// The prompts nearest to the middle of the group.
    fn central(&self, group: usize) -> Vec<&str> {
        let members: Vec<usize> = self.members(group).collect();
        let mut middle = vec![0.0; self.vectors[members[0]].len()];
        for &at in &members {
            for (sum, x) in middle.iter_mut().zip(&self.vectors[at]) {
                *sum += x;
            }
        }
        let near = |at: usize| -> f32 {
            let products = middle.iter().zip(&self.vectors[at]).map(|(a, b)| a * b);
            products.sum()
        };
        let mut members = members;
        members.sort_by(|&a, &b| near(b).total_cmp(&near(a)));
        let nearest = members.iter().take(SHOWN);
        nearest.map(|&at| self.prompts[at]).collect()
    }

    /// The words that each group has more of than all prompts have (class-based tf-idf).
    fn typical_words(&self) -> Vec<Vec<String>> {
        let count = self.count();
        let mut of_group: Vec<BTreeMap<String, f64>> = vec![BTreeMap::new(); count];
        let mut of_all: BTreeMap<String, f64> = BTreeMap::new();
        let mut total = 0.0;
        for (prompt, group) in self.prompts.iter().zip(self.groups) {
            let text = prompt.to_lowercase();
            let words = text.split(|c: char| !c.is_alphabetic());
            // Once a prompt: a prompt that says a word ten times is one prompt about it.
            let words: BTreeSet<&str> = words.filter(|word| word.len() > 3).collect();
            for word in words {
                total += 1.0;
                *of_all.entry(word.to_owned()).or_default() += 1.0;
                if let Some(group) = group {
                    *of_group[*group].entry(word.to_owned()).or_default() += 1.0;
                }
            }
        }
        let mean = total / count.max(1) as f64;
        let best = |own: BTreeMap<String, f64>| {
            let score = |(word, times): (String, f64)| {
                let everywhere = of_all.get(&word).copied().unwrap_or(1.0);
                (times * (1.0 + mean / everywhere).ln(), word)
            };
            let mut scored: Vec<(f64, String)> = own.into_iter().map(score).collect();
            scored.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
            scored
                .into_iter()
                .take(WORDS)
                .map(|(_, word)| word)
                .collect()
        };
        of_group.into_iter().map(best).collect()
    }
}

/// A category for each group: `system` names and defines it; where there is none, or its answer
/// is no name and definition, the group's words do.
///
/// # Errors
/// The system's, where going on is pointless.
pub fn propose(grouped: &Grouped<'_>, system: Option<&mut dyn System>) -> Result<Taxonomy> {
    let words = grouped.typical_words();
    let mut answers = vec![None; grouped.count()];
    if let Some(system) = system {
        let asks = (0..answers.len()).map(|group| ask(grouped, group));
        ask_all(system, asks.collect(), |reply| {
            let said = reply.response.ok();
            answers[reply.key] = said.and_then(|response| named(&response.text));
            Ok(())
        })?;
    }
    let mut categories: Vec<RiskCategory> = Vec::new();
    for (words, answer) in words.into_iter().zip(answers) {
        let (name, definition) = answer.unwrap_or_else(|| by_words(&words));
        let id = free_id(&name, &categories);
        categories.push(RiskCategory {
            id,
            name,
            definition,
            words,
        });
    }
    Ok(Taxonomy { categories })
}

fn ask(grouped: &Grouped<'_>, group: usize) -> Ask {
    let prompts = grouped.central(group).join("\n- ");
    let question = format!(
        "These requests belong to one subject:\n- {prompts}\n\nName the subject in one to three \
         words, then a colon, then one sentence that says what belongs to it. For example: \
         Gardening: Content about plants, soil and the care of a garden."
    );
    Ask {
        key: group,
        address: Address {
            setup: "taxonomy".to_owned(),
            config_id: String::new(),
            prompt_id: group.to_string(),
        },
        turns: vec![Message::new(Role::User, question)],
        options: GenerateOptions {
            max_tokens: ANSWER_TOKENS,
            ..GenerateOptions::default()
        },
    }
}

/// The name and the definition of an answer like `Name: Sentence.`
fn named(answer: &str) -> Option<(String, String)> {
    let line = answer.lines().find(|line| line.contains(':'))?;
    let (name, definition) = line.split_once(':')?;
    let trim = |text: &str| text.trim_matches([' ', '*', '"', '#', '-']).to_owned();
    let (name, definition) = (trim(name), trim(definition));
    let short = (1..=NAME_WORDS).contains(&name.split_whitespace().count());
    (short && definition.split_whitespace().count() > 2).then_some((name, definition))
}

fn by_words(words: &[String]) -> (String, String) {
    let listed = |count: usize| words[..count.min(words.len())].join(", ");
    (listed(3), format!("Content about: {}.", listed(8)))
}

/// The name as an id, with a number where it is taken.
fn free_id(name: &str, taken: &[RiskCategory]) -> String {
    let lower = name.to_lowercase();
    let words = lower.split(|c: char| !c.is_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    let base = if words.is_empty() {
        "category".to_owned()
    } else {
        words.join("_")
    };
    let numbered = (2..).map(|number| format!("{base}_{number}"));
    let mut ids = [base.clone()].into_iter().chain(numbered);
    let free = |id: &String| taken.iter().all(|category| category.id != *id);
    ids.find(free).unwrap_or(base)
}
