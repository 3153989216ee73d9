//! The token list of a GGUF file, checked once at the door.

use std::collections::HashMap;

use crate::error::{Error, Result};
use crate::gguf::Metadata;

const TOKENS: &str = "tokenizer.ggml.tokens";
const TYPES: &str = "tokenizer.ggml.token_type";

/// Texts that end a turn in the families we know. A file that lists one of them as an
/// ordinary token is wrong about it (llama.cpp overrides the same way).
const STOP_TEXTS: [&str; 15] = [
    "<|im_end|>",
    "<|eot_id|>",
    "<|eom_id|>",
    "<|end|>",
    "<|return|>",
    "<|call|>",
    "<|endoftext|>",
    "<|end_of_text|>",
    "<|EOT|>",
    "<end_of_turn>",
    "<end_of_utterance>",
    "<｜end▁of▁sentence｜>",
    "<eos>",
    "</s>",
    "_<EOT>",
];

/// What a token is for, which decides who may produce it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Made by the tokenizer from any text.
    Normal,
    /// Stands for text that no token covers.
    Unknown,
    /// Made from template text only; shows nothing.
    Control,
    /// Made from template text only; shows its text, like `<think>`.
    UserDefined,
    /// A run of white space that is matched before the model sees the text, in content too.
    Whitespace,
    /// Never made.
    Unused,
    /// One byte, for text that no other token covers.
    Byte,
}

/// Ids of the tokens with a role of their own; each is below the vocabulary's length.
#[derive(Debug, Clone, Default)]
pub(super) struct Roles {
    pub bos: Option<u32>,
    pub eos: Option<u32>,
    pub unknown: Option<u32>,
    /// End of turn and end of message.
    pub turn_ends: Vec<u32>,
}

/// Tokens and what they are for, by id.
#[derive(Debug)]
pub(super) struct Vocabulary {
    pub tokens: Vec<String>,
    pub kinds: Vec<Kind>,
    pub ids: HashMap<String, u32>,
    pub roles: Roles,
}

impl Vocabulary {
    /// Reads tokens, types and roles. `is_spm` says how the tokens spell a space.
    pub fn from_metadata(metadata: &Metadata, is_spm: bool) -> Result<Self> {
        let tokens = Metadata::required(TOKENS, metadata.opt_strings(TOKENS)?)?.to_vec();
        if tokens.is_empty() || u32::try_from(tokens.len()).is_err() {
            return Err(bad(TOKENS, format!("{} tokens", tokens.len())));
        }
        let ids = index(&tokens)?;
        let roles = roles(metadata, tokens.len(), is_spm)?;
        let kinds = kinds(metadata, &tokens, &roles, is_spm)?;
        Ok(Self {
            tokens,
            kinds,
            ids,
            roles,
        })
    }

    /// The token that text becomes which no other covers. One of templates is none, whatever the file
    /// says: such text is left out then.
    pub fn unknown_of_content(&self) -> Option<u32> {
        let of_content = |id: &u32| {
            let kind = self.kinds[*id as usize];
            !matches!(kind, Kind::Control | Kind::UserDefined)
        };
        self.roles.unknown.filter(of_content)
    }

    /// The tokens of one kind with their ids.
    pub fn of(&self, wanted: Kind) -> impl Iterator<Item = (u32, &str)> {
        (0u32..)
            .zip(&self.tokens)
            .zip(&self.kinds)
            .filter(move |(_, kind)| **kind == wanted)
            .map(|((id, token), _)| (id, token.as_str()))
    }

    /// Every id that ends a turn, in ascending order.
    pub fn stop_tokens(&self) -> Vec<u32> {
        let named = self.of(Kind::Control).filter(|(_, text)| is_stop(text));
        let mut stops: Vec<u32> = named.map(|(id, _)| id).collect();
        stops.extend(self.roles.eos);
        stops.extend(&self.roles.turn_ends);
        stops.sort_unstable();
        stops.dedup();
        stops
    }
}

fn is_stop(text: &str) -> bool {
    STOP_TEXTS.contains(&text)
}

fn index(tokens: &[String]) -> Result<HashMap<String, u32>> {
    let mut ids = HashMap::with_capacity(tokens.len());
    // Padding entries may be empty; no text ever needs them.
    for (id, token) in (0u32..).zip(tokens).filter(|(_, token)| !token.is_empty()) {
        if let Some(first) = ids.insert(token.clone(), id) {
            return Err(bad(
                TOKENS,
                format!("tokens {first} and {id} are both {token:?}"),
            ));
        }
    }
    Ok(ids)
}

fn roles(metadata: &Metadata, len: usize, is_spm: bool) -> Result<Roles> {
    let id = |name: &str| -> Result<Option<u32>> {
        let key = format!("tokenizer.ggml.{name}_token_id");
        match metadata.opt_u32(&key)? {
            Some(id) if id as usize >= len => Err(bad(
                &key,
                format!("token {id} of a vocabulary of {len} tokens"),
            )),
            found => Ok(found),
        }
    };
    // SentencePiece numbers its own three; files may leave them out.
    let usual = |id: u32| (is_spm && len > 2).then_some(id);
    Ok(Roles {
        bos: id("bos")?.or(usual(1)),
        eos: id("eos")?.or(usual(2)),
        unknown: id("unknown")?.or(usual(0)),
        turn_ends: id("eot")?.into_iter().chain(id("eom")?).collect(),
    })
}

fn kinds(metadata: &Metadata, tokens: &[String], roles: &Roles, is_spm: bool) -> Result<Vec<Kind>> {
    let types = match metadata.opt_ints(TYPES)? {
        Some(types) if types.len() != tokens.len() => {
            let detail = format!("{} types for {} tokens", types.len(), tokens.len());
            return Err(bad(TYPES, detail));
        }
        Some(types) => types.to_vec(),
        None => vec![1; tokens.len()],
    };
    let mut kinds = types
        .iter()
        .zip(tokens)
        .map(|(&number, token)| kind(number, token, is_spm))
        .collect::<Result<Vec<_>>>()?;
    let delimiters = [roles.bos, roles.eos].into_iter().flatten();
    for id in delimiters.chain(roles.turn_ends.iter().copied()) {
        let at = id as usize;
        // A file may name "\n" as its end; that stays an ordinary token.
        if kinds[at] == Kind::Normal && is_bracketed(&tokens[at]) {
            kinds[at] = Kind::Control;
        }
    }
    Ok(kinds)
}

fn kind(number: i64, token: &str, is_spm: bool) -> Result<Kind> {
    let blank = |c: char| c.is_whitespace() || (is_spm && c == '▁');
    Ok(match number {
        // Some files leave the types 0 where they do not know them.
        0 | 1 if looks_like_control(token) => Kind::Control,
        0 | 1 => Kind::Normal,
        2 => Kind::Unknown,
        3 => Kind::Control,
        4 if token.chars().all(blank) => Kind::Whitespace,
        4 if is_stop(token) => Kind::Control,
        4 => Kind::UserDefined,
        5 => Kind::Unused,
        6 => Kind::Byte,
        _ => return Err(bad(TYPES, format!("unknown token type {number}"))),
    })
}

fn looks_like_control(token: &str) -> bool {
    let wrapped = |open: &str, close: &str| {
        token.len() > open.len() + close.len() && token.starts_with(open) && token.ends_with(close)
    };
    wrapped("<|", "|>") || wrapped("<｜", "｜>") || is_stop(token)
}

fn is_bracketed(token: &str) -> bool {
    (token.starts_with('<') && token.ends_with('>'))
        || (token.starts_with('[') && token.ends_with(']'))
}

fn bad(key: &str, detail: String) -> Error {
    Error::BadMetadata {
        key: key.to_owned(),
        detail,
    }
}
