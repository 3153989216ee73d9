//! A deeper model that begins as a shallower one: what was learned is kept, and there is room
//! for more.

use std::path::Path;

use super::floats::Floats;
use crate::error::{Error, Result, require};
use crate::gguf::Value;
use crate::model::ModelConfig;

/// What a block adds to what passes it comes out of these; biases too, where they have some.
const OUTPUTS: [&str; 2] = ["attn_output", "ffn_down"];

/// The model at `path` with this many blocks, as a GGUF file of 32-bit floats. It says what it
/// said before: new blocks, spread evenly, are copies of the ones below them that add nothing
/// yet (block expansion, arXiv 2401.02415).
///
/// # Errors
/// Those of reading a model; `InvalidOption` for fewer blocks than one more or more than twice
/// as many; `MissingTensor` where a block has no outputs of these names.
pub fn deepen(path: &Path, blocks: usize) -> Result<Vec<u8>> {
    let mut floats = Floats::read(path)?;
    let config = ModelConfig::from_metadata(&floats.metadata, None)?;
    let before = config.block_count;
    let detail = format!("must be above the model's, which is {before}, and at most twice that");
    require(before < blocks && blocks <= 2 * before, "blocks", &detail)?;
    let key = format!("{}.block_count", config.family.name);
    floats.metadata.set(&key, Value::Uint(blocks as u64));
    let mut old: Vec<_> = (0..before).map(|_| Vec::new()).collect();
    for (name, tensor) in std::mem::take(&mut floats.tensors) {
        match block_of(&name).and_then(|(block, part)| Some((old.get_mut(block)?, part))) {
            Some((block, part)) => block.push((part.to_owned(), tensor)),
            None => drop(floats.tensors.insert(name, tensor)),
        }
    }
    for block in 0..blocks {
        let source = block * before / blocks;
        let copied = block > 0 && (block - 1) * before / blocks == source;
        for (part, (shape, values)) in &old[source] {
            let adds = OUTPUTS.iter().any(|output| part.starts_with(output));
            let values = match copied && adds {
                true => vec![0.0; values.len()],
                false => values.clone(),
            };
            let name = format!("blk.{block}.{part}");
            floats.tensors.insert(name, (shape.clone(), values));
        }
        for output in OUTPUTS {
            let tensor = format!("blk.{block}.{output}.weight");
            if !floats.tensors.contains_key(&tensor) {
                return Err(Error::MissingTensor { tensor });
            }
        }
    }
    Ok(floats.to_bytes())
}

/// Of `blk.3.ffn_up.weight`, 3 and `ffn_up.weight`.
fn block_of(tensor: &str) -> Option<(usize, &str)> {
    let (block, part) = tensor.strip_prefix("blk.")?.split_once('.')?;
    Some((block.parse().ok()?, part))
}
