//! Parquet files, row by row.

use std::fs::File;

use parquet::errors::{ParquetError, Result as ParquetResult};
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::reader::{ReaderIter, TreeBuilder};
use parquet::record::{Field, Row};
use serde_json::{Map, Value};

use super::{Record, bad_record};
use crate::error::Result;

/// The rows of a file, read a page at a time. Texts, truth values, numbers, times (as
/// numbers), lists and structs become columns; decimals and bytes that are no text, such as
/// images, are left out. `name` is the file's name in messages.
///
/// # Errors
/// `BadRecord` for a file that is not Parquet or breaks off. The first row that cannot be
/// read is an error too, and ends the rows: columns are stored apart, so none behind it
/// could be trusted.
pub(super) fn records(
    name: &str,
    file: File,
) -> Result<impl Iterator<Item = Result<Record>> + use<>> {
    let file = SerializedFileReader::new(file).map_err(|error| {
        bad_record(
            name,
            format!("is no Parquet file that can be read: {error}"),
        )
    })?;
    Ok(Rows {
        name: name.to_owned(),
        file,
        next_group: 0,
        group: None,
        number: 0,
        ended: false,
    })
}

struct Rows {
    name: String,
    file: SerializedFileReader<File>,
    next_group: usize,
    group: Option<ReaderIter>,
    /// Of the row last read, from 1.
    number: u64,
    ended: bool,
}

impl Iterator for Rows {
    type Item = Result<Record>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        self.number += 1;
        let at = format!("{} row {}", self.name, self.number);
        let row = self.next_row();
        self.ended = !matches!(row, Ok(Some(_)));
        match row {
            Ok(row) => Some(Ok(Record {
                at,
                fields: object(row?),
            })),
            Err(error) => Some(Err(bad_record(&at, format!("cannot be read: {error}")))),
        }
    }
}

impl Rows {
    // Not the library's own iterator over all groups: it panics where one cannot be opened.
    fn next_row(&mut self) -> ParquetResult<Option<Row>> {
        loop {
            if let Some(row) = self.group.as_mut().and_then(Iterator::next) {
                return row.map(Some);
            }
            if self.next_group == self.file.num_row_groups() {
                return Ok(None);
            }
            let group = self.file.get_row_group(self.next_group)?;
            if !is_possible(group.metadata()) {
                let detail = format!("negative sizes in row group {}", self.next_group + 1);
                return Err(ParquetError::General(detail));
            }
            let schema = self.file.metadata().file_metadata().schema_descr_ptr();
            self.group = Some(TreeBuilder::new().as_iter(schema, &*group)?);
            self.next_group += 1;
        }
    }
}

/// Whether no size is negative: the library panics on those.
fn is_possible(group: &RowGroupMetaData) -> bool {
    let columns = group.columns().iter();
    let mut sizes = columns.flat_map(|column| {
        let dictionary = column.dictionary_page_offset().unwrap_or_default();
        [
            column.data_page_offset(),
            column.compressed_size(),
            dictionary,
        ]
    });
    group.num_rows() >= 0 && sizes.all(|size| size >= 0)
}

fn object(row: Row) -> Map<String, Value> {
    let columns = row.into_columns().into_iter();
    columns
        .filter_map(|(column, field)| Some((column, value(field)?)))
        .collect()
}

/// A field as JSON; nothing for a type that JSON has no form for.
fn value(field: Field) -> Option<Value> {
    Some(match field {
        Field::Null => Value::Null,
        Field::Bool(truth) => truth.into(),
        Field::Byte(number) => number.into(),
        Field::Short(number) => number.into(),
        Field::Int(number) | Field::Date(number) | Field::TimeMillis(number) => number.into(),
        Field::Long(number)
        | Field::TimeMicros(number)
        | Field::TimestampMillis(number)
        | Field::TimestampMicros(number) => number.into(),
        Field::UByte(number) => number.into(),
        Field::UShort(number) => number.into(),
        Field::UInt(number) => number.into(),
        Field::ULong(number) => number.into(),
        Field::Float16(number) => number.to_f64().into(),
        Field::Float(number) => number.into(),
        Field::Double(number) => number.into(),
        Field::Str(text) => text.into(),
        // Some writers do not mark their texts as such.
        Field::Bytes(bytes) => std::str::from_utf8(bytes.data()).ok()?.into(),
        Field::Group(row) => object(row).into(),
        Field::ListInternal(list) => list.elements().iter().cloned().filter_map(value).collect(),
        Field::MapInternal(map) => map
            .entries()
            .iter()
            .filter_map(|(key, entry)| Some((text(key)?, value(entry.clone())?)))
            .collect::<Map<String, Value>>()
            .into(),
        _ => return None,
    })
}

/// The key of a map, which may be a number.
fn text(key: &Field) -> Option<String> {
    match value(key.clone())? {
        Value::String(text) => Some(text),
        other => Some(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use std::sync::Arc;

    use parquet::file::metadata::ColumnChunkMetaData;
    use parquet::schema::{parser::parse_message_type, types::SchemaDescriptor};

    use super::*;

    #[test]
    fn negative_sizes_are_found() {
        let schema = parse_message_type("message rows { required int64 id; }").unwrap();
        let schema = Arc::new(SchemaDescriptor::new(Arc::new(schema)));
        let group = |rows, pages, size, dictionary| {
            let column = ColumnChunkMetaData::builder(schema.column(0))
                .set_data_page_offset(pages)
                .set_total_compressed_size(size)
                .set_dictionary_page_offset(dictionary)
                .build()
                .unwrap();
            let group = RowGroupMetaData::builder(Arc::clone(&schema)).set_num_rows(rows);
            group.add_column_metadata(column).build().unwrap()
        };
        assert!(is_possible(&group(1, 4, 9, None)));
        assert!(is_possible(&group(0, 4, 9, Some(4))));
        assert!(!is_possible(&group(-1, 4, 9, None)));
        assert!(!is_possible(&group(1, -4, 9, None)));
        assert!(!is_possible(&group(1, 4, -9, None)));
        assert!(!is_possible(&group(1, 4, 9, Some(-4))));
    }
}
