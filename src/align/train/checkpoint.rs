//! The state of a training run on disk, to go on from to the same bits.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;

use candle_core::{Device, Tensor, Var};
use safetensors::SafeTensors;

use super::optimizer::Optimizer;
use super::training;
use crate::error::{Error, Result};

const STEP: &str = "step";
const RUN: &str = "run";

/// Writes weights, moments and step beside the old file, then puts the new one in its place.
///
/// # Errors
/// `Io` where the file cannot be written; the old one is still there then.
pub fn save(
    path: &Path,
    weights: &BTreeMap<String, Var>,
    optimizer: &Optimizer,
    run: &str,
) -> Result<()> {
    let mut tensors: HashMap<String, Tensor> = HashMap::new();
    for (name, weight) in weights {
        tensors.insert(format!("weight.{name}"), weight.as_tensor().clone());
    }
    for (name, (first, second)) in &optimizer.moments {
        tensors.insert(format!("first.{name}"), first.clone());
        tensors.insert(format!("second.{name}"), second.clone());
    }
    let about = HashMap::from([
        (STEP.to_owned(), optimizer.step.to_string()),
        (RUN.to_owned(), run.to_owned()),
    ]);
    let fresh = path.with_extension("new");
    safetensors::serialize_to_file(&tensors, Some(about), &fresh)
        .map_err(|error| bad(path, &error.to_string()))?;
    fs::rename(&fresh, path).map_err(|error| bad(path, &error.to_string()))
}

/// Puts what [`save`] wrote into the weights and the optimizer; nothing happens where there
/// is no file.
///
/// # Errors
/// `Io` for a file that cannot be read, or is of another run.
pub fn load(
    path: &Path,
    weights: &BTreeMap<String, Var>,
    optimizer: &mut Optimizer,
    run: &str,
) -> Result<()> {
    if !path.exists() {
        return Ok(());
    }
    let bytes = fs::read(path).map_err(|error| bad(path, &error.to_string()))?;
    let damaged = |error: safetensors::SafeTensorError| bad(path, &error.to_string());
    let (_, header) = SafeTensors::read_metadata(&bytes).map_err(damaged)?;
    let about = header.metadata().clone().unwrap_or_default();
    if about.get(RUN).map(String::as_str) != Some(run) {
        let detail = "this checkpoint is of a run with other data, options or first weights; \
                      move it away to begin anew";
        return Err(bad(path, detail));
    }
    let step = about.get(STEP).and_then(|step| step.parse().ok());
    let step = step.ok_or_else(|| bad(path, "the checkpoint does not say its step"))?;
    let tensors = candle_core::safetensors::load_buffer(&bytes, &Device::Cpu).map_err(training)?;
    let get = |kind: &str, name: &str| {
        let found = tensors.get(&format!("{kind}.{name}"));
        found.ok_or_else(|| bad(path, &format!("the checkpoint lacks {kind}.{name}")))
    };
    optimizer.step = step;
    for (name, weight) in weights {
        let to = |tensor: &Tensor| tensor.to_device(weight.device()).map_err(training);
        weight.set(&to(get("weight", name)?)?).map_err(training)?;
        let moments = (to(get("first", name)?)?, to(get("second", name)?)?);
        optimizer.moments.insert(name.clone(), moments);
    }
    Ok(())
}

fn bad(path: &Path, detail: &str) -> Error {
    Error::Io {
        path: path.display().to_string(),
        detail: detail.to_owned(),
    }
}
