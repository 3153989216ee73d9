//! A JSON file that holds one array of objects.

use std::io::Read;

use serde_json::Value;

use super::{Record, UTF16, bad_record, is_utf16, kind, not_utf8};
use crate::error::{Error, Result};

/// The longest file, in bytes: it is read whole.
const MAX_BYTES: u64 = 64 << 20;

/// The objects of the array. `name` is the file's name in messages.
///
/// # Errors
/// `Io` where the reader fails; `BadRecord` for a file that is too long, no UTF-8, no JSON or
/// no array. An item that is no object is an error in its place.
pub(super) fn records<R: Read>(
    name: &str,
    reader: R,
) -> Result<impl Iterator<Item = Result<Record>> + use<R>> {
    let items = array(reader, name)?;
    let name = name.to_owned();
    Ok(items.into_iter().zip(1..).map(move |(item, number)| {
        let at = format!("{name} item {number}");
        match item {
            Value::Object(fields) => Ok(Record { at, fields }),
            other => {
                let detail = format!("is {}, expected a JSON object", kind(&other));
                Err(bad_record(&at, detail))
            }
        }
    }))
}

fn array(reader: impl Read, name: &str) -> Result<Vec<Value>> {
    let mut bytes = Vec::new();
    let read = reader.take(MAX_BYTES + 1).read_to_end(&mut bytes);
    read.map_err(|error| Error::Io {
        path: name.to_owned(),
        detail: error.to_string(),
    })?;
    let refuse = |detail: String| Err(bad_record(name, detail));
    if bytes.len() as u64 > MAX_BYTES {
        return refuse(format!(
            "is longer than {MAX_BYTES} bytes; write it as JSON Lines (.jsonl), one object a line"
        ));
    }
    if is_utf16(&bytes) {
        return refuse(UTF16.to_owned());
    }
    let text = match std::str::from_utf8(&bytes) {
        Ok(text) => text.trim_start_matches('\u{feff}'),
        Err(error) => return refuse(not_utf8(error, &bytes)),
    };
    match serde_json::from_str(text) {
        Ok(Value::Array(items)) => Ok(items),
        Ok(other) => refuse(format!(
            "holds {}, expected an array of objects",
            kind(&other)
        )),
        Err(error) => refuse(format!(
            "is no JSON: {error}; if each line is an object of its own, name the file .jsonl"
        )),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn refused(bytes: &[u8]) -> String {
        records("f.json", bytes).err().unwrap().to_string()
    }

    #[test]
    fn items_become_records_with_their_places() {
        let text = "\u{feff}[{\"a\": \"x\"}, 3, {\"a\": \"y\"}]";
        let found: Vec<String> = records("f.json", text.as_bytes())
            .unwrap()
            .map(|record| match record {
                Ok(record) => format!("{}: {}", record.at, record.text("a").unwrap()),
                Err(error) => error.to_string(),
            })
            .collect();
        let expected = [
            "f.json item 1: x",
            "f.json item 2: is the number 3, expected a JSON object",
            "f.json item 3: y",
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn other_files_are_refused() {
        assert_eq!(
            refused(b"{\"data\": []}"),
            "f.json: holds an object, expected an array of objects"
        );
        assert!(refused(b"{\"a\": 1}\n{\"a\": 2}").contains("name the file .jsonl"));
        assert!(refused(b"[{\"a\": \"caf\xE9\"}]").contains("byte 12 is 0xE9"));
        assert_eq!(refused(b"\xFF\xFE[\0]\0"), format!("f.json: {UTF16}"));
        let long = std::io::repeat(b' ');
        let error = records("f.json", long).err().unwrap().to_string();
        assert!(error.contains("is longer than 67108864 bytes"), "{error}");
    }
}
