//! A safety config: free text that says what the model may and may not answer.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use crate::error::{Error, Result};

/// A safety config that has passed the door: trimmed, not empty, printable.
///
/// Equal texts are equal configs; the name is a label for people and no part of the hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SafetyConfig {
    name: Option<String>,
    text: String,
}

impl SafetyConfig {
    /// The longest text, in bytes. Far above what a context holds; it bounds the work
    /// that a hostile text can cause before its tokens are counted.
    pub const MAX_BYTES: usize = 64 * 1024;

    /// The longest name, in bytes.
    pub const MAX_NAME_BYTES: usize = 200;

    /// Parses a config. Line ends become `\n`, outer whitespace and a byte order mark go, so that the
    /// same text saved by another editor keeps its hash. An empty name is no name.
    ///
    /// # Errors
    /// `InvalidSafetyConfig` where the text is empty, longer than [`Self::MAX_BYTES`], or
    /// holds control characters other than newline and tab, or where the name is longer
    /// than [`Self::MAX_NAME_BYTES`] or holds any control character.
    pub fn new(name: Option<&str>, text: &str) -> Result<Self> {
        if text.len() > Self::MAX_BYTES {
            return Err(invalid(format!(
                "the text has {} bytes, at most {} are accepted",
                text.len(),
                Self::MAX_BYTES
            )));
        }
        let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n");
        let text = text.replace(['\u{2028}', '\u{2029}'], "\n");
        let text = text.trim().to_owned();
        if text.is_empty() {
            return Err(invalid("the text is empty; give null for no config".into()));
        }
        reject_controls("the text", &text, &['\n', '\t'])?;
        let name = name.map(str::trim).filter(|name| !name.is_empty());
        if let Some(name) = name {
            if name.len() > Self::MAX_NAME_BYTES {
                return Err(invalid(format!(
                    "the name has {} bytes, at most {} are accepted",
                    name.len(),
                    Self::MAX_NAME_BYTES
                )));
            }
            reject_controls("the name", name, &[])?;
        }
        Ok(Self {
            name: name.map(str::to_owned),
            text,
        })
    }

    /// The label that people see, if the author gave one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The canonical text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// SHA-256 of the canonical text, in lower-case hex.
    #[must_use]
    pub fn hash(&self) -> String {
        let mut hex = String::with_capacity(64);
        for byte in Sha256::digest(self.text.as_bytes()) {
            // Writing to a String cannot fail.
            let _ = write!(hex, "{byte:02x}");
        }
        hex
    }
}

fn reject_controls(what: &str, text: &str, allowed: &[char]) -> Result<()> {
    let found = text
        .chars()
        .find(|c| c.is_control() && !allowed.contains(c));
    match found {
        Some(control) => Err(invalid(format!(
            "{what} holds the control character U+{:04X}; remove it",
            u32::from(control)
        ))),
        None => Ok(()),
    }
}

fn invalid(detail: String) -> Error {
    Error::InvalidSafetyConfig { detail }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn text_becomes_canonical() {
        let config = SafetyConfig::new(Some("  Wine shop "), "\r\nOne.\r\n\tTwo.\n ").unwrap();
        assert_eq!(config.name(), Some("Wine shop"));
        assert_eq!(config.text(), "One.\n\tTwo.");
        let marked = SafetyConfig::new(None, "\u{feff}One.\u{2028}\tTwo.").unwrap();
        assert_eq!(marked.text(), config.text());
        assert_eq!(SafetyConfig::new(Some(" "), "x").unwrap().name(), None);
    }

    #[test]
    fn hash_is_of_the_canonical_text_alone() {
        let config = SafetyConfig::new(Some("a name"), " abc\n").unwrap();
        assert_eq!(
            config.hash(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    #[test]
    fn bad_text_is_refused() {
        let long = "x".repeat(SafetyConfig::MAX_BYTES + 1);
        for (text, said) in [
            ("", "empty"),
            (" \n\t ", "empty"),
            ("a\0b", "U+0000"),
            ("a\rb", "U+000D"),
            ("a\u{1b}[31m", "U+001B"),
            ("a\u{85}b", "U+0085"),
            (long.as_str(), "65537 bytes"),
        ] {
            let error = SafetyConfig::new(None, text).unwrap_err();
            assert_eq!(error.code(), "invalid_safety_config");
            assert!(error.to_string().contains(said), "{error}");
        }
        assert!(SafetyConfig::new(Some("a\nb"), "x").is_err());
        assert!(SafetyConfig::new(Some(&"n".repeat(201)), "x").is_err());
        assert!(SafetyConfig::new(None, &"x".repeat(SafetyConfig::MAX_BYTES)).is_ok());
    }
}
