//! Byte-level BPE, the `gpt2` tokenizer model: every byte has a printable character.

use std::collections::HashMap;

use tokenizers::Model;
use tokenizers::models::bpe::{BPE, Merges, Vocab};

use super::pretokenizer::PreTokenizer;
use super::vocabulary::{Kind, Vocabulary};
use crate::error::{Error, Result};
use crate::gguf::Metadata;

const MERGES: &str = "tokenizer.ggml.merges";

/// A byte-level BPE model with its pre-tokenizer.
#[derive(Debug)]
pub(super) struct ByteLevelBpe {
    model: BPE,
    pre: PreTokenizer,
    alphabet: [char; 256],
}

impl ByteLevelBpe {
    /// Reads merges and pre-tokenizer. Only normal tokens enter the model, so that no text
    /// can come out as a control token.
    pub fn from_metadata(metadata: &Metadata, vocabulary: &Vocabulary) -> Result<Self> {
        let name = metadata.opt_str("tokenizer.ggml.pre")?.unwrap_or("default");
        let pre = PreTokenizer::named(name)?;
        let merges = Metadata::required(MERGES, metadata.opt_strings(MERGES)?)?;
        let merges = parse_merges(merges, vocabulary)?;
        let alphabet = alphabet();
        let unknown = unknown_token(vocabulary, &alphabet)?;
        let mut plain: Vocab = vocabulary
            .of(Kind::Normal)
            .map(|(id, token)| (token.to_owned(), id))
            .collect();
        let mut builder = BPE::builder();
        if let Some((id, token)) = unknown {
            plain.insert(token.clone(), id);
            builder = builder.unk_token(token);
        }
        let model = builder
            .vocab_and_merges(plain, merges)
            .ignore_merges(pre.whole_pieces)
            // The crate's cache outlives the model; texts here are tokenized once.
            .cache_capacity(0)
            .build()
            .map_err(|error| broken(error.to_string()))?;
        Ok(Self {
            model,
            pre,
            alphabet,
        })
    }

    /// Whether a prompt starts with BOS where the file does not say.
    pub fn adds_bos(&self) -> bool {
        self.pre.add_bos
    }

    /// Appends the ids of `text`, which is plain.
    pub fn encode(&self, text: &str, ids: &mut Vec<u32>) -> Result<()> {
        let mut spelled = String::new();
        for piece in self.pre.split(text) {
            spelled.clear();
            spelled.extend(piece.bytes().map(|byte| self.alphabet[usize::from(byte)]));
            let tokens = self.model.tokenize(&spelled);
            let tokens = tokens.map_err(|error| broken(error.to_string()))?;
            ids.extend(tokens.iter().map(|token| token.id));
        }
        Ok(())
    }
}

/// The bytes of each token of a byte-level vocabulary, as a function of its spelling.
pub(super) fn decoder() -> impl Fn(&str) -> Vec<u8> {
    let bytes: HashMap<char, u8> = alphabet().into_iter().zip(0u8..=255).collect();
    move |token| {
        let mut out = Vec::with_capacity(token.len());
        for c in token.chars() {
            match bytes.get(&c) {
                Some(&byte) => out.push(byte),
                None => out.extend(c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        out
    }
}

/// GPT-2's printable character of each byte: itself where Latin-1 has one, else from U+0100 on.
pub(super) fn alphabet() -> [char; 256] {
    let mut next = 0x100u32;
    std::array::from_fn(|byte| {
        let byte = byte as u8;
        if matches!(byte, b'!'..=b'~' | 0xA1..=0xAC | 0xAE..=0xFF) {
            return char::from(byte);
        }
        let stand_in = char::from_u32(next).unwrap_or(char::REPLACEMENT_CHARACTER);
        next += 1;
        stand_in
    })
}

fn parse_merges(lines: &[String], vocabulary: &Vocabulary) -> Result<Merges> {
    let plain = |token: &str| -> Result<bool> {
        let id = vocabulary.ids.get(token).ok_or_else(|| {
            broken(format!(
                "a merge uses {token:?}, which is not in the vocabulary"
            ))
        })?;
        Ok(vocabulary.kinds[*id as usize] == Kind::Normal)
    };
    let mut merges = Merges::with_capacity(lines.len());
    for line in lines {
        // The first character belongs to the left part even where it is a space.
        let first = line.chars().next().map_or(0, char::len_utf8);
        let Some(space) = line[first..].find(' ') else {
            return Err(broken(format!("the merge {line:?} is not a pair")));
        };
        let (left, right) = (&line[..first + space], &line[first + space + 1..]);
        // All three are asked, so that each unknown one is found.
        let parts = [
            plain(left)?,
            plain(right)?,
            plain(&format!("{left}{right}"))?,
        ];
        if parts == [true; 3] {
            merges.push((left.to_owned(), right.to_owned()));
        }
    }
    Ok(merges)
}

/// The token for bytes that the vocabulary does not cover, where it is needed and may be used.
fn unknown_token(vocabulary: &Vocabulary, alphabet: &[char; 256]) -> Result<Option<(u32, String)>> {
    let covered = |c: char| {
        let id = vocabulary.ids.get(c.encode_utf8(&mut [0; 4]) as &str);
        id.is_some_and(|id| vocabulary.kinds[*id as usize] == Kind::Normal)
    };
    // These bytes never occur in UTF-8.
    let never = |byte: u8| matches!(byte, 0xC0 | 0xC1 | 0xF5..=0xFF);
    let missing = (0u8..=255).find(|&b| !never(b) && !covered(alphabet[usize::from(b)]));
    match (missing, vocabulary.roles.unknown) {
        (None, _) => Ok(None),
        (Some(_), Some(_)) => {
            let named = |id| (id, vocabulary.tokens[id as usize].clone());
            Ok(vocabulary.unknown_of_content().map(named))
        }
        (Some(byte), None) => Err(broken(format!(
            "the vocabulary has no token for the byte {byte:#04x}, nor an unknown token"
        ))),
    }
}

fn broken(detail: String) -> Error {
    Error::Tokenizer { detail }
}
