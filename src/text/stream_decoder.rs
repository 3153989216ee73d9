//! Turns generated tokens into text without ever splitting a character.

use super::tokenizer::Tokenizer;

/// Holds back the bytes of a character until the last of them is there.
#[derive(Debug, Clone, Default)]
pub struct StreamDecoder {
    pending: Vec<u8>,
}

impl StreamDecoder {
    /// A decoder at the start of a text.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The text that is complete after this token; may be empty. Bytes that can no longer
    /// become a character come out as U+FFFD.
    pub fn push(&mut self, tokenizer: &Tokenizer, id: u32) -> String {
        self.push_bytes(tokenizer.token_bytes(id))
    }

    /// The same for bytes.
    pub fn push_bytes(&mut self, bytes: &[u8]) -> String {
        self.pending.extend_from_slice(bytes);
        let mut text = String::new();
        let mut used = 0;
        for chunk in self.pending.utf8_chunks() {
            text.push_str(chunk.valid());
            used += chunk.valid().len();
            if chunk.invalid().is_empty() || is_unfinished(&self.pending[used..]) {
                break;
            }
            text.push(char::REPLACEMENT_CHARACTER);
            used += chunk.invalid().len();
        }
        self.pending.drain(..used);
        text
    }

    /// What is left at the end: an unfinished character comes out as U+FFFD.
    pub fn finish(&mut self) -> String {
        let rest = std::mem::take(&mut self.pending);
        String::from_utf8_lossy(&rest).into_owned()
    }
}

/// Whether `rest` is the beginning of a character that later bytes can complete.
fn is_unfinished(rest: &[u8]) -> bool {
    std::str::from_utf8(rest)
        .is_err_and(|error| error.valid_up_to() == 0 && error.error_len().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_comes_whole() {
        let mut decoder = StreamDecoder::new();
        let bytes = "aé🦙".as_bytes();
        let pieces: Vec<String> = bytes.iter().map(|b| decoder.push_bytes(&[*b])).collect();
        assert_eq!(pieces, ["a", "", "é", "", "", "", "🦙"]);
        assert_eq!(decoder.finish(), "");
    }

    #[test]
    fn broken_bytes_are_replaced() {
        let mut decoder = StreamDecoder::new();
        assert_eq!(decoder.push_bytes(b"\xF0\x9F"), "");
        assert_eq!(decoder.push_bytes(b"x\xFFy\xC3"), "\u{FFFD}x\u{FFFD}y");
        assert_eq!(decoder.finish(), "\u{FFFD}");
        assert_eq!(decoder.finish(), "");
    }
}
