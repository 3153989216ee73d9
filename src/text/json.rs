//! The `tojson` filter as `transformers` defines it: JSON as Python's `json.dumps` writes it.
//!
//! minijinja's own filter escapes for HTML, and bounds neither depth nor size.

use minijinja::value::{Kwargs, Value, ValueKind};
use minijinja::{Error, ErrorKind};

/// The most bytes of JSON that one call makes.
const MAX_BYTES: usize = 1 << 20;
const MAX_DEPTH: usize = 64;
const MAX_INDENT: usize = 16;

/// `value` as JSON, on one line or with `indent` spaces a level.
pub(super) fn tojson(
    value: &Value,
    indent: Option<usize>,
    options: Kwargs,
) -> Result<String, Error> {
    let indent = match indent {
        Some(indent) => Some(indent),
        None => options.get("indent")?,
    };
    let mut json = Json {
        out: String::new(),
        indent: indent.map(|indent| indent.min(MAX_INDENT)),
        depth: 0,
    };
    json.value(value)?;
    Ok(json.out)
}

struct Json {
    out: String,
    indent: Option<usize>,
    depth: usize,
}

impl Json {
    fn value(&mut self, value: &Value) -> Result<(), Error> {
        match value.kind() {
            ValueKind::Undefined | ValueKind::None => self.out.push_str("null"),
            ValueKind::Bool => self
                .out
                .push_str(if value.is_true() { "true" } else { "false" }),
            ValueKind::Number => self.out.push_str(&value.to_string()),
            ValueKind::Seq | ValueKind::Iterable => {
                self.open('[')?;
                for (at, item) in value.try_iter()?.enumerate() {
                    self.start_item(at == 0)?;
                    self.value(&item)?;
                }
                self.close(']');
            }
            ValueKind::Map => {
                self.open('{')?;
                for (at, key) in value.try_iter()?.enumerate() {
                    self.start_item(at == 0)?;
                    self.string(&key.to_string());
                    self.out.push_str(": ");
                    self.value(&value.get_item(&key)?)?;
                }
                self.close('}');
            }
            _ => self.string(&value.to_string()),
        }
        Ok(())
    }

    fn string(&mut self, text: &str) {
        let quoted = serde_json::Value::from(text).to_string();
        self.out.push_str(&quoted);
    }

    fn open(&mut self, bracket: char) -> Result<(), Error> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(refused("the value is nested too deep"));
        }
        self.out.push(bracket);
        Ok(())
    }

    fn start_item(&mut self, first: bool) -> Result<(), Error> {
        if self.out.len() > MAX_BYTES {
            return Err(refused("the value is too large"));
        }
        if !first {
            self.out
                .push_str(if self.indent.is_some() { "," } else { ", " });
        }
        self.break_line();
        Ok(())
    }

    fn close(&mut self, bracket: char) {
        self.depth -= 1;
        if !self.out.ends_with(['[', '{']) {
            self.break_line();
        }
        self.out.push(bracket);
    }

    fn break_line(&mut self) {
        if let Some(indent) = self.indent {
            self.out.push('\n');
            self.out.push_str(&" ".repeat(indent * self.depth));
        }
    }
}

fn refused(what: &str) -> Error {
    Error::new(ErrorKind::BadSerialization, format!("tojson: {what}"))
}
