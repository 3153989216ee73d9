//! A topic that a model learned to read rules on.

use std::fmt::{self, Display, Formatter};

use serde::Serialize;

use super::reading::is_name;
use crate::error::{Error, Result};

/// A topic and its parts, by the names that readings use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KnownTopic {
    /// Such as `wine`.
    pub name: String,
    /// What rules on it may except, such as `port`.
    pub parts: Vec<String>,
}

impl KnownTopic {
    /// The metadata key of a model file in which its topics stand as texts.
    pub const KEY: &'static str = "cosa.topics";

    /// Reads `wine: port, sherry`, or `wine` alone; `None` where any of these is no name that a
    /// reading could have.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (name, parts) = match text.split_once(": ") {
            Some((name, parts)) => (name, parts.split(", ").map(str::to_owned).collect()),
            None => (text, Vec::new()),
        };
        let known = Self {
            name: name.to_owned(),
            parts,
        };
        let is_known = is_name(name) && known.parts.iter().all(|part| is_name(part));
        is_known.then_some(known)
    }

    /// Reads all topics of a model file.
    ///
    /// # Errors
    /// `BadMetadata` with the first that [`Self::parse`] does not read, or that is there twice, whatever its capitals.
    pub fn parse_all(texts: &[String]) -> Result<Vec<Self>> {
        let bad = |text: &String, why: &str| Error::BadMetadata {
            key: Self::KEY.to_owned(),
            detail: format!("{text:?} {why}"),
        };
        let mut all: Vec<Self> = Vec::new();
        for text in texts {
            let known = Self::parse(text).ok_or_else(|| {
                bad(
                    text,
                    "is no topic with its parts, such as \"wine: port, sherry\"",
                )
            })?;
            if all
                .iter()
                .any(|it| it.name.eq_ignore_ascii_case(&known.name))
            {
                return Err(bad(text, "is a topic that is there twice"));
            }
            all.push(known);
        }
        Ok(all)
    }
}

impl Display for KnownTopic {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        for (at, part) in self.parts.iter().enumerate() {
            f.write_str(if at == 0 { ": " } else { ", " })?;
            f.write_str(part)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_topic_is_read_as_it_is_written() {
        for text in ["wine", "wine: port", "red wine: port, ice wine"] {
            assert_eq!(KnownTopic::parse(text).unwrap().to_string(), text);
        }
        let wine = KnownTopic::parse("wine: port, sherry").unwrap();
        assert_eq!(
            (&*wine.name, &*wine.parts.join("+")),
            ("wine", "port+sherry")
        );
    }

    #[test]
    fn what_no_reading_could_say_is_no_topic() {
        for text in [
            "",
            "wine: ",
            "wine: port,sherry",
            "else",
            "wine except port",
            "wine\n",
        ] {
            assert_eq!(KnownTopic::parse(text), None, "{text:?}");
        }
        let twice = ["wine: port", "Wine"].map(str::to_owned);
        let error = KnownTopic::parse_all(&twice).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("\"Wine\" is a topic that is there twice")
        );
    }
}
