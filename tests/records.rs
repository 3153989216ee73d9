//! Data files as users have them: large, mixed, damaged, saved in the wrong way.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs::File;
use std::io::{BufReader, Read, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cosa::eval::records::{Record, jsonl, open};
use cosa::{Error, Result};
use flate2::{Compression, write::GzEncoder};
use parquet::basic::Compression as Codec;
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DoubleType, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;

/// A folder that is removed with all in it.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("cosa-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn all(path: &Path) -> Vec<Result<Record>> {
    open(path).unwrap().collect()
}

/// The column `prompt` of each record, or the error's message.
fn prompts(path: &Path) -> Vec<String> {
    let prompt = |record: Result<Record>| record?.text("prompt").map(str::to_owned);
    let told = |result: Result<String>| result.unwrap_or_else(|error| error.to_string());
    all(path).into_iter().map(prompt).map(told).collect()
}

/// JSON Lines made while they are read.
struct Generated {
    line: Vec<u8>,
    at: usize,
    left: usize,
}

impl Read for Generated {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let length = buffer.len().min(self.line.len() - self.at).min(self.left);
        buffer[..length].copy_from_slice(&self.line[self.at..][..length]);
        self.at = (self.at + length) % self.line.len();
        self.left -= length;
        Ok(length)
    }
}

#[test]
fn a_hundred_megabytes_are_streamed() {
    let line = format!("{{\"prompt\": \"{}\", \"n\": 1}}\n", "word ".repeat(800)).into_bytes();
    let lines = 100_000_000 / line.len() + 1;
    let left = lines * line.len();
    let reader = BufReader::new(Generated { line, at: 0, left });
    let mut count = 0;
    let counted = allocation_counter::measure(|| {
        for record in jsonl("large.jsonl", reader) {
            assert_eq!(record.unwrap().text("prompt").unwrap().len(), 4000);
            count += 1;
        }
    });
    assert_eq!(count, lines);
    assert!(
        counted.bytes_max < 64 << 10,
        "{} bytes held",
        counted.bytes_max
    );
}

#[test]
fn a_line_without_end_is_not_held() {
    let left = 100_000_000;
    let line = vec![b'x'; 1000];
    let reader = BufReader::new(Generated { line, at: 0, left }.chain(&b"\n{\"a\": 1}"[..]));
    let counted = allocation_counter::measure(|| {
        let records: Vec<_> = jsonl("large.jsonl", reader).collect();
        let message = records[0].as_ref().unwrap_err().to_string();
        assert!(
            message.starts_with("large.jsonl line 1: is longer than"),
            "{message}"
        );
        assert_eq!(records[1].as_ref().unwrap().at, "large.jsonl line 2");
    });
    assert!(
        counted.bytes_max < 4 << 20,
        "{} bytes held",
        counted.bytes_max
    );
}

#[test]
fn mixed_types_and_missing_columns_are_told_line_by_line() {
    let folder = Folder::new("mixed");
    let text = "\u{feff}{\"prompt\": \"a\"}\n{\"prompt\": 3}\n\n{\"Prompt\": \"b\", \"id\": 4}\n{\"prompt\": null}\nnonsense\n{\"prompt\": \"c\"}";
    for name in ["mixed.jsonl", "mixed.NDJSON"] {
        let found = prompts(&folder.file(name, text.as_bytes()));
        assert_eq!([&found[0], &found[5]], ["a", "c"]);
        assert_eq!(
            found[1],
            format!("{name} line 2: column \"prompt\" holds the number 3, expected a text")
        );
        assert!(found[2].starts_with(&format!("{name} line 4: no column \"prompt\"")));
        assert!(found[2].contains("Prompt") && found[2].contains("id"));
        assert!(found[3].ends_with("line 5: column \"prompt\" holds null, expected a text"));
        assert!(found[4].contains("line 6: is no JSON object"));
    }
}

#[test]
fn other_encodings_are_told() {
    let folder = Folder::new("encodings");
    let latin1 = b"{\"prompt\": \"ok\"}\n{\"prompt\": \"na\xEFve\"}\n{\"prompt\": \"ok\"}\n";
    let found = prompts(&folder.file("latin1.jsonl", latin1));
    assert_eq!([&found[0], &found[2]], ["ok", "ok"]);
    assert!(found[1].starts_with("latin1.jsonl line 2: ") && found[1].contains("UTF-8"));
    let utf16: Vec<u8> = "\u{feff}prompt,x\r\na,b\r\n[{}]"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    for name in ["utf16.jsonl", "utf16.csv", "utf16.json"] {
        let path = folder.file(name, &utf16);
        let error = open(&path).map_or_else(Some, |mut records| records.next()?.err());
        let message = error.unwrap().to_string();
        assert!(
            message.starts_with(name) && message.contains("is UTF-16"),
            "{message}"
        );
    }
}

#[test]
fn a_gzip_file_is_read_and_a_truncated_one_told() {
    let folder = Folder::new("gzip");
    let lines: String = (0..20_000)
        .map(|n| format!("{{\"prompt\": \"p{n}\"}}\n"))
        .collect();
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(lines.as_bytes()).unwrap();
    let gzip = gzip.finish().unwrap();
    let found = prompts(&folder.file("whole.jsonl.gz", &gzip));
    assert_eq!((found.len(), found[19_999].as_str()), (20_000, "p19999"));
    // Files joined by `cat` are one file.
    let joined = [&gzip[..], &gzip[..]].concat();
    assert_eq!(
        prompts(&folder.file("joined.jsonl.gz", &joined)).len(),
        40_000
    );

    let records = all(&folder.file("cut.jsonl.gz", &gzip[..gzip.len() / 2]));
    let (last, whole) = records.split_last().unwrap();
    assert!(whole.len() > 1000 && whole.iter().all(Result::is_ok));
    let message = last.as_ref().unwrap_err().to_string();
    let line = whole.len() + 1;
    assert_eq!(
        message,
        format!("cut.jsonl.gz: breaks off in line {line}; the file is incomplete")
    );
    let error = all(&folder.file("plain.jsonl.gz", lines.as_bytes())).remove(0);
    assert_eq!(error.unwrap_err().code(), "io");
}

#[test]
fn csv_and_tsv_have_quotes_and_line_breaks_in_their_fields() {
    let folder = Folder::new("csv");
    let csv = "id,prompt\r\n1,\"say \"\"hi\"\",\r\nthen go\"\r\n2\r\n3,plain\r\n";
    let found = prompts(&folder.file("a.csv", csv.as_bytes()));
    let expected = [
        "say \"hi\",\r\nthen go",
        "a.csv line 4: has 1 fields, but the header has 2 columns",
        "plain",
    ];
    assert_eq!(found, expected);
    let path = folder.file("a.tsv", b"id\tprompt\tsafe\n1\ta, b\tTrue\n2\tc\t\n");
    let records: Vec<Record> = all(&path).into_iter().map(Result::unwrap).collect();
    assert_eq!(records[0].text("prompt").unwrap(), "a, b");
    assert_eq!(records[0].opt_bool("safe").unwrap(), Some(true));
    assert_eq!(records[1].opt_bool("safe").unwrap(), None);
    assert_eq!(records[1].at, "a.tsv line 3");
}

#[test]
fn a_json_file_holds_an_array() {
    let folder = Folder::new("json");
    let path = folder.file(
        "a.json",
        b"[\n  {\"prompt\": \"a\"},\n  {\"prompt\": \"b\"}\n]\n",
    );
    assert_eq!(prompts(&path), ["a", "b"]);
    let path = folder.file("lines.json", b"{\"prompt\": \"a\"}\n{\"prompt\": \"b\"}\n");
    let message = open(&path).err().unwrap().to_string();
    assert!(message.contains("name the file .jsonl"), "{message}");
}

/// Two row groups of two rows: a text, a number that may be missing, a truth value, a
/// fraction, a list of texts, and bytes that are no text.
fn write_parquet(path: &Path, codec: Codec) {
    let schema = "message rows {
        required binary prompt (UTF8);
        optional int64 id;
        required boolean safe;
        required double score;
        required group labels (LIST) { repeated group list { optional binary element (UTF8); } }
        required binary image;
    }";
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let properties = WriterProperties::builder().set_compression(codec).build();
    let file = File::create(path).unwrap();
    let mut writer = SerializedFileWriter::new(file, schema, Arc::new(properties)).unwrap();
    for _ in 0..2 {
        let mut group = writer.next_row_group().unwrap();
        write_group(&mut group);
        group.close().unwrap();
    }
    writer.close().unwrap();
}

fn write_group(group: &mut SerializedRowGroupWriter<'_, File>) {
    let texts = |texts: &[&'static str]| -> Vec<ByteArray> {
        texts.iter().map(|text| ByteArray::from(*text)).collect()
    };
    macro_rules! column {
        ($type:ty, $values:expr, $definition:expr, $repetition:expr) => {
            let mut column = group.next_column().unwrap().unwrap();
            let typed = column.typed::<$type>();
            typed
                .write_batch($values, $definition, $repetition)
                .unwrap();
            column.close().unwrap();
        };
    }
    column!(ByteArrayType, &texts(&["caf\u{e9}", "b"]), None, None);
    column!(Int64Type, &[7], Some(&[1, 0]), None);
    column!(BoolType, &[true, false], None, None);
    column!(DoubleType, &[0.5, 1.0], None, None);
    // The labels of the first row are [x, y], the second has none.
    column!(
        ByteArrayType,
        &texts(&["x", "y"]),
        Some(&[2, 2, 0]),
        Some(&[0, 1, 0])
    );
    let image = ByteArray::from(vec![0xFF, 0xD8]);
    column!(ByteArrayType, &[image.clone(), image], None, None);
}

#[test]
fn parquet_files_are_read_row_by_row() {
    let folder = Folder::new("parquet");
    let codecs = [
        Codec::UNCOMPRESSED,
        Codec::SNAPPY,
        Codec::GZIP(Default::default()),
        Codec::ZSTD(Default::default()),
    ];
    for codec in codecs {
        let path = folder.0.join("a.parquet");
        write_parquet(&path, codec);
        let records: Vec<Record> = all(&path).into_iter().map(Result::unwrap).collect();
        assert_eq!(records.len(), 4, "{codec}");
        for pair in records.chunks(2) {
            assert_eq!(pair[0].text("prompt").unwrap(), "café");
            assert_eq!(pair[0].fields["id"], 7);
            assert_eq!(pair[0].fields["score"], 0.5);
            assert_eq!(pair[0].opt_bool("safe").unwrap(), Some(true));
            assert_eq!(pair[0].texts("labels").unwrap(), ["x", "y"]);
            assert_eq!(pair[1].fields["id"], serde_json::Value::Null);
            assert!(pair[1].texts("labels").unwrap().is_empty());
            assert!(!pair[0].fields.contains_key("image"));
        }
        assert_eq!(records[2].at, "a.parquet row 3");
        let message = records[3].text("id").unwrap_err().to_string();
        assert_eq!(
            message,
            "a.parquet row 4: column \"id\" holds null, expected a text"
        );
    }
}

#[test]
fn a_damaged_parquet_file_is_told() {
    let folder = Folder::new("damaged");
    let path = folder.0.join("a.parquet");
    write_parquet(&path, Codec::SNAPPY);
    let bytes = std::fs::read(&path).unwrap();
    for damaged in [
        &bytes[..bytes.len() / 2],
        &bytes[..0],
        b"{\"prompt\": \"a\"}\n",
    ] {
        let error: Error = open(&folder.file("b.parquet", damaged)).err().unwrap();
        assert_eq!(error.code(), "bad_record");
        let message = error.to_string();
        assert!(
            message.starts_with("b.parquet: is no Parquet file"),
            "{message}"
        );
    }
    let mut damaged = bytes;
    damaged[4..40].fill(0xFF);
    let records = all(&folder.file("c.parquet", &damaged));
    assert_eq!(records.len(), 1);
    let message = records[0].as_ref().unwrap_err().to_string();
    assert!(
        message.starts_with("c.parquet row 1: cannot be read"),
        "{message}"
    );
}
