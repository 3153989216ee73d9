//! A model as the Transformers library saves it, a folder with `config.json`, safetensors and
//! `tokenizer.json`, read as if it were a GGUF file.

mod config;
mod vocabulary;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use half::{bf16, f16};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::floats::Floats;
use crate::error::{Error, Result};
use config::Config;

/// The model of a folder.
///
/// # Errors
/// `Io`, and `BadRecord` with the file and what in it is not as it must be.
pub(super) fn read(folder: &Path) -> Result<Floats> {
    let path = folder.join("config.json");
    let config: Config = json(&path)?;
    let mut metadata = config.metadata().map_err(|detail| bad(&path, &detail))?;
    vocabulary::describe(folder, config.vocab_size, &mut metadata)?;
    let mut tensors = BTreeMap::new();
    for shard in shards(folder)? {
        let bytes = fs::read(&shard).map_err(|error| Error::io(&shard, &error))?;
        let file = SafeTensors::deserialize(&bytes);
        let file = file.map_err(|error| bad(&shard, &error.to_string()))?;
        for (name, view) in file.tensors() {
            let found = tensor(&config, &name, &view);
            let found = found.map_err(|detail| bad(&shard, &format!("tensor {name}: {detail}")))?;
            tensors.extend(found);
        }
    }
    if let Some(factors) = config.rope_factors() {
        let shape = vec![factors.len() as u64];
        tensors.insert("rope_freqs.weight".to_owned(), (shape, factors));
    }
    Ok(Floats { metadata, tensors })
}

/// The files that hold the weights.
fn shards(folder: &Path) -> Result<Vec<PathBuf>> {
    #[derive(Deserialize)]
    struct Index {
        weight_map: BTreeMap<String, String>,
    }
    let whole = folder.join("model.safetensors");
    if whole.exists() {
        return Ok(vec![whole]);
    }
    let path = folder.join("model.safetensors.index.json");
    let index: Index = json(&path)?;
    let mut names: Vec<String> = index.weight_map.into_values().collect();
    names.sort();
    names.dedup();
    if let Some(outside) = names.iter().find(|name| name.contains(['/', '\\'])) {
        return Err(bad(
            &path,
            &format!("{outside:?} is no file of this folder"),
        ));
    }
    Ok(names.iter().map(|name| folder.join(name)).collect())
}

type Named = (String, (Vec<u64>, Vec<f32>));

/// A tensor under its GGUF name; none for what GGUF files do not have.
fn tensor(config: &Config, name: &str, view: &TensorView<'_>) -> Result<Option<Named>, String> {
    if name.ends_with("rotary_emb.inv_freq") || name == "lm_head.weight" && config.is_tied() {
        return Ok(None);
    }
    let own = renamed(name).ok_or("no tensor of the families llama, qwen2 and qwen3")?;
    let mut values = floats(view)?;
    if values.iter().any(|value| !value.is_finite()) {
        return Err("holds values that are no finite numbers".to_owned());
    }
    if let Some(heads) = config.heads_to_interleave(&own) {
        values = interleaved(&values, heads, view.shape())?;
    }
    let shape = view.shape().iter().rev().map(|&dim| dim as u64).collect();
    Ok(Some((own, (shape, values))))
}

fn floats(view: &TensorView<'_>) -> Result<Vec<f32>, String> {
    let bytes = view.data();
    let pairs = || bytes.chunks_exact(2).map(|two| [two[0], two[1]]);
    match view.dtype() {
        Dtype::F32 => {
            let fours = bytes.chunks_exact(4);
            Ok(fours
                .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
                .collect())
        }
        Dtype::F16 => Ok(pairs()
            .map(|two| f16::from_le_bytes(two).to_f32())
            .collect()),
        Dtype::BF16 => Ok(pairs()
            .map(|two| bf16::from_le_bytes(two).to_f32())
            .collect()),
        other => Err(format!(
            "type {other:?} is not supported; known: F32, F16, BF16"
        )),
    }
}

/// The rows of each head in the order of GGUF's `llama`, where rotated pairs are neighbours;
/// in Transformers they stand half a head apart.
fn interleaved(values: &[f32], heads: usize, shape: &[usize]) -> Result<Vec<f32>, String> {
    let rows = shape[0];
    if heads == 0 || !rows.is_multiple_of(2 * heads) {
        return Err(format!(
            "{rows} rows are no {heads} heads of an even length"
        ));
    }
    let (cols, dim) = (values.len() / rows, rows / heads);
    let from = |row: usize| {
        let (head, at) = (row / dim, row % dim);
        head * dim + at % 2 * (dim / 2) + at / 2
    };
    let rows = (0..rows).map(|row| &values[from(row) * cols..][..cols]);
    Ok(rows.flatten().copied().collect())
}

fn renamed(name: &str) -> Option<String> {
    let name = match name {
        "lm_head.weight" => return Some("output.weight".to_owned()),
        name => name.strip_prefix("model.")?,
    };
    if let Some(rest) = name.strip_prefix("layers.") {
        let (layer, rest) = rest.split_once('.')?;
        let layer: u32 = layer.parse().ok()?;
        let (part, kind) = rest.rsplit_once('.')?;
        let part = match part {
            "input_layernorm" => "attn_norm",
            "post_attention_layernorm" => "ffn_norm",
            "self_attn.q_proj" => "attn_q",
            "self_attn.k_proj" => "attn_k",
            "self_attn.v_proj" => "attn_v",
            "self_attn.o_proj" => "attn_output",
            "self_attn.q_norm" => "attn_q_norm",
            "self_attn.k_norm" => "attn_k_norm",
            "mlp.gate_proj" => "ffn_gate",
            "mlp.up_proj" => "ffn_up",
            "mlp.down_proj" => "ffn_down",
            _ => return None,
        };
        return matches!(kind, "weight" | "bias").then(|| format!("blk.{layer}.{part}.{kind}"));
    }
    match name {
        "embed_tokens.weight" => Some("token_embd.weight".to_owned()),
        "norm.weight" => Some("output_norm.weight".to_owned()),
        _ => None,
    }
}

fn json<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let text = fs::read_to_string(path).map_err(|error| Error::io(path, &error))?;
    serde_json::from_str(&text).map_err(|error| bad(path, &error.to_string()))
}

fn bad(path: &Path, detail: &str) -> Error {
    Error::BadRecord {
        at: path.display().to_string(),
        detail: detail.to_owned(),
    }
}
