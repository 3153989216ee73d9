//! JSON Lines: one object a line.

use std::io::{self, BufRead};

use serde_json::{Map, Value};

use super::{MAX_RECORD_BYTES, Record, UTF16, bad_record, is_utf16, kind, not_utf8};
use crate::error::{Error, Result};

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

const JSON_LINES: &str = "JSON Lines are expected: one whole object on each line";

/// The records of a JSON Lines text. One line is held at a time; blank lines are skipped.
///
/// After a bad line the next one can be read. A file of another kind (UTF-16, or one JSON
/// array over several lines) is told once, then the records end. `name` is the file's name in messages.
pub fn jsonl<R: BufRead>(name: &str, reader: R) -> impl Iterator<Item = Result<Record>> + use<R> {
    Lines {
        name: name.to_owned(),
        reader,
        number: 0,
        bytes: Vec::new(),
        seen: false,
        ended: false,
    }
}

struct Lines<R> {
    name: String,
    reader: R,
    /// Of the line in `bytes`, from 1.
    number: u64,
    /// The line, or its first [`MAX_RECORD_BYTES`].
    bytes: Vec<u8>,
    /// Whether a line that is not blank has been read.
    seen: bool,
    ended: bool,
}

/// How much of a line is held.
#[derive(Clone, Copy, PartialEq)]
enum Held {
    Whole,
    Beginning,
}

impl<R: BufRead> Iterator for Lines<R> {
    type Item = Result<Record>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.ended {
            let record = match self.read_line() {
                Ok(Some(held)) => self.record(held),
                Ok(None) => {
                    self.ended = true;
                    None
                }
                Err(error) => {
                    self.ended = true;
                    Some(Err(self.unreadable(&error)))
                }
            };
            if record.is_some() {
                return record;
            }
        }
        None
    }
}

impl<R: BufRead> Lines<R> {
    /// Reads the next line, passing over what is too long to be held. `None` is the end.
    fn read_line(&mut self) -> io::Result<Option<Held>> {
        self.bytes.clear();
        let (mut begun, mut held) = (false, Held::Whole);
        loop {
            let chunk = match self.reader.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                chunk => chunk?,
            };
            let end = chunk.iter().position(|byte| *byte == b'\n');
            let part = &chunk[..end.unwrap_or(chunk.len())];
            let room = part.len().min(MAX_RECORD_BYTES - self.bytes.len());
            self.bytes.extend_from_slice(&part[..room]);
            if room < part.len() {
                held = Held::Beginning;
            }
            let (used, at_end) = (part.len() + usize::from(end.is_some()), chunk.is_empty());
            self.reader.consume(used);
            begun |= used > 0;
            if end.is_some() || at_end {
                self.number += u64::from(begun);
                return Ok(begun.then_some(held));
            }
        }
    }

    /// The record of the line that was read; nothing if it is blank.
    fn record(&mut self, held: Held) -> Option<Result<Record>> {
        let mut bytes = self.bytes.as_slice();
        if self.number == 1 {
            bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
        }
        let bytes = bytes.trim_ascii();
        if bytes.is_empty() && held == Held::Whole {
            return None;
        }
        if !std::mem::replace(&mut self.seen, true)
            && let Some(detail) = no_json_lines(bytes, held)
        {
            self.ended = true;
            return Some(Err(bad_record(&self.name, detail)));
        }
        let at = format!("{} line {}", self.name, self.number);
        Some(match parse(bytes, held) {
            Ok(fields) => Ok(Record { at, fields }),
            Err(detail) => Err(bad_record(&at, detail)),
        })
    }

    fn unreadable(&self, error: &io::Error) -> Error {
        let line = self.number + 1;
        Error::Io {
            path: self.name.clone(),
            detail: match error.kind() {
                io::ErrorKind::UnexpectedEof => {
                    format!("breaks off in line {line}; the file is incomplete")
                }
                _ => format!("in line {line}: {error}"),
            },
        }
    }
}

/// Why a file is no JSON Lines at all, by its first line.
fn no_json_lines(first: &[u8], held: Held) -> Option<String> {
    if is_utf16(first) {
        return Some(UTF16.to_owned());
    }
    let value = serde_json::from_slice::<Value>(first);
    let goes_on = held == Held::Beginning || value.is_err_and(|error| error.is_eof());
    // A line that a writer broke off ends in the middle of something; one that a
    // pretty-printer broke ends behind one of these.
    let broken_well = matches!(first.last(), Some(b'{' | b'[' | b','));
    let found = match first.first() {
        Some(b'[') if goes_on => "one JSON array",
        Some(b'{') if goes_on && broken_well && held == Held::Whole => {
            "one JSON object over several lines"
        }
        _ => return None,
    };
    Some(format!("the file holds {found}; {JSON_LINES}"))
}

fn parse(bytes: &[u8], held: Held) -> Result<Map<String, Value>, String> {
    if held == Held::Beginning {
        return Err(format!(
            "is longer than {MAX_RECORD_BYTES} bytes; {JSON_LINES}"
        ));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| not_utf8(error, bytes))?;
    match serde_json::from_str(text) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(other) => Err(format!("holds {}; {JSON_LINES}", kind(&other))),
        // The parser sees one line, so its line number would mislead.
        Err(error) => Err(format!(
            "is no JSON object: {}",
            error.to_string().replace("at line 1 column", "at column")
        )),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    /// Each record as its column `a`, each error as its message; read a few bytes at a time,
    /// so that every line falls apart.
    fn read(bytes: &[u8]) -> Vec<String> {
        let reader = io::BufReader::with_capacity(3, bytes);
        jsonl("f.jsonl", reader)
            .map(|record| match record {
                Ok(record) => record.text("a").unwrap().to_owned(),
                Err(error) => error.to_string(),
            })
            .collect()
    }

    #[test]
    fn lines_become_records_with_their_places() {
        let text = b"\xEF\xBB\xBF{\"a\": \"x\"}\r\n \t\n\n{\"a\": \"y\"}";
        assert_eq!(read(text), ["x", "y"]);
        let places: Vec<String> = jsonl("f.jsonl", &text[..]).map(|r| r.unwrap().at).collect();
        assert_eq!(places, ["f.jsonl line 1", "f.jsonl line 4"]);
        assert_eq!(read(b""), [""; 0]);
        assert_eq!(read(b"\n\n"), [""; 0]);
        assert_eq!(read(b"\xEF\xBB\xBF"), [""; 0]);
    }

    #[test]
    fn one_can_go_on_behind_a_bad_line() {
        let lines =
            read(b"{\"a\": \"x\"}\n{\"a\": }\n[1]\n\"b\"\n{\"a\": \"caf\xE9\"}\n{\"a\": \"y\"}");
        let expected = [
            "x",
            "f.jsonl line 2: is no JSON object: expected value at column 7",
            "f.jsonl line 3: holds a list; JSON Lines are expected: one whole object on each line",
            "f.jsonl line 4: holds the text \"b\"; JSON Lines are expected: one whole object on each line",
            "f.jsonl line 5: byte 11 is 0xE9, which is not UTF-8 (it may be Latin-1 or Windows-1252); save the file as UTF-8",
            "y",
        ];
        assert_eq!(lines, expected);
        let lines = read(b"{\"a\": \"x\n{\"a\": \"y\"}");
        assert!(
            lines[0].contains("line 1: is no JSON object: EOF"),
            "{lines:?}"
        );
        assert_eq!(lines[1], "y");
    }

    #[test]
    fn a_file_of_another_kind_is_told_once() {
        let utf16 =
            |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_le_bytes).collect() };
        let big_endian =
            |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_be_bytes).collect() };
        let object = "{\"a\": \"x\"}\n{\"a\": \"y\"}\n";
        let marked = format!("\u{feff}{object}");
        for bytes in [
            utf16(object),
            utf16(&marked),
            big_endian(object),
            big_endian(&marked),
        ] {
            assert_eq!(read(&bytes), [format!("f.jsonl: {UTF16}")]);
        }
        let cases = [
            ("[\n  {\"a\": \"x\"}\n]", "one JSON array"),
            ("\n[{\"a\": \"x\"},\n{\"a\": \"y\"}]", "one JSON array"),
            ("{\n  \"a\": \"x\"\n}", "one JSON object over several lines"),
            (
                "{\"a\": \"x\",\n\"b\": 1}",
                "one JSON object over several lines",
            ),
        ];
        for (text, found) in cases {
            let expected = format!("f.jsonl: the file holds {found}; {JSON_LINES}");
            assert_eq!(read(text.as_bytes()), [expected]);
        }
        let lines = read(b"[{\"a\": \"x\"}]");
        assert_eq!(
            lines,
            [format!("f.jsonl line 1: holds a list; {JSON_LINES}")]
        );
    }

    #[test]
    fn a_line_may_be_one_mebibyte_long() {
        let line = |length: usize| format!("{{\"a\": \"{}\"}}\n", "x".repeat(length - 9));
        let text = [line(MAX_RECORD_BYTES), line(MAX_RECORD_BYTES + 1), line(10)].concat();
        let lengths: Vec<usize> = read(text.as_bytes()).iter().map(String::len).collect();
        let too_long = format!("f.jsonl line 2: is longer than 1048576 bytes; {JSON_LINES}");
        assert_eq!(lengths, [MAX_RECORD_BYTES - 9, too_long.len(), 1]);
        assert_eq!(read(text.as_bytes())[1], too_long);
        let array = format!("[{}]", line(MAX_RECORD_BYTES));
        assert!(read(array.as_bytes())[0].contains("one JSON array"));
    }

    #[test]
    fn a_reader_that_fails_ends_the_records() {
        struct Failing(io::ErrorKind);
        impl io::Read for Failing {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(self.0.into())
            }
        }
        let read = |kind| {
            let reader = io::Read::chain(&b"{\"a\": \"x\"}\n{\"a\""[..], Failing(kind));
            let records = jsonl("f.jsonl", io::BufReader::new(reader));
            records.filter_map(Result::err).collect::<Vec<Error>>()
        };
        let errors = read(io::ErrorKind::UnexpectedEof);
        assert_eq!(errors.len(), 1);
        assert_eq!(
            errors[0].to_string(),
            "f.jsonl: breaks off in line 2; the file is incomplete"
        );
        let errors = read(io::ErrorKind::PermissionDenied);
        assert_eq!(
            errors[0].to_string(),
            "f.jsonl: in line 2: permission denied"
        );
        assert_eq!(errors[0].code(), "io");
    }
}
