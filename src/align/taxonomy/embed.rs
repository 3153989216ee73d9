//! A text as one vector: the mean of a language model's last hidden states.

use crate::align::train::{Encoder, Network, training};
use crate::error::{Error, Result};

/// The mean of the hidden states after the tokens of `text`, of unit length, `[width]`.
///
/// # Errors
/// `Training` where candle fails, `BadRecord` for a text without a token; the tokenizer's.
pub fn embed(network: &Network, encoder: &Encoder, text: &str) -> Result<Vec<f32>> {
    let ids = encoder.text(text)?;
    if ids.is_empty() {
        return Err(Error::BadRecord {
            at: format!("prompt {text:?}"),
            detail: "holds no token".to_owned(),
        });
    }
    let mean = network.hidden(&ids, 1).and_then(|hidden| {
        let mean = hidden.to_dtype(candle_core::DType::F32)?.mean(0)?;
        mean.to_vec1::<f32>()
    });
    Ok(unit(&mean.map_err(training)?))
}

/// The vector at length 1; a zero vector as it is.
#[must_use]
pub fn unit(vector: &[f32]) -> Vec<f32> {
    let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    let scale = if length > 0.0 { length.recip() } else { 0.0 };
    vector.iter().map(|x| x * scale).collect()
}
