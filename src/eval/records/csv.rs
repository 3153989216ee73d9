//! Comma- or tab-separated values with a header row.

use std::io::{self, Read};

use csv::{ByteRecord, ErrorKind, Reader, ReaderBuilder};
use serde_json::Value;

use super::{MAX_RECORD_BYTES, Record, UTF16, bad_record, is_utf16, not_utf8};
use crate::error::{Error, Result};

/// The rows behind the header, read as they are asked for; every value is a text.
///
/// After a bad row the next one can be read. Lines are counted as an editor does; blank ones
/// are skipped, and a row behind them bears the number of the first of them. `name` is the
/// file's name in messages.
///
/// # Errors
/// `Io` where the reader fails; `BadRecord` for a header that is missing, no UTF-8, or
/// names a column twice.
pub(super) fn records<R: Read>(
    name: &str,
    reader: R,
    delimiter: u8,
) -> Result<impl Iterator<Item = Result<Record>> + use<R>> {
    let bounded = Bounded {
        inner: reader,
        left: MAX_RECORD_BYTES,
    };
    let reader = ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        // The number of fields is checked here, where the line is known.
        .flexible(true)
        .from_reader(bounded);
    let mut rows = Rows {
        name: name.to_owned(),
        reader,
        row: ByteRecord::new(),
        columns: Vec::new(),
        lines_behind: 0,
        ended: false,
    };
    rows.read_header()?;
    Ok(rows)
}

struct Rows<R> {
    name: String,
    reader: Reader<Bounded<R>>,
    row: ByteRecord,
    columns: Vec<String>,
    /// A row ends at its carriage return, so in a file with `\r\n` the parser's line number
    /// lacks the line feed that follows: 1 there, else 0.
    lines_behind: u64,
    ended: bool,
}

impl<R: Read> Iterator for Rows<R> {
    type Item = Result<Record>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        match self.read_row() {
            Ok(true) => Some(self.record()),
            Ok(false) => {
                self.ended = true;
                None
            }
            Err(error) => {
                self.ended = true;
                Some(Err(error))
            }
        }
    }
}

impl<R: Read> Rows<R> {
    fn read_header(&mut self) -> Result<()> {
        if !self.read_row()? {
            return Err(bad_record(
                &self.name,
                "is empty; a header row with the names of the columns is expected",
            ));
        }
        if is_utf16(self.row.as_slice()) {
            return Err(bad_record(&self.name, UTF16));
        }
        for field in &self.row {
            let column = std::str::from_utf8(field).map_err(|error| {
                let detail = format!("in the header, {}", not_utf8(error, field));
                bad_record(&self.name, detail)
            })?;
            let column = column.trim().to_owned();
            if self.columns.contains(&column) {
                let detail = format!("the header names the column {column:?} twice");
                return Err(bad_record(&self.name, detail));
            }
            self.columns.push(column);
        }
        let line_feeds = self.row.as_slice().iter().filter(|b| **b == b'\n').count();
        let parsed = self.reader.position().line() - 1;
        self.lines_behind = u64::from(parsed == line_feeds as u64);
        Ok(())
    }

    /// Reads the next row into `row`; false at the end.
    fn read_row(&mut self) -> Result<bool> {
        self.reader.get_mut().left = MAX_RECORD_BYTES;
        let line = self.reader.position().line() + self.lines_behind;
        self.reader
            .read_byte_record(&mut self.row)
            .map_err(|error| match error.into_kind() {
                ErrorKind::Io(error) if error.kind() == io::ErrorKind::FileTooLarge => bad_record(
                    &format!("{} line {line}", self.name),
                    format!(
                        "the row is longer than {MAX_RECORD_BYTES} bytes; is a quote left open?"
                    ),
                ),
                ErrorKind::Io(error) => self.unreadable(line, &error.to_string()),
                other => self.unreadable(line, &format!("{other:?}")),
            })
    }

    fn record(&self) -> Result<Record> {
        let line = self.row.position().map_or(0, csv::Position::line) + self.lines_behind;
        let at = format!("{} line {line}", self.name);
        let (found, expected) = (self.row.len(), self.columns.len());
        if found != expected {
            let detail = format!("has {found} fields, but the header has {expected} columns");
            return Err(bad_record(&at, detail));
        }
        let fields = self.columns.iter().zip(&self.row).map(|(column, field)| {
            let text = std::str::from_utf8(field).map_err(|error| {
                let detail = format!("in column {column:?}, {}", not_utf8(error, field));
                bad_record(&at, detail)
            })?;
            Ok((column.clone(), Value::String(text.to_owned())))
        });
        let fields = fields.collect::<Result<_>>()?;
        Ok(Record { at, fields })
    }

    fn unreadable(&self, line: u64, detail: &str) -> Error {
        Error::Io {
            path: self.name.clone(),
            detail: format!("in line {line}: {detail}"),
        }
    }
}

/// A reader that fails behind so many bytes: a quote that is never closed would else make
/// one row of a whole file.
struct Bounded<R> {
    inner: R,
    left: usize,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let length = buffer.len().min(self.left);
        let read = self.inner.read(&mut buffer[..length])?;
        self.left -= read;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn read(bytes: &[u8]) -> Vec<String> {
        records("f.csv", bytes, b',')
            .unwrap()
            .map(|record| match record {
                Ok(record) => {
                    let place = record.at.strip_prefix("f.csv line ").unwrap();
                    format!("{place}: {:?}", record.fields["a"].as_str().unwrap())
                }
                Err(error) => error.to_string(),
            })
            .collect()
    }

    #[test]
    fn quotes_and_line_breaks_belong_to_a_field() {
        let text = "\u{feff} a ,b\n\"x, \"\"y\"\"\",1\n\"two\nlines\",2\n,\"\"\nz,3";
        let rows = [
            r#"2: "x, \"y\"""#,
            r#"3: "two\nlines""#,
            r#"5: """#,
            r#"6: "z""#,
        ];
        assert_eq!(read(text.as_bytes()), rows);
        let windows = text.replace('\n', "\r\n");
        let rows = rows.map(|row| row.replace(r"\n", r"\r\n"));
        assert_eq!(read(windows.as_bytes()), rows);
    }

    #[test]
    fn one_can_go_on_behind_a_bad_row() {
        let rows = read(b"a,b\nx\nx,1,2\ncaf\xE9,2\ny,3\n");
        let expected = [
            "f.csv line 2: has 1 fields, but the header has 2 columns",
            "f.csv line 3: has 3 fields, but the header has 2 columns",
            "f.csv line 4: in column \"a\", byte 4 is 0xE9, which is not UTF-8 (it may be Latin-1 or Windows-1252); save the file as UTF-8",
            r#"5: "y""#,
        ];
        assert_eq!(rows, expected);
    }

    #[test]
    fn a_header_that_cannot_serve_is_refused() {
        let cases: [(&[u8], &str); 4] = [
            (b"", "is empty; a header row"),
            (b"a,b,a\n1,2,3", "names the column \"a\" twice"),
            (b"caf\xE9,b\n", "in the header, byte 4 is 0xE9"),
            (b"\xFF\xFEa\0,\0b\0\n\0", UTF16),
        ];
        for (bytes, detail) in cases {
            let error = records("f.csv", bytes, b',').err().unwrap();
            assert_eq!(error.code(), "bad_record");
            assert!(error.to_string().contains(detail), "{error}");
        }
    }

    #[test]
    fn an_open_quote_does_not_swallow_the_file() {
        let endless = Read::chain(&b"a,b\nx,1\n\"open,2\n"[..], io::repeat(b'x'));
        let rows: Vec<Result<Record>> = records("f.csv", endless, b',').unwrap().collect();
        assert_eq!(rows.len(), 2);
        assert_eq!(
            rows[1].as_ref().unwrap_err().to_string(),
            "f.csv line 3: the row is longer than 1048576 bytes; is a quote left open?"
        );
    }
}
