//! What is refused by a file's header, before any tensor is read.

use super::tensors::Spec;
use crate::backend::Backend;
use crate::error::{Error, Result};
use crate::gguf::TensorInfo;

/// The bytes that these tensors will take in memory, where they are packed.
pub(super) fn bytes_in_memory<B: Backend>(backend: &B, tensors: &[TensorInfo]) -> u64 {
    let bytes = tensors.iter().map(|tensor| match tensor.shape[..] {
        [cols, rows] => backend.packed_bytes(tensor.dtype, rows, cols),
        _ => tensor.bytes,
    });
    bytes.fold(0, u64::saturating_add)
}

/// Refuses a model that cannot fit before its tensors are downloaded. Shards are about
/// equally large but for the last, which is what is left, so the first tells of all.
///
/// `here` are the bytes of this shard's tensors in memory, `before` those of the shards before it,
/// `after` the shards after it. Returns the bytes up to the end of this one.
pub(super) fn check_memory(
    memory: Option<u64>,
    before: u64,
    here: u64,
    after: usize,
) -> Result<u64> {
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
    use crate::backend::cpu::Cpu;
    use crate::quant::Dtype;

    #[test]
    fn a_model_that_cannot_fit_is_refused_with_the_numbers() {
        let here = 3 << 30;
        assert_eq!(check_memory(Some(3 << 30), 0, here, 0), Ok(3 << 30));
        assert_eq!(check_memory(None, 0, here, 9), Ok(3 << 30));
        // The second and last shard may be small; that it is not, its own header says.
        assert_eq!(check_memory(Some(5 << 30), 0, here, 1), Ok(3 << 30));
        assert!(check_memory(Some(5 << 30), 3 << 30, here, 0).is_err());
        let error = Error::ModelTooLarge {
            needed: 6 << 30,
            available: 3 << 30,
        };
        assert_eq!(error.code(), "out_of_memory");
        assert!(error.to_string().contains("6442450944"));
        assert_eq!(check_memory(Some(3 << 30), 0, here, 2), Err(error));
    }

    #[test]
    fn what_a_type_takes_more_in_memory_than_in_the_file_counts() {
        let tensor = |dtype, shape: &[u64], bytes| TensorInfo {
            name: "token_embd.weight".to_owned(),
            shape: shape.to_vec(),
            dtype,
            offset: 0,
            bytes,
        };
        let backend = Cpu::new();
        let bytes = |tensor| bytes_in_memory(&backend, &[tensor]);
        assert_eq!(bytes(tensor(Dtype::F32, &[32], 128)), 128);
        let (cols, rows) = (512, 1 << 20);
        let file = rows * cols / 32 * 22;
        // One byte a weight and its scales, for five bits.
        assert!(bytes(tensor(Dtype::Q5_0, &[cols, rows], file)) > rows * cols);
        let huge = tensor(Dtype::Q5_0, &[1 << 40, 1 << 40], 0);
        assert_eq!(bytes_in_memory(&backend, &[huge.clone(), huge]), u64::MAX);
    }
}
