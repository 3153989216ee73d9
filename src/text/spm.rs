//! SentencePiece BPE, the `llama` tokenizer model: merges follow from the tokens' scores.

use tokenizers::Model;
use tokenizers::models::bpe::{BPE, Merges, Vocab};

use super::vocabulary::{Kind, Vocabulary};
use crate::error::{Error, Result};
use crate::gguf::Metadata;

const SCORES: &str = "tokenizer.ggml.scores";
const SPACE: &str = "▁";

/// A SentencePiece model.
#[derive(Debug)]
pub(super) struct SentencePiece {
    model: BPE,
    space_prefix: bool,
}

impl SentencePiece {
    /// Reads scores and the space prefix. Only normal tokens can be merged into, so that no
    /// text can come out as a control token.
    pub fn from_metadata(metadata: &Metadata, vocabulary: &Vocabulary) -> Result<Self> {
        let scores = Metadata::required(SCORES, metadata.opt_floats(SCORES)?)?;
        if scores.len() != vocabulary.tokens.len() {
            let tokens = vocabulary.tokens.len();
            return Err(bad_scores(format!(
                "{} scores for {tokens} tokens",
                scores.len()
            )));
        }
        if scores.iter().any(|score| score.is_nan()) {
            return Err(bad_scores("a score is NaN".to_owned()));
        }
        let mut plain: Vocab = vocabulary
            .of(Kind::Normal)
            .map(|(id, token)| (token.to_owned(), id))
            .collect();
        let merges = merges(&plain, scores);
        plain.extend(vocabulary.of(Kind::Byte).map(|(id, t)| (t.to_owned(), id)));
        let mut builder = BPE::builder().byte_fallback(true).fuse_unk(true);
        if let Some(unknown) = unknown_token(vocabulary)? {
            let token = vocabulary.tokens[unknown as usize].clone();
            plain.insert(token.clone(), unknown);
            builder = builder.unk_token(token);
        }
        let model = builder
            .vocab_and_merges(plain, merges)
            // The crate's cache outlives the model; texts here are tokenized once.
            .cache_capacity(0)
            .build()
            .map_err(|error| broken(error.to_string()))?;
        let key = "tokenizer.ggml.add_space_prefix";
        Ok(Self {
            model,
            space_prefix: metadata.opt_bool(key)?.unwrap_or(true),
        })
    }

    /// Appends the ids of `text`, which is plain and stands at the start or after a
    /// control token.
    pub fn encode(&self, text: &str, ids: &mut Vec<u32>) -> Result<()> {
        let prefix = if self.space_prefix { SPACE } else { "" };
        let spelled = format!("{prefix}{}", text.replace(' ', SPACE));
        let tokens = self.model.tokenize(&spelled);
        let tokens = tokens.map_err(|error| broken(error.to_string()))?;
        ids.extend(tokens.iter().map(|token| token.id));
        Ok(())
    }
}

/// The bytes that a SentencePiece token stands for.
pub(super) fn decode(token: &str, kind: Kind) -> Result<Vec<u8>> {
    if kind != Kind::Byte {
        return Ok(token.replace(SPACE, " ").into_bytes());
    }
    let digits = token.strip_prefix("<0x").and_then(|t| t.strip_suffix('>'));
    let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
    byte.map(|byte| vec![byte])
        .ok_or_else(|| broken(format!("the byte token {token:?} is not <0x00> to <0xFF>")))
}

/// Every way to put a token together from two others, best score first, as Hugging Face's
/// converter derives them from a SentencePiece vocabulary.
fn merges(plain: &Vocab, scores: &[f32]) -> Merges {
    let mut found = Vec::new();
    for (token, &id) in plain {
        for (cut, _) in token.char_indices().skip(1) {
            let (left, right) = token.split_at(cut);
            if let (Some(&l), Some(&r)) = (plain.get(left), plain.get(right)) {
                found.push((scores[id as usize], id, l, r, (left, right)));
            }
        }
    }
    found.sort_unstable_by(|a, b| {
        let by_score = b.0.total_cmp(&a.0);
        by_score.then_with(|| (a.1, a.2, a.3).cmp(&(b.1, b.2, b.3)))
    });
    found
        .into_iter()
        .map(|(.., (left, right))| (left.to_owned(), right.to_owned()))
        .collect()
}

/// The token for characters that neither tokens nor bytes cover, where it is needed.
fn unknown_token(vocabulary: &Vocabulary) -> Result<Option<u32>> {
    if vocabulary.of(Kind::Byte).count() == 256 {
        return Ok(None);
    }
    match vocabulary.roles.unknown {
        Some(_) => Ok(vocabulary.unknown_of_content()),
        None => Err(broken(
            "the vocabulary has neither 256 byte tokens nor an unknown token".to_owned(),
        )),
    }
}

fn bad_scores(detail: String) -> Error {
    Error::BadMetadata {
        key: SCORES.to_owned(),
        detail,
    }
}

fn broken(detail: String) -> Error {
    Error::Tokenizer { detail }
}
