//! The frame around a safety config in the system message.

use super::{Rule, SafetyConfig};
use crate::error::{Error, Result};

/// How a config is shown to the model. A model must see the frame that it was trained
/// with, so the model file chooses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Frame {
    /// A task line, then "Safety Guideline:" and the text (the paper's free-form frame).
    #[default]
    Guideline,
    /// The text alone.
    Plain,
    /// The text with a number behind each sentence or list item ([`Rule::numbered`]), which
    /// the model names in its rationale.
    Numbered,
}

/// The task line before a guideline. The wording is ours; the paper's frame says the same.
const TASK: &str = "Follow the safety guideline below in every answer. \
Within it, answer the user's request as thoroughly as you can.";

impl Frame {
    /// The metadata key in which a model file names its frame.
    pub const KEY: &str = "cosa.safety_frame";

    /// The name in model files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Guideline => "guideline",
            Self::Plain => "plain",
            Self::Numbered => "numbered",
        }
    }

    /// The frame named by the value of [`Self::KEY`]; `Guideline` where the key is absent.
    ///
    /// # Errors
    /// `BadMetadata` for another value: a config in a guessed frame may not be followed.
    pub fn parse(value: Option<&str>) -> Result<Self> {
        match value {
            None | Some("guideline") => Ok(Self::Guideline),
            Some("plain") => Ok(Self::Plain),
            Some("numbered") => Ok(Self::Numbered),
            Some(other) => Err(Error::BadMetadata {
                key: Self::KEY.to_owned(),
                detail: format!("unknown frame {other:?}; known: guideline, plain, numbered"),
            }),
        }
    }
}

/// The text of the system message that holds `config`.
///
/// A user who writes "Safety Guideline:" gains nothing by it: message content is tokenized
/// apart from the template, so it never leaves the user's turn.
#[must_use]
pub fn system_message(config: &SafetyConfig, frame: Frame) -> String {
    match frame {
        Frame::Guideline => format!("{TASK}\n\nSafety Guideline:\n{}", config.text()),
        Frame::Plain => config.text().to_owned(),
        Frame::Numbered => Rule::numbered(config.text()),
    }
}

/// The rules of `config` that decide in a rationale in this frame, each once, in its order.
///
/// A rationale reads the config by its numbers, then says what decides in the same words:
/// `1 - 2 wine no except port 3 else yes. About wine no except port. This is port. So yes.`
/// What it did not read, or by numbers that no rule has, is passed over.
#[must_use]
pub fn named_rules(config: &SafetyConfig, rationale: &str, frame: Frame) -> Vec<String> {
    if frame != Frame::Numbered {
        return Vec::new();
    }
    let rules = Rule::split(config.text());
    let mut clauses = rationale.split("About ");
    let read = clauses.next().unwrap_or_default();
    let mut named: Vec<String> = Vec::new();
    for clause in clauses {
        let says = clause.split('.').next().unwrap_or_default();
        // What holds for every topic without a rule stands behind the topic.
        let says = says.find("else ").map_or(says, |at| &says[at..]);
        let rule = number_of(says, read).and_then(|number| rules.get(number.checked_sub(1)?));
        if let Some(rule) = rule
            && !named.contains(&rule.text)
        {
            named.push(rule.text.clone());
        }
    }
    named
}

/// The last number before these words.
fn number_of(says: &str, read: &str) -> Option<usize> {
    let words: Vec<&str> = read.split([' ', '.']).collect();
    let says: Vec<&str> = says.split(' ').collect();
    let at = words.windows(says.len()).position(|words| words == says)?;
    words[..at].iter().rev().find_map(|word| word.parse().ok())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn the_model_chooses_its_frame() {
        assert_eq!(Frame::parse(None).unwrap(), Frame::Guideline);
        assert_eq!(Frame::parse(Some("guideline")).unwrap(), Frame::Guideline);
        assert_eq!(Frame::parse(Some("plain")).unwrap(), Frame::Plain);
        assert_eq!(Frame::parse(Some("numbered")).unwrap(), Frame::Numbered);
        assert_eq!(
            Frame::parse(Some("Plain")).unwrap_err().code(),
            "bad_metadata"
        );
    }

    #[test]
    fn the_whole_config_is_in_every_frame() {
        let config = SafetyConfig::new(None, "No spoilers.").unwrap();
        assert_eq!(system_message(&config, Frame::Plain), "No spoilers.");
        assert_eq!(system_message(&config, Frame::Numbered), "No spoilers. (1)");
        assert!(
            system_message(&config, Frame::Guideline)
                .ends_with("\n\nSafety Guideline:\nNo spoilers.")
        );
    }

    #[test]
    fn a_rationale_names_rules_by_their_numbers() {
        let config = SafetyConfig::new(None, "No spoilers.\n- Wine is fine.").unwrap();
        let named = |rationale| named_rules(&config, rationale, Frame::Numbered);
        let said = "1 films no port yes 2 wine no except port. About port yes. So yes. \
                    About wine no except port. This is port. So yes. About films no. So no.";
        assert_eq!(named(said), ["No spoilers.", "Wine is fine."]);
        let all = "1 - 2 else yes. About music else yes. So yes.";
        assert_eq!(named(all), ["Wine is fine."]);
        for odd in [
            "0 wine no. About wine no.",
            "3 wine no. About wine no.",
            "99999999999999999999 wine no. About wine no.",
            "wine no. About wine no.",
            "1 wine yes. About wine no.",
            "1 wine no",
            "About",
            "About ",
            "1 - 2 -. About tea harmless. So yes.",
            "",
        ] {
            assert!(named(odd).is_empty(), "{odd}");
        }
        assert!(named_rules(&config, said, Frame::Plain).is_empty());
    }
}
