//! A user's data file as a stream of records.
//!
//! A record is one row with its place, so that every complaint can name it. Deliberately
//! absent: schemas and type guesses. A task asks each record for the columns it needs, and
//! a value of another type is an error, never a conversion.

#[cfg(not(target_arch = "wasm32"))]
mod csv;
#[cfg(not(target_arch = "wasm32"))]
mod files;
#[cfg(not(target_arch = "wasm32"))]
mod json;
mod jsonl;
#[cfg(not(target_arch = "wasm32"))]
mod parquet;

use serde_json::{Map, Value};

#[cfg(not(target_arch = "wasm32"))]
pub use files::open;
pub use jsonl::jsonl;

use crate::error::{Error, Result};

/// The longest record of a text file, in bytes. Prompts are shorter; a longer line is a
/// file of another kind.
pub const MAX_RECORD_BYTES: usize = 1 << 20;

/// One row of a data file.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Where it stands, for messages: "prompts.jsonl line 12".
    pub at: String,
    /// Its columns. Those of a CSV file are all texts.
    pub fields: Map<String, Value>,
}

impl Record {
    /// The text of a column.
    ///
    /// # Errors
    /// `BadRecord` where the column is missing or holds anything but a text with letters in it.
    pub fn text(&self, column: &str) -> Result<&str> {
        match self.get(column)? {
            Value::String(text) if !text.trim().is_empty() => Ok(text),
            other => Err(self.unexpected(column, other, "a text")),
        }
    }

    /// The text of a column that may be missing, null or empty.
    ///
    /// # Errors
    /// `BadRecord` where the column holds anything else.
    pub fn opt_text(&self, column: &str) -> Result<Option<&str>> {
        match self.fields.get(column) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok((!text.trim().is_empty()).then_some(text)),
            Some(other) => Err(self.unexpected(column, other, "a text or nothing")),
        }
    }

    /// The truth value of a column that may be missing, null or empty. The texts `true` and
    /// `false`, in any case, count too: a CSV file has no others.
    ///
    /// # Errors
    /// `BadRecord` where the column holds anything else.
    pub fn opt_bool(&self, column: &str) -> Result<Option<bool>> {
        let value = match self.fields.get(column) {
            None | Some(Value::Null) => return Ok(None),
            Some(value) => value,
        };
        match value {
            Value::Bool(truth) => Ok(Some(*truth)),
            Value::String(text) if text.trim().is_empty() => Ok(None),
            Value::String(text) if text.trim().eq_ignore_ascii_case("true") => Ok(Some(true)),
            Value::String(text) if text.trim().eq_ignore_ascii_case("false") => Ok(Some(false)),
            other => Err(self.unexpected(column, other, "true or false")),
        }
    }

    /// The texts of a column that holds a list of them. The list may be empty.
    ///
    /// # Errors
    /// `BadRecord` where the column is missing, is no list, or holds anything but texts with
    /// letters in them.
    pub fn texts(&self, column: &str) -> Result<Vec<&str>> {
        let value = self.get(column)?;
        let Value::Array(items) = value else {
            return Err(self.unexpected(column, value, "a list of texts"));
        };
        let texts = items.iter().map(|item| match item {
            Value::String(text) if !text.trim().is_empty() => Ok(text.as_str()),
            other => Err(self.unexpected(column, other, "texts alone in its list")),
        });
        texts.collect()
    }

    /// An error about this record.
    #[must_use]
    pub fn error(&self, detail: impl Into<String>) -> Error {
        bad_record(&self.at, detail)
    }

    fn get(&self, column: &str) -> Result<&Value> {
        self.fields.get(column).ok_or_else(|| {
            let columns: Vec<&str> = self.fields.keys().map(String::as_str).collect();
            let columns = excerpt(&columns.join(", "), 400);
            self.error(format!(
                "no column {column:?}; the columns there are: {columns}"
            ))
        })
    }

    fn unexpected(&self, column: &str, found: &Value, expected: &str) -> Error {
        self.error(format!(
            "column {column:?} holds {}, expected {expected}",
            kind(found)
        ))
    }
}

/// The beginning of a text that somebody else wrote, fit for a message on a terminal.
pub(super) fn excerpt(text: &str, characters: usize) -> String {
    let mut shown = text.chars().filter(|c| !c.is_control());
    let mut excerpt: String = shown.by_ref().take(characters).collect();
    if shown.next().is_some() {
        excerpt.push('…');
    }
    excerpt
}

fn bad_record(at: &str, detail: impl Into<String>) -> Error {
    Error::BadRecord {
        at: at.to_owned(),
        detail: detail.into(),
    }
}

/// What a value is, in a few words.
fn kind(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(truth) => truth.to_string(),
        Value::Number(number) => format!("the number {number}"),
        Value::String(text) if text.trim().is_empty() => "an empty text".to_owned(),
        Value::String(text) => format!("the text \"{}\"", excerpt(text, 40)),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    }
}

/// Why bytes are no text, with what to do about it.
fn not_utf8(error: std::str::Utf8Error, bytes: &[u8]) -> String {
    let at = error.valid_up_to();
    let byte = bytes.get(at).copied().unwrap_or_default();
    format!(
        "byte {} is 0x{byte:02X}, which is not UTF-8 (it may be Latin-1 or Windows-1252); \
         save the file as UTF-8",
        at + 1
    )
}

/// Whether the beginning of a file is UTF-16, with its mark or without. Neither JSON nor any
/// other text holds zero bytes.
fn is_utf16(beginning: &[u8]) -> bool {
    beginning.starts_with(b"\xFF\xFE")
        || beginning.starts_with(b"\xFE\xFF")
        || beginning.contains(&0)
}

const UTF16: &str = "the file is UTF-16, as some editors save it; save it as UTF-8";

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn record(json: &str) -> Record {
        Record {
            at: "a.jsonl line 3".to_owned(),
            fields: serde_json::from_str(json).unwrap(),
        }
    }

    #[test]
    fn values_are_taken_as_they_are() {
        let row = record(
            r#"{"p": " hi ", "b": true, "c": "FALSE", "e": " ", "n": null, "l": ["x", "y"]}"#,
        );
        assert_eq!(row.text("p").unwrap(), " hi ");
        assert_eq!(row.opt_text("p").unwrap(), Some(" hi "));
        for nothing in ["e", "n", "missing"] {
            assert_eq!(row.opt_text(nothing).unwrap(), None);
            assert_eq!(row.opt_bool(nothing).unwrap(), None);
        }
        assert_eq!(row.opt_bool("b").unwrap(), Some(true));
        assert_eq!(row.opt_bool("c").unwrap(), Some(false));
        assert_eq!(row.texts("l").unwrap(), ["x", "y"]);
    }

    #[test]
    fn each_error_names_place_column_found_and_expected() {
        let row = record(
            r#"{"n": 3, "z": null, "e": " \n", "l": ["x", 1], "o": {}, "t": "perhaps", "b": true}"#,
        );
        let cases = [
            (
                row.text("n").err(),
                r#"column "n" holds the number 3, expected a text"#,
            ),
            (
                row.text("z").err(),
                r#"column "z" holds null, expected a text"#,
            ),
            (
                row.text("e").err(),
                r#"column "e" holds an empty text, expected a text"#,
            ),
            (
                row.text("l").err(),
                r#"column "l" holds a list, expected a text"#,
            ),
            (
                row.opt_text("o").err(),
                r#"column "o" holds an object, expected a text or nothing"#,
            ),
            (
                row.opt_text("b").err(),
                r#"column "b" holds true, expected a text or nothing"#,
            ),
            (
                row.opt_bool("n").err(),
                r#"column "n" holds the number 3, expected true or false"#,
            ),
            (
                row.opt_bool("t").err(),
                r#"column "t" holds the text "perhaps", expected true or false"#,
            ),
            (
                row.texts("l").err(),
                r#"column "l" holds the number 1, expected texts alone in its list"#,
            ),
            (
                row.texts("t").err(),
                r#"column "t" holds the text "perhaps", expected a list of texts"#,
            ),
        ];
        for (error, detail) in cases {
            let error = error.unwrap();
            assert_eq!(error.code(), "bad_record");
            assert_eq!(error.to_string(), format!("a.jsonl line 3: {detail}"));
        }
    }

    #[test]
    fn a_missing_column_names_those_that_are_there() {
        let row = record(r#"{"Prompt": "x", "label": 1}"#);
        let message = row.text("prompt").unwrap_err().to_string();
        assert!(message.starts_with(r#"a.jsonl line 3: no column "prompt""#));
        assert!(message.contains("Prompt") && message.contains("label"));
    }

    #[test]
    fn an_excerpt_is_short_and_harmless() {
        assert_eq!(excerpt("a\u{1b}[31m\nb", 9), "a[31mb");
        assert_eq!(excerpt("äöü", 3), "äöü");
        assert_eq!(excerpt("äöüß", 3), "äöü…");
    }
}
