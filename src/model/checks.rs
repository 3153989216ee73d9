//! What is refused by a file's header, before any tensor is read.

use super::tensors::Spec;
use crate::error::{Error, Result};
use crate::gguf::TensorInfo;

/// Refuses a model that cannot fit before its tensors are downloaded. Shards are about
/// equally large but for the last, which is what is left, so the first tells of all.
///
/// `before` are the bytes of the shards before this one, `after` the shards after it. Returns
/// the bytes up to the end of this one.
pub(super) fn check_memory(
    memory: Option<u64>,
    before: u64,
    after: usize,
    tensors: &[TensorInfo],
) -> Result<u64> {
    let here: u64 = tensors.iter().map(|tensor| tensor.bytes).sum();
    let needed = before.saturating_add(here.saturating_mul(after.max(1) as u64));
    match memory {
        Some(available) if needed > available => Err(Error::ModelTooLarge { needed, available }),
        _ => Ok(before.saturating_add(here)),
    }
}

/// A tensor that the family does not know is refused: to leave it out would be to run
/// another model than the file's.
pub(super) fn check_shape(spec: Option<&Spec>, tensor: &TensorInfo, family: &str) -> Result<()> {
    let Some(spec) = spec else {
        return Err(Error::MalformedGguf {
            at: format!("tensor {}", tensor.name),
            detail: format!("a {family} model has no such tensor; this variant is not supported"),
        });
    };
    if spec.shape == tensor.shape {
        return Ok(());
    }
    Err(Error::ShapeMismatch {
        tensor: tensor.name.clone(),
        expected: spec.shape.clone(),
        found: tensor.shape.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quant::Dtype;

    #[test]
    fn a_model_that_cannot_fit_is_refused_with_the_numbers() {
        let tensor = TensorInfo {
            name: "token_embd.weight".to_owned(),
            shape: vec![32, 32],
            dtype: Dtype::F32,
            offset: 0,
            bytes: 3 << 30,
        };
        let one = std::slice::from_ref(&tensor);
        assert_eq!(check_memory(Some(3 << 30), 0, 0, one), Ok(3 << 30));
        assert_eq!(check_memory(None, 0, 9, one), Ok(3 << 30));
        // The second and last shard may be small; that it is not, its own header says.
        assert_eq!(check_memory(Some(5 << 30), 0, 1, one), Ok(3 << 30));
        assert!(check_memory(Some(5 << 30), 3 << 30, 0, one).is_err());
        let error = Error::ModelTooLarge {
            needed: 6 << 30,
            available: 3 << 30,
        };
        assert_eq!(error.code(), "out_of_memory");
        assert!(error.to_string().contains("6442450944"));
        assert_eq!(check_memory(Some(3 << 30), 0, 2, one), Err(error));
    }
}
