//! The incremental reader: a file goes in by chunks, a header and whole tensors come out.

use super::directory;
use super::header::{Header, TensorInfo};
use super::parser::HeaderParser;
use crate::error::{Error, Result};

/// The first room for a tensor that comes in parts.
const FIRST_ROOM: usize = 1 << 20;

/// Takes what a [`Reader`] finds, in file order.
pub trait Sink {
    /// Comes once, before any tensor.
    ///
    /// # Errors
    /// Any error ends the reading and is given to the one who pushes.
    fn header(&mut self, header: &Header) -> Result<()>;

    /// Bytes of a tensor that are wanted at a time.
    fn part_bytes(&self, info: &TensorInfo) -> u64 {
        info.bytes
    }

    /// Comes once for each part of a tensor, in order; the last may be shorter.
    ///
    /// # Errors
    /// Any error ends the reading and is given to the one who pushes.
    fn tensor(&mut self, info: &TensorInfo, bytes: &[u8]) -> Result<()>;
}

/// Reads one file that arrives in chunks of any size.
///
/// It never holds more than the header or one part of a tensor. A part that lies wholly
/// within a chunk is handed on without a copy. After an error, every call gives that error.
#[derive(Debug)]
pub struct Reader {
    total: Option<u64>,
    received: u64,
    state: State,
}

#[derive(Debug)]
enum State {
    Header(Box<HeaderParser>),
    Tensors(TensorStream),
    Failed(Error),
}

impl Reader {
    /// A reader at the start of a file. Where the file's size is known, lengths that lie
    /// are found before their data would come.
    #[must_use]
    pub fn new(total_bytes: Option<u64>) -> Self {
        Self {
            total: total_bytes,
            received: 0,
            state: State::Header(Box::new(HeaderParser::new(total_bytes))),
        }
    }

    /// Takes the next bytes of the file and tells `sink` what they complete.
    ///
    /// # Errors
    /// `NotGguf`, `MalformedGguf`, `BadMetadata`, `TruncatedGguf` or
    /// `UnsupportedTensorType` as soon as it shows; `OutOfMemory`; what `sink` gives.
    pub fn push(&mut self, chunk: &[u8], sink: &mut dyn Sink) -> Result<()> {
        let result = self.advance(chunk, sink);
        if let Err(error) = &result {
            self.state = State::Failed(error.clone());
        }
        result
    }

    /// Says that the file ends here.
    ///
    /// # Errors
    /// `TruncatedGguf` where something is missing, `NotGguf` for an empty file, or the
    /// error of an earlier push.
    pub fn finish(self) -> Result<()> {
        match (self.state, self.total) {
            (State::Failed(error), _) => Err(error),
            (State::Header(parser), _) => Err(parser.cut_short()),
            (State::Tensors(tensors), total) => match (tensors.missing(), total) {
                (Some(info), _) => Err(directory::truncated(info, self.received)),
                (None, Some(needed)) if self.received < needed => Err(Error::TruncatedGguf {
                    at: "the bytes after the last tensor".to_owned(),
                    needed,
                    found: self.received,
                }),
                _ => Ok(()),
            },
        }
    }

    fn advance(&mut self, chunk: &[u8], sink: &mut dyn Sink) -> Result<()> {
        self.received += chunk.len() as u64;
        match &mut self.state {
            State::Failed(error) => Err(error.clone()),
            State::Tensors(tensors) => tensors.feed(chunk, sink),
            State::Header(parser) => {
                let Some((header, rest)) = parser.feed(chunk)? else {
                    return Ok(());
                };
                sink.header(&header)?;
                let position = self.received - rest.len() as u64;
                let mut tensors = TensorStream::new(header.tensors, position);
                tensors.feed(rest, sink)?;
                self.state = State::Tensors(tensors);
                Ok(())
            }
        }
    }
}

/// The data section, cut into tensors.
#[derive(Debug)]
struct TensorStream {
    tensors: Vec<TensorInfo>,
    /// The tensor that comes next or has come in part.
    next: usize,
    /// Bytes of it that were handed on.
    handed: u64,
    /// Where in the file the next bytes stand.
    position: u64,
    partial: Vec<u8>,
}

impl TensorStream {
    fn new(tensors: Vec<TensorInfo>, position: u64) -> Self {
        Self {
            tensors,
            next: 0,
            handed: 0,
            position,
            partial: Vec::new(),
        }
    }

    fn missing(&self) -> Option<&TensorInfo> {
        self.tensors.get(self.next)
    }

    fn feed(&mut self, mut bytes: &[u8], sink: &mut dyn Sink) -> Result<()> {
        while let Some(info) = self.tensors.get(self.next) {
            let padding = info.offset.saturating_sub(self.position);
            let (skipped, rest) = bytes.split_at(at_most(bytes, padding));
            let wanted = sink.part_bytes(info).max(1).min(info.bytes - self.handed);
            let missing = wanted - self.partial.len() as u64;
            let (part, rest) = rest.split_at(at_most(rest, missing));
            self.position += (skipped.len() + part.len()) as u64;
            bytes = rest;
            if part.len() as u64 == wanted {
                sink.tensor(info, part)?;
            } else {
                append(&mut self.partial, part, (info, wanted))?;
                if (part.len() as u64) < missing {
                    break;
                }
                // Given up at once: the sink's own copy may need the room.
                sink.tensor(info, &std::mem::take(&mut self.partial))?;
            }
            self.handed += wanted;
            if self.handed == info.bytes {
                self.next += 1;
                self.handed = 0;
            }
        }
        Ok(())
    }
}

fn at_most(bytes: &[u8], len: u64) -> usize {
    usize::try_from(len).map_or(bytes.len(), |len| len.min(bytes.len()))
}

/// Appends, with room for at most eight times the bytes that have really come, so that
/// a size that lies costs nothing and a true one costs few copies.
fn append(partial: &mut Vec<u8>, part: &[u8], (info, wanted): (&TensorInfo, u64)) -> Result<()> {
    let needed = partial.len() + part.len();
    if needed > partial.capacity() {
        let all = usize::try_from(wanted).unwrap_or(usize::MAX);
        let room = needed.saturating_mul(8).max(FIRST_ROOM).min(all);
        let reserved = partial.try_reserve_exact(room - partial.len());
        reserved.map_err(|_| Error::OutOfMemory {
            bytes: room as u64,
            what: format!("tensor {}", directory::printable(&info.name)),
        })?;
    }
    partial.extend_from_slice(part);
    Ok(())
}
