//! A wider model that begins as a narrower one: what was learned is kept, and there is room
//! for more.

use std::collections::BTreeMap;
use std::path::Path;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng as _;

use super::floats::Floats;
use super::random::normal;
use crate::error::{Error, Result, require};
use crate::gguf::Value;
use crate::model::ModelConfig;

/// The model at `path` with feed-forward layers of this width, as a GGUF file of 32-bit
/// floats. It says what it said before: new neurons look at directions drawn at random, and
/// nothing of them is added yet (function-preserving expansion, arXiv 2308.06103).
///
/// # Errors
/// Those of reading a model; `InvalidOption` where it is that wide already; `BadMetadata` for
/// a width that no model has; `MissingTensor` and `ShapeMismatch` where its blocks have no
/// gated feed-forward layers.
pub fn widen(path: &Path, feed_forward: usize, seed: u64) -> Result<Vec<u8>> {
    let mut floats = Floats::read(path)?;
    let Floats { metadata, tensors } = &mut floats;
    let config = ModelConfig::from_metadata(metadata, None)?;
    let (width, before) = (config.embedding_length, config.feed_forward_length);
    let detail = format!("must be above the model's, which is {before}");
    require(feed_forward > before, "feed_forward", &detail)?;
    let key = format!("{}.feed_forward_length", config.family.name);
    metadata.set(&key, Value::Uint(feed_forward as u64));
    ModelConfig::from_metadata(metadata, None)?;
    let new = feed_forward - before;
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    for block in 0..config.block_count {
        for part in ["ffn_gate", "ffn_up"] {
            let shape = ([width, before], [width, feed_forward]);
            let values = matrix(tensors, block, part, shape)?;
            let squares: f64 = values.iter().map(|&value| f64::from(value).powi(2)).sum();
            let size = (squares / values.len() as f64).sqrt() as f32;
            values.extend(normal(&mut random, new * width, size));
        }
        let shape = ([before, width], [feed_forward, width]);
        let values = matrix(tensors, block, "ffn_down", shape)?;
        let rows = values.chunks_exact(before);
        *values = rows
            .flat_map(|row| [row, &vec![0.0; new]].concat())
            .collect();
    }
    Ok(floats.to_bytes())
}

/// The values of a block's matrix, whose shape is said to be another one from now on. Shapes
/// have the row length first.
fn matrix<'t>(
    tensors: &'t mut BTreeMap<String, (Vec<u64>, Vec<f32>)>,
    block: usize,
    part: &str,
    (before, after): ([usize; 2], [usize; 2]),
) -> Result<&'t mut Vec<f32>> {
    let tensor = format!("blk.{block}.{part}.weight");
    let expected = before.map(|size| size as u64);
    match tensors.get_mut(&tensor) {
        None => Err(Error::MissingTensor { tensor }),
        Some((found, _)) if *found != expected => Err(Error::ShapeMismatch {
            tensor,
            expected: expected.to_vec(),
            found: found.clone(),
        }),
        Some((shape, values)) => {
            *shape = after.map(|size| size as u64).to_vec();
            Ok(values)
        }
    }
}
