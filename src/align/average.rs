//! The mean of models that came of each other: it often errs less than any of them ("model soups",
//! arXiv 2203.05482).

use std::path::Path;

use super::floats::Floats;
use crate::error::{Error, Result, require};

/// The model at `path` with `share` of each weight from the one at `other`, as a GGUF file of
/// 32-bit floats. Their metadata are those of the first.
///
/// # Errors
/// Those of reading a model; `InvalidOption` for a share that is none; `MissingTensor` and
/// `ShapeMismatch` where the two are not of one shape.
pub fn average(path: &Path, other: &Path, share: f64) -> Result<Vec<u8>> {
    let fits = (0.0..=1.0).contains(&share);
    require(fits, "share", "must be from 0 to 1")?;
    let (mut floats, others) = (Floats::read(path)?, Floats::read(other)?);
    if let Some(more) = (others.tensors.keys()).find(|name| !floats.tensors.contains_key(*name)) {
        let tensor = more.clone();
        return Err(Error::MissingTensor { tensor });
    }
    for (name, (shape, values)) in &mut floats.tensors {
        let tensor = name.clone();
        match others.tensors.get(name) {
            None => return Err(Error::MissingTensor { tensor }),
            Some((found, _)) if found != shape => {
                return Err(Error::ShapeMismatch {
                    tensor,
                    expected: shape.clone(),
                    found: found.clone(),
                });
            }
            Some((_, with)) => {
                for (value, with) in values.iter_mut().zip(with) {
                    let mean = f64::from(*value) * (1.0 - share) + f64::from(*with) * share;
                    *value = mean as f32;
                }
            }
        }
    }
    Ok(floats.to_bytes())
}
