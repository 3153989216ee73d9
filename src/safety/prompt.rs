//! The frame around a safety config in the system message.

use super::SafetyConfig;
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
    /// What the model itself read in the text, rule by rule ([`super::summary`]). Until it
    /// has, the message is the text alone.
    Read,
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
            Self::Read => "read",
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
            Some("read") => Ok(Self::Read),
            Some(other) => Err(Error::BadMetadata {
                key: Self::KEY.to_owned(),
                detail: format!("unknown frame {other:?}; known: guideline, plain, read"),
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
        Frame::Plain | Frame::Read => config.text().to_owned(),
    }
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
        assert_eq!(Frame::parse(Some("read")).unwrap(), Frame::Read);
        assert_eq!(
            Frame::parse(Some("Plain")).unwrap_err().code(),
            "bad_metadata"
        );
    }

    #[test]
    fn the_whole_config_is_in_every_frame() {
        let config = SafetyConfig::new(None, "No spoilers.").unwrap();
        assert_eq!(system_message(&config, Frame::Plain), "No spoilers.");
        assert_eq!(system_message(&config, Frame::Read), "No spoilers.");
        assert!(
            system_message(&config, Frame::Guideline)
                .ends_with("\n\nSafety Guideline:\nNo spoilers.")
        );
    }
}
