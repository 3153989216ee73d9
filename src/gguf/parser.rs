//! The header of a GGUF file, parsed while its bytes arrive.
//!
//! The parser stops between any two values and goes on there when enough bytes have
//! come, so the cost is linear in the header for any chunk size.

use super::cursor::{Cursor, Step, Stop};
use super::directory;
use super::header::{Header, TensorInfo, alignment, check_magic, check_version};
use super::metadata::{Metadata, Value};
use super::value::{Kind, PartialArray};
use crate::error::{Error, Result};

/// Headers hold a vocabulary; the largest known ones take some 20 MB.
const MAX_HEADER: u64 = 128 << 20;
const MAX_KEYS: u64 = 1 << 16;
const MAX_TENSORS: u64 = 1 << 16;
/// Elements of all arrays together; a vocabulary of 262,144 tokens has about 1.5 million.
const MAX_ARRAY_ITEMS: u64 = 1 << 23;
/// The format's own limit for a key.
const MAX_KEY_BYTES: u64 = 65_535;
/// The fewest bytes of a key-value pair: empty key, value type, one byte.
const MIN_PAIR: u64 = 8 + 4 + 1;
/// Chunks are looked at in pieces, so that a whole file in one chunk is not copied.
const PIECE: usize = 64 << 10;

#[derive(Debug)]
enum Stage {
    Preamble,
    Key,
    Value(String),
    Array(String, PartialArray),
    Tensor,
    Done,
}

/// A header whose bytes are still arriving.
#[derive(Debug)]
pub(super) struct HeaderParser {
    total: Option<u64>,
    /// Bytes received and not yet parsed.
    carry: Vec<u8>,
    /// Where `carry` starts in the file.
    consumed: u64,
    /// No need to look again before `carry` has this many bytes.
    wanted: usize,
    stage: Stage,
    version: u32,
    keys_left: u64,
    tensors_left: u64,
    array_items: u64,
    alignment: u64,
    metadata: Metadata,
    tensors: Vec<TensorInfo>,
}

impl HeaderParser {
    pub(super) fn new(total: Option<u64>) -> Self {
        Self {
            total,
            carry: Vec::new(),
            consumed: 0,
            wanted: 0,
            stage: Stage::Preamble,
            version: 0,
            keys_left: 0,
            tensors_left: 0,
            array_items: 0,
            alignment: 0,
            metadata: Metadata::default(),
            tensors: Vec::new(),
        }
    }

    /// Takes the next bytes; when the header is complete, gives it and the bytes after it.
    pub(super) fn feed<'c>(&mut self, chunk: &'c [u8]) -> Result<Option<(Header, &'c [u8])>> {
        let mut rest = chunk;
        while !rest.is_empty() {
            let (piece, after) = rest.split_at(rest.len().min(PIECE));
            self.extend(piece)?;
            if self.carry.len() >= self.wanted {
                self.parse()?;
            }
            if matches!(self.stage, Stage::Done) {
                let unused = self.carry.len() + after.len();
                let header = self.finish_header()?;
                return Ok(Some((header, &chunk[chunk.len() - unused..])));
            }
            rest = after;
        }
        Ok(None)
    }

    /// The error for a file that ends here.
    pub(super) fn cut_short(&self) -> Error {
        if self.consumed == 0
            && let Err(error) = check_magic(&self.carry)
        {
            return error;
        }
        Error::TruncatedGguf {
            at: self.place(),
            needed: self.consumed + self.wanted as u64,
            found: self.consumed + self.carry.len() as u64,
        }
    }

    fn extend(&mut self, piece: &[u8]) -> Result<()> {
        let reserved = self.carry.try_reserve(piece.len());
        reserved.map_err(|_| Error::OutOfMemory {
            bytes: (self.carry.len() + piece.len()) as u64,
            what: "the header of the GGUF file".to_owned(),
        })?;
        self.carry.extend_from_slice(piece);
        Ok(())
    }

    /// Parses as many values as are complete and drops their bytes.
    fn parse(&mut self) -> Result<()> {
        let bytes = std::mem::take(&mut self.carry);
        let mut used = 0;
        while !matches!(self.stage, Stage::Done) {
            let mut cursor = Cursor::new(&bytes[used..]);
            match self.step(&mut cursor) {
                Ok(()) => {
                    used += cursor.position();
                    self.consumed += cursor.position() as u64;
                }
                Err(Stop::Short(needed)) => {
                    self.check_room(needed)?;
                    self.wanted = needed as usize;
                    break;
                }
                Err(Stop::Bad(detail)) => return Err(self.malformed(detail)),
                Err(Stop::Fail(error)) => return Err(error),
            }
        }
        self.carry = bytes;
        self.carry.drain(..used);
        Ok(())
    }

    /// Parses one value and moves to the next stage. Without effect unless it succeeds.
    fn step(&mut self, cursor: &mut Cursor<'_>) -> Step<()> {
        match &mut self.stage {
            Stage::Preamble => self.preamble(cursor),
            Stage::Key => self.key(cursor),
            Stage::Value(_) => self.value(cursor),
            Stage::Array(_, array) if array.remaining() > 0 => array.step(cursor),
            Stage::Array(..) => self.end_array(),
            Stage::Tensor => self.tensor(cursor),
            Stage::Done => Ok(()),
        }
    }

    fn preamble(&mut self, cursor: &mut Cursor<'_>) -> Step<()> {
        check_magic(cursor.rest())?;
        cursor.take(4)?;
        self.version = check_version(cursor.u32()?)?;
        let tensors = cursor.u64()?;
        let keys = cursor.u64()?;
        if tensors > MAX_TENSORS || keys > MAX_KEYS {
            let detail = format!("{tensors} tensors and {keys} metadata keys are announced");
            return Err(Stop::Bad(detail));
        }
        let pairs = keys * MIN_PAIR;
        let entries = tensors * directory::MIN_ENTRY;
        self.check_room(cursor.position() as u64 + pairs + entries)?;
        self.keys_left = keys;
        self.tensors_left = tensors;
        self.next_entry()
    }

    fn key(&mut self, cursor: &mut Cursor<'_>) -> Step<()> {
        let key = cursor.string(MAX_KEY_BYTES)?;
        if self.metadata.get(&key).is_some() {
            let detail = format!("the key {key:?} stands there twice");
            return Err(Stop::Bad(detail));
        }
        self.stage = Stage::Value(key);
        Ok(())
    }

    fn value(&mut self, cursor: &mut Cursor<'_>) -> Step<()> {
        let kind = Kind::read(cursor)?;
        if !matches!(kind, Kind::Array) {
            let value = kind.scalar(cursor)?;
            let key = self.take_key();
            return self.store(key, value);
        }
        let array = PartialArray::read(cursor)?;
        self.array_items = self.array_items.saturating_add(array.remaining());
        if self.array_items > MAX_ARRAY_ITEMS {
            let detail = format!("an array of {} elements", array.remaining());
            return Err(Stop::Bad(detail));
        }
        self.check_room((cursor.position() as u64).saturating_add(array.min_bytes()))?;
        let key = self.take_key();
        self.stage = Stage::Array(key, array);
        Ok(())
    }

    fn end_array(&mut self) -> Step<()> {
        match std::mem::replace(&mut self.stage, Stage::Done) {
            Stage::Array(key, array) => self.store(key, array.into_value()),
            _ => Ok(()),
        }
    }

    fn take_key(&mut self) -> String {
        match &mut self.stage {
            Stage::Value(key) => std::mem::take(key),
            _ => String::new(),
        }
    }

    fn store(&mut self, key: String, value: Value) -> Step<()> {
        self.metadata.0.insert(key, value);
        self.keys_left -= 1;
        self.next_entry()
    }

    fn tensor(&mut self, cursor: &mut Cursor<'_>) -> Step<()> {
        self.tensors.push(directory::read_entry(cursor)?);
        self.tensors_left -= 1;
        self.next_entry()
    }

    fn next_entry(&mut self) -> Step<()> {
        self.stage = if self.keys_left > 0 {
            Stage::Key
        } else {
            self.alignment = alignment(&self.metadata)?;
            match self.tensors_left {
                0 => Stage::Done,
                _ => Stage::Tensor,
            }
        };
        Ok(())
    }

    fn finish_header(&mut self) -> Result<Header> {
        let data_start = self.consumed.next_multiple_of(self.alignment);
        let tensors = std::mem::take(&mut self.tensors);
        Ok(Header {
            version: self.version,
            metadata: std::mem::take(&mut self.metadata),
            tensors: directory::lay_out(tensors, data_start, self.alignment, self.total)?,
            data_start,
        })
    }

    /// Can the header really have `needed` bytes after those consumed?
    fn check_room(&self, needed: u64) -> Result<()> {
        let end = self.consumed.saturating_add(needed);
        if end > MAX_HEADER {
            let detail = format!("the header would need {end} bytes, more than {MAX_HEADER}");
            return Err(self.malformed(detail));
        }
        match self.total {
            Some(found) if end > found => Err(Error::TruncatedGguf {
                at: self.place(),
                needed: end,
                found,
            }),
            _ => Ok(()),
        }
    }

    fn malformed(&self, detail: String) -> Error {
        Error::MalformedGguf {
            at: self.place(),
            detail,
        }
    }

    /// The entry that is being read, for an error message.
    fn place(&self) -> String {
        match &self.stage {
            Stage::Preamble => "the file's start".to_owned(),
            Stage::Key => format!("metadata entry {}", self.metadata.0.len() + 1),
            Stage::Value(key) | Stage::Array(key, _) => {
                format!("metadata key {}", directory::printable(key))
            }
            Stage::Tensor => format!("tensor entry {}", self.tensors.len() + 1),
            Stage::Done => "the header's end".to_owned(),
        }
    }
}
