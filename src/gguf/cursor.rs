//! Little-endian reads from the bytes that have arrived so far.

use crate::error::Error;

/// Why a read gave no value.
#[derive(Debug)]
pub(super) enum Stop {
    /// This many bytes, counted from the cursor's start, must be there first.
    Short(u64),
    /// What is wrong; the caller knows in which entry.
    Bad(String),
    /// An error that is complete as it is.
    Fail(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Fail(error)
    }
}

/// The outcome of reading something that may not be there yet.
pub(super) type Step<T> = Result<T, Stop>;

/// A position in the bytes received.
pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, position: 0 }
    }

    /// Bytes read so far.
    pub(super) fn position(&self) -> usize {
        self.position
    }

    /// The bytes that have arrived and are not read.
    pub(super) fn rest(&self) -> &'a [u8] {
        &self.bytes[self.position..]
    }

    pub(super) fn take(&mut self, len: u64) -> Step<&'a [u8]> {
        let end = (self.position as u64).saturating_add(len);
        let there = usize::try_from(end)
            .ok()
            .and_then(|end| self.bytes.get(self.position..end));
        let taken = there.ok_or(Stop::Short(end))?;
        self.position += taken.len();
        Ok(taken)
    }

    /// An unsigned integer of `width` (at most 8) bytes.
    pub(super) fn uint(&mut self, width: u8) -> Step<u64> {
        let bytes = self.take(u64::from(width))?;
        Ok(bytes
            .iter()
            .rev()
            .fold(0, |number, &byte| (number << 8) | u64::from(byte)))
    }

    pub(super) fn u32(&mut self) -> Step<u32> {
        self.uint(4).map(|number| number as u32)
    }

    pub(super) fn u64(&mut self) -> Step<u64> {
        self.uint(8)
    }

    /// A length of at most `max` bytes, then that many bytes of UTF-8.
    pub(super) fn string(&mut self, max: u64) -> Step<String> {
        let len = self.u64()?;
        if len > max {
            let detail = format!("a text of {len} bytes, at most {max} are possible here");
            return Err(Stop::Bad(detail));
        }
        let text = std::str::from_utf8(self.take(len)?)
            .map_err(|_| Stop::Bad("a text that is not UTF-8".to_owned()))?;
        Ok(text.to_owned())
    }
}
