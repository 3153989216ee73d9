//! The mean of models that came of each other: it often errs less than any of them ("model soups",
//! arXiv 2203.05482).

use std::path::Path;

use super::floats::Floats;
use super::provenance;
use crate::error::{Error, Result, require};

/// The model at `path` with `share` of each weight from the one at `other`, as a GGUF file of
/// 32-bit floats. Its metadata are those of the first, but that its provenance tells of both, and
/// of this stage in the words of `about`.
///
/// # Errors
/// Those of reading a model; `InvalidOption` for a share that is none; `MissingTensor` and
/// `ShapeMismatch` where the two are not of one shape.
pub fn average(path: &Path, other: &Path, share: f64, about: &str) -> Result<Vec<u8>> {
    let fits = (0.0..=1.0).contains(&share);
    require(fits, "share", "must be from 0 to 1")?;
    let (mut floats, mut others) = (Floats::read(path)?, Floats::read(other)?);
    for (name, (shape, values)) in &mut floats.tensors {
        let tensor = name.clone();
        let Some((found, with)) = others.tensors.remove(name) else {
            return Err(Error::MissingTensor { tensor });
        };
        if found != *shape {
            return Err(Error::ShapeMismatch {
                tensor,
                expected: shape.clone(),
                found,
            });
        }
        for (value, with) in values.iter_mut().zip(with) {
            let mean = f64::from(*value) * (1.0 - share) + f64::from(with) * share;
            *value = mean as f32;
        }
    }
    if let Some(tensor) = others.tensors.into_keys().next() {
        return Err(Error::MissingTensor { tensor });
    }
    let known = provenance::of(&floats.metadata)?;
    let mut lines = provenance::of(&others.metadata)?;
    lines.retain(|line| !known.contains(line));
    lines.push(about.to_owned());
    provenance::add(&mut floats.metadata, lines)?;
    Ok(floats.to_bytes())
}
