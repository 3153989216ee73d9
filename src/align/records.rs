//! The lines of the files between the stages.

use serde::{Deserialize, Serialize};

/// A prompt whose risks are known: what goes in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PromptLine {
    /// Unique in its file.
    pub id: String,
    /// The user's words.
    pub prompt: String,
    /// Ids of the risk categories that an answer would hold; `J` of the paper.
    pub risks: Vec<String>,
}

/// A config for a prompt: what `configs` writes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigLine {
    /// The prompt's id, `/`, and a number.
    pub id: String,
    /// Of the prompt.
    pub prompt_id: String,
    /// The user's words.
    pub prompt: String,
    /// How the allowed set relates to the prompt's risks.
    pub mode: Mode,
    /// Ids of the allowed categories, sorted; `A` of the paper.
    pub allowed: Vec<String>,
    /// The config's text.
    pub config: String,
}

/// How the allowed categories `A` relate to the risks `J` of the prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// `A = J`.
    Exact,
    /// `A` holds `J` and more.
    Superset,
    /// `A` is empty.
    Safe,
    /// `A` lacks at least one of `J`, and may hold others.
    NotSuperset,
}

/// A response: what `candidates` writes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CandidateLine {
    /// Of the prompt.
    pub prompt_id: String,
    /// Of the config it was given under; `None` for a plain assistant's.
    pub config_id: Option<String>,
    /// Which of the answers to the same, from 0.
    #[serde(default)]
    pub draw: u64,
    /// The user's words.
    pub prompt: String,
    /// The answer.
    pub response: String,
    /// What the model thought before it, under that config.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<String>,
}

/// A response with its labels: what `label` writes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabelledLine {
    /// Of the prompt.
    pub prompt_id: String,
    /// As in [`CandidateLine`].
    pub config_id: Option<String>,
    /// The answer.
    pub response: String,
    /// As in [`CandidateLine`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<String>,
    /// Ids of the risk categories found in it, sorted; `H` of the paper.
    pub risks: Vec<String>,
    /// Whether it deals with what was asked; a refusal does not.
    pub addressed: bool,
}

/// A preference pair in the conversational format of TRL: what `pairs` writes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PairLine {
    /// The config as the system turn, then the user's.
    pub prompt: Vec<TurnLine>,
    /// The better answer.
    pub chosen: Vec<TurnLine>,
    /// The worse one.
    pub rejected: Vec<TurnLine>,
    /// Of the config.
    pub config_id: String,
    /// Error scores of both.
    pub errors: [f64; 2],
}

/// A prompt to measure with, in CoSApien's columns, and what a perfect follower says, in the
/// columns of a recording.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BenchmarkLine {
    /// Unique under its config.
    pub id: String,
    /// Of the config.
    pub config_id: String,
    /// The same as `id`.
    pub prompt_id: String,
    /// The user's words.
    pub prompt: String,
    /// The config's words.
    pub scenario: String,
    /// `allowed`, `disallowed`, `partial` or `safe`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Words of which an answer to the allowed part holds at least one.
    pub helps: Vec<String>,
    /// Words of which an answer to the refused part holds at least one.
    pub violates: Vec<String>,
    /// The right response.
    pub response: String,
    /// The config that this one is with one stance turned, for the flip test.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flip_of: Option<String>,
}

/// What a model is trained on first: conversations, or plain text. A [`PairLine`] reads as the
/// conversation in which the better answer is learned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, from = "LearnedLine")]
pub enum TrainLine {
    /// A conversation, whose answers are learned.
    Chat {
        /// In order.
        messages: Vec<TurnLine>,
    },
    /// A text, all of which is learned.
    Text {
        /// The words.
        text: String,
    },
}

/// The forms that a [`TrainLine`] is read from.
#[derive(Deserialize)]
#[serde(untagged, expecting = "needs messages; text; or prompt and chosen")]
enum LearnedLine {
    Chat {
        messages: Vec<TurnLine>,
    },
    Text {
        text: String,
    },
    Pair {
        prompt: Vec<TurnLine>,
        chosen: Vec<TurnLine>,
    },
}

impl From<LearnedLine> for TrainLine {
    fn from(line: LearnedLine) -> Self {
        match line {
            LearnedLine::Chat { messages } => Self::Chat { messages },
            LearnedLine::Text { text } => Self::Text { text },
            LearnedLine::Pair { prompt, chosen } => Self::Chat {
                messages: TurnLine::behind(&prompt, &chosen),
            },
        }
    }
}

impl TrainLine {
    /// All words in it.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        let (text, messages) = match self {
            Self::Text { text } => (Some(&**text), &[][..]),
            Self::Chat { messages } => (None, &messages[..]),
        };
        let turns = messages.iter();
        let turns = turns.flat_map(|turn| [Some(&turn.content), turn.reasoning_content.as_ref()]);
        text.into_iter().chain(turns.flatten().map(String::as_str))
    }
}

/// A turn as TRL has it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TurnLine {
    /// `system`, `user` or `assistant`.
    pub role: String,
    /// The words.
    pub content: String,
    /// What the assistant writes between `<think>` tags before; of a config, what is read in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning_content: Option<String>,
    /// Whether the words are only the first of an answer: its end is not learned then.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub begun: bool,
    /// 0 for an answer that is there to be seen and not to be learned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<u32>,
}

impl TurnLine {
    /// A turn of that role without reasoning.
    #[must_use]
    pub fn new(role: &str, content: impl Into<String>) -> Self {
        Self {
            role: role.to_owned(),
            content: content.into(),
            ..Self::default()
        }
    }

    /// The turn as it is seen in a chat that goes on, and not learned: without what was thought,
    /// but a config as it was read.
    #[must_use]
    pub fn seen(&self) -> Self {
        let config = self.role == "system";
        Self {
            reasoning_content: self.reasoning_content.clone().filter(|_| config),
            weight: Some(0),
            ..self.clone()
        }
    }

    /// An answer to a prompt, which is seen, as in a chat, and not learned.
    #[must_use]
    pub fn behind(prompt: &[Self], answer: &[Self]) -> Vec<Self> {
        let seen = prompt.iter().map(Self::seen);
        seen.chain(answer.iter().cloned()).collect()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn of_a_pair_the_better_answer_is_learned_and_what_was_before_it_only_seen() {
        let said = TurnLine::new("assistant", "Hello.");
        let pair = PairLine {
            prompt: vec![TurnLine::new("user", "Hi"), said.clone()],
            chosen: vec![TurnLine::new("assistant", "Better.")],
            rejected: vec![TurnLine::new("assistant", "Worse.")],
            config_id: "0".to_owned(),
            errors: [0.0, 1.0],
        };
        let json = serde_json::to_string(&pair).unwrap();
        let TrainLine::Chat { messages } = serde_json::from_str(&json).unwrap() else {
            panic!("a conversation");
        };
        assert_eq!(messages[1], said.seen());
        assert_eq!(messages[2..], pair.chosen);
        let other = serde_json::from_str::<TrainLine>(r#"{"prompt":[]}"#).unwrap_err();
        assert!(other.to_string().contains("prompt and chosen"), "{other}");
    }

    #[test]
    fn what_was_thought_is_not_seen_but_what_was_read_is() {
        let turn = |role| TurnLine {
            reasoning_content: Some("wine no.".to_owned()),
            ..TurnLine::new(role, "words")
        };
        let [config, answer] = ["system", "assistant"].map(|role| turn(role).seen());
        assert_eq!(config.reasoning_content.as_deref(), Some("wine no."));
        assert_eq!(answer.reasoning_content, None);
        assert_eq!([config.weight, answer.weight], [Some(0); 2]);
    }
}
