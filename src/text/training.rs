//! Finds a byte-level vocabulary for texts (native only).

use std::collections::HashSet;

use serde_json::Value;
use tokenizers::Trainer as _;
use tokenizers::models::bpe::{BPE, BpeTrainer};

use super::bpe::alphabet;
use super::pretokenizer::PreTokenizer;
use crate::error::{Error, Result};

/// The tokens, at most `size`, and merges of a byte-level BPE that fits these texts, cut by
/// the pre-tokenizer of that name. The 256 bytes are always among them.
///
/// # Errors
/// `Tokenizer` for an unknown pre-tokenizer.
pub fn byte_level_vocabulary(
    texts: &[&str],
    pre: &str,
    size: usize,
) -> Result<(Vec<String>, Vec<String>)> {
    let pre = PreTokenizer::named(pre)?;
    let alphabet = alphabet();
    let spelled = |piece: &str| piece.bytes().map(|b| alphabet[usize::from(b)]).collect();
    let mut trainer = BpeTrainer::builder()
        .vocab_size(size)
        .min_frequency(2)
        .show_progress(false)
        .initial_alphabet(HashSet::from(alphabet))
        .build();
    let pieces = |text: &str| Ok(pre.split(text).into_iter().map(spelled).collect());
    trainer.feed(texts.iter(), pieces).map_err(failed)?;
    let mut model = BPE::default();
    trainer.train(&mut model).map_err(failed)?;
    let mut tokens: Vec<(String, u32)> = model.get_vocab().into_iter().collect();
    tokens.sort_by_key(|(_, id)| *id);
    // The crate gives merges away only as it would write them to a file.
    let written = serde_json::to_value(&model).map_err(failed)?;
    let merges = written["merges"].as_array().into_iter().flatten();
    let merges = merges.filter_map(|merge| match merge {
        Value::Array(pair) => Some(format!(
            "{} {}",
            pair.first()?.as_str()?,
            pair.get(1)?.as_str()?
        )),
        merge => merge.as_str().map(str::to_owned),
    });
    Ok((
        tokens.into_iter().map(|(token, _)| token).collect(),
        merges.collect(),
    ))
}

fn failed(error: impl std::fmt::Display) -> Error {
    Error::Tokenizer {
        detail: format!("no vocabulary could be made: {error}"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn words_that_come_often_become_tokens() {
        let texts = ["wine and cheese and wine"; 10];
        let (tokens, merges) = byte_level_vocabulary(&texts, "smollm", 300).unwrap();
        assert!(tokens.len() <= 300 && tokens.contains(&"Ġwine".to_owned()));
        assert_eq!(tokens.len(), 256 + merges.len());
    }
}
