//! The tokenizer of a GGUF file: text to ids, and ids to bytes.
//!
//! Control tokens are not in the vocabulary that text is merged into. They are found by
//! search, in template text only, before content comes near; so no content can become one.

use std::collections::HashMap;

use super::bpe::{self, ByteLevelBpe};
use super::message::Segment;
use super::special::{Matcher, Piece};
use super::spm::{self, SentencePiece};
use super::vocabulary::{Kind, Vocabulary};
use crate::error::{Error, Result};
use crate::gguf::Metadata;

const MODEL: &str = "tokenizer.ggml.model";

/// The longest run of plain text that is tokenized, in bytes: far more than any context
/// holds, and little enough that the working memory stays below a gigabyte.
const MAX_RUN: usize = 8 << 20;

#[derive(Debug)]
enum Model {
    ByteLevel(Box<ByteLevelBpe>),
    SentencePiece(Box<SentencePiece>),
}

/// Text to token ids and back.
#[derive(Debug)]
pub struct Tokenizer {
    model: Model,
    /// Control and visible user-defined tokens: searched for in template text.
    special: Matcher,
    /// User-defined runs of white space: searched for in all text.
    whitespace: Matcher,
    special_texts: HashMap<u32, String>,
    /// The bytes of all tokens; token `id` ends at `ends[id]`.
    bytes: Vec<u8>,
    ends: Vec<usize>,
    bos: Option<u32>,
    eos: Option<u32>,
    add_bos: bool,
    stop_tokens: Vec<u32>,
}

impl Tokenizer {
    /// Builds the tokenizer that the file describes.
    ///
    /// # Errors
    /// `Tokenizer` for a model or pre-tokenizer that is not known or contradicts itself,
    /// `MissingMetadata` or `BadMetadata` where an entry is absent or cannot be true.
    pub fn from_metadata(metadata: &Metadata) -> Result<Self> {
        let name = Metadata::required(MODEL, metadata.opt_str(MODEL)?)?;
        let is_spm = match name {
            "llama" => true,
            "gpt2" => false,
            _ => {
                return Err(broken(format!(
                    "model {name:?} is not supported; known: gpt2, llama"
                )));
            }
        };
        let vocabulary = Vocabulary::from_metadata(metadata, is_spm)?;
        let model = if is_spm {
            Model::SentencePiece(Box::new(SentencePiece::from_metadata(
                metadata,
                &vocabulary,
            )?))
        } else {
            Model::ByteLevel(Box::new(ByteLevelBpe::from_metadata(
                metadata,
                &vocabulary,
            )?))
        };
        let add_bos = metadata.opt_bool("tokenizer.ggml.add_bos_token")?;
        let add_bos = add_bos.unwrap_or(match &model {
            Model::SentencePiece(_) => true,
            Model::ByteLevel(bpe) => bpe.adds_bos(),
        });
        Self::assemble(model, &vocabulary, add_bos)
    }

    fn assemble(model: Model, vocabulary: &Vocabulary, add_bos: bool) -> Result<Self> {
        let special = || {
            let visible = vocabulary.of(Kind::UserDefined);
            vocabulary.of(Kind::Control).chain(visible)
        };
        let is_spm = matches!(model, Model::SentencePiece(_));
        let spaces: Vec<(u32, String)> = vocabulary
            .of(Kind::Whitespace)
            .map(|(id, text)| (id, spaces(text, is_spm)))
            .collect();
        let (bytes, ends) = token_bytes(vocabulary, is_spm)?;
        Ok(Self {
            model,
            special: Matcher::new(special())?,
            whitespace: Matcher::new(spaces.iter().map(|(id, text)| (*id, text.as_str())))?,
            special_texts: special().map(|(id, text)| (id, text.to_owned())).collect(),
            bytes,
            ends,
            bos: vocabulary.roles.bos,
            eos: vocabulary.roles.eos,
            add_bos: add_bos && vocabulary.roles.bos.is_some(),
            stop_tokens: vocabulary.stop_tokens(),
        })
    }

    /// The ids of a prompt. Control tokens come from template text only; template text and
    /// the content next to it are merged as one text, as the model was trained on them.
    /// BOS comes first where the model wants it and the template has not put it there.
    ///
    /// # Errors
    /// `Tokenizer` where a run of text is too long.
    pub fn encode(&self, segments: &[Segment]) -> Result<Vec<u32>> {
        let mut ids = Vec::new();
        let mut run = String::new();
        for segment in segments {
            let template = match segment {
                Segment::Content(text) => {
                    run.push_str(text);
                    continue;
                }
                Segment::Template(text) => text,
            };
            for piece in self.special.split(template) {
                match piece {
                    Piece::Text(text) => run.push_str(text),
                    Piece::Token(id) => {
                        self.encode_run(&run, &mut ids)?;
                        run.clear();
                        ids.push(id);
                    }
                }
            }
        }
        self.encode_run(&run, &mut ids)?;
        match self.bos {
            Some(bos) if self.add_bos && ids.first() != Some(&bos) => ids.insert(0, bos),
            _ => {}
        }
        Ok(ids)
    }

    /// The ids of plain text: no BOS, and never a control token.
    ///
    /// # Errors
    /// `Tokenizer` where the text is too long.
    pub fn encode_text(&self, text: &str) -> Result<Vec<u32>> {
        let mut ids = Vec::new();
        self.encode_run(text, &mut ids)?;
        Ok(ids)
    }

    /// Token ids of plain text as a model expects it at its beginning: behind the
    /// beginning-of-text token, where the model has one there.
    ///
    /// # Errors
    /// As [`Self::encode_text`].
    pub fn encode_document(&self, text: &str) -> Result<Vec<u32>> {
        let bos = self.bos().filter(|_| self.add_bos());
        let mut ids: Vec<u32> = bos.into_iter().collect();
        ids.extend(self.encode_text(text)?);
        Ok(ids)
    }

    fn encode_run(&self, run: &str, ids: &mut Vec<u32>) -> Result<()> {
        if run.len() > MAX_RUN {
            let length = run.len();
            return Err(broken(format!(
                "{length} bytes of text at once; at most {MAX_RUN} can be read"
            )));
        }
        for piece in self.whitespace.split(run) {
            match (piece, &self.model) {
                (Piece::Token(id), _) => ids.push(id),
                (Piece::Text(text), Model::ByteLevel(model)) => model.encode(text, ids)?,
                (Piece::Text(text), Model::SentencePiece(model)) => model.encode(text, ids)?,
            }
        }
        Ok(())
    }

    /// The bytes that a token adds to the text: none for control tokens and ids beyond the
    /// vocabulary. They need not be whole characters; see [`super::StreamDecoder`].
    #[must_use]
    pub fn token_bytes(&self, id: u32) -> &[u8] {
        let at = id as usize;
        let start = at.checked_sub(1).map_or(0, |before| self.end(before));
        &self.bytes[start..self.end(at)]
    }

    fn end(&self, at: usize) -> usize {
        self.ends.get(at).copied().unwrap_or(self.bytes.len())
    }

    /// The name of a token that only template text can produce, such as `<|im_end|>`.
    #[must_use]
    pub fn token_text(&self, id: u32) -> Option<&str> {
        self.special_texts.get(&id).map(String::as_str)
    }

    /// Whether only template text can produce this token: control tokens, and user-defined
    /// ones that can be seen, such as `<think>`.
    #[must_use]
    pub fn is_control(&self, id: u32) -> bool {
        self.special_texts.contains_key(&id)
    }

    /// The token that starts a text.
    #[must_use]
    pub fn bos(&self) -> Option<u32> {
        self.bos
    }

    /// The token that ends a text.
    #[must_use]
    pub fn eos(&self) -> Option<u32> {
        self.eos
    }

    /// Whether a prompt starts with BOS.
    #[must_use]
    pub fn add_bos(&self) -> bool {
        self.add_bos
    }

    /// The tokens that end an answer, in ascending order.
    #[must_use]
    pub fn stop_tokens(&self) -> &[u32] {
        &self.stop_tokens
    }

    /// The size of the vocabulary.
    #[must_use]
    #[expect(
        clippy::len_without_is_empty,
        reason = "an empty vocabulary is refused"
    )]
    pub fn len(&self) -> usize {
        self.ends.len()
    }
}

fn spaces(text: &str, is_spm: bool) -> String {
    if is_spm {
        text.replace('▁', " ")
    } else {
        text.to_owned()
    }
}

fn token_bytes(vocabulary: &Vocabulary, is_spm: bool) -> Result<(Vec<u8>, Vec<usize>)> {
    let byte_level = bpe::decoder();
    let mut bytes = Vec::new();
    let mut ends = Vec::with_capacity(vocabulary.tokens.len());
    for (token, &kind) in vocabulary.tokens.iter().zip(&vocabulary.kinds) {
        match kind {
            Kind::Control | Kind::Unknown | Kind::Unused => {}
            _ if is_spm => bytes.extend(spm::decode(token, kind)?),
            Kind::Normal | Kind::Byte => bytes.extend(byte_level(token)),
            // Added tokens are written as they are, not byte by byte.
            Kind::UserDefined | Kind::Whitespace => bytes.extend(token.as_bytes()),
        }
        ends.push(bytes.len());
    }
    Ok((bytes, ends))
}

fn broken(detail: String) -> Error {
    Error::Tokenizer { detail }
}
