//! The weights of a model in training, named as GGUF tensors.

use std::collections::BTreeMap;
use std::path::Path;

use candle_core::{DType, Device, Tensor, Var};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng as _;

use super::super::floats::Floats;
use super::super::random::normal;
use super::training;
use crate::error::{Result, require};
use crate::gguf::{Metadata, Writer};
use crate::model::ModelConfig;
use crate::quant::Dtype;

/// What is trained.
#[derive(Debug, Clone, PartialEq)]
pub enum Scope {
    /// All weights.
    Full,
    /// Low-rank additions to matrices (LoRA, arXiv 2106.09685).
    Lora(Lora),
}

/// The shape of low-rank additions: `W + alpha / rank * B A`.
#[derive(Debug, Clone, PartialEq)]
pub struct Lora {
    /// Rows of `A`.
    pub rank: usize,
    /// The additions' weight.
    pub alpha: f64,
    /// Ends of the names of matrices that get one, such as `attn_q`.
    pub targets: Vec<String>,
    /// Of the first values of `A`.
    pub seed: u64,
}

/// All weights of a model, those that are trained apart.
#[derive(Debug)]
pub struct Parameters {
    metadata: Metadata,
    config: ModelConfig,
    frozen: BTreeMap<String, Tensor>,
    trained: BTreeMap<String, Var>,
    lora_scale: f64,
}

impl Parameters {
    /// Reads a GGUF file and the shards beside it, or a folder of the Transformers library, as
    /// floats. Nothing is trained yet.
    ///
    /// # Errors
    /// Those of reading a model.
    pub fn load(path: &Path) -> Result<Self> {
        Self::load_on(path, &Device::Cpu)
    }

    /// As [`Self::load`], onto a device.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn load_on(path: &Path, device: &Device) -> Result<Self> {
        let floats = Floats::read(path)?;
        let mut frozen = BTreeMap::new();
        for (name, (shape, values)) in floats.tensors {
            let dims: Vec<usize> = shape.iter().rev().map(|&dim| dim as usize).collect();
            let tensor = Tensor::from_vec(values, dims, device).map_err(training)?;
            frozen.insert(name, tensor);
        }
        Self::of(floats.metadata, frozen)
    }

    /// The weights given by name.
    ///
    /// # Errors
    /// Those of the model's metadata.
    pub fn of(metadata: Metadata, weights: BTreeMap<String, Tensor>) -> Result<Self> {
        Ok(Self {
            config: ModelConfig::from_metadata(&metadata, None)?,
            metadata,
            frozen: weights,
            trained: BTreeMap::new(),
            lora_scale: 0.0,
        })
    }

    /// Makes variables of what is to be trained.
    ///
    /// # Errors
    /// `InvalidOption` for LoRA targets that no matrix has, for the embedding, and for none.
    pub fn train(&mut self, scope: &Scope) -> Result<()> {
        let result = match scope {
            Scope::Full => self.train_all(),
            Scope::Lora(lora) => {
                let names = self.lora_names(&lora.targets)?;
                require(lora.rank > 0, "lora rank", "must be above zero")?;
                self.lora_scale = lora.alpha / lora.rank as f64;
                self.add_lora(lora, &names)
            }
        };
        result.map_err(training)
    }

    /// The matrices that these targets name.
    fn lora_names(&self, targets: &[String]) -> Result<Vec<String>> {
        let mut all = Vec::new();
        for target in targets {
            let names = self.frozen.keys().filter(|name| matches(name, target));
            let names: Vec<String> = names.cloned().collect();
            let detail = format!("no matrix is named {target}");
            require(!names.is_empty(), "lora targets", &detail)?;
            let looked_up = names.iter().any(|name| name == "token_embd.weight");
            let detail =
                "token_embd is looked up row by row: an addition to it would train nothing";
            require(!looked_up, "lora targets", detail)?;
            all.extend(names);
        }
        all.sort_unstable();
        all.dedup();
        require(!all.is_empty(), "lora targets", "none are named")?;
        Ok(all)
    }

    /// Keeps the matrices that are not trained in this type.
    ///
    /// # Errors
    /// `Training` where candle fails.
    pub fn freeze_in(&mut self, dtype: DType) -> Result<()> {
        let matrices = self.frozen.values_mut().filter(|it| it.rank() > 1);
        for matrix in matrices {
            *matrix = matrix.to_dtype(dtype).map_err(training)?;
        }
        Ok(())
    }

    fn train_all(&mut self) -> candle_core::Result<()> {
        // Frequencies are a fact about the positions, not a weight.
        let weights = std::mem::take(&mut self.frozen);
        for (name, tensor) in weights {
            if name == "rope_freqs.weight" {
                self.frozen.insert(name, tensor);
            } else {
                self.trained.insert(name, Var::from_tensor(&tensor)?);
            }
        }
        Ok(())
    }

    fn add_lora(&mut self, lora: &Lora, names: &[String]) -> candle_core::Result<()> {
        let mut random = ChaCha8Rng::seed_from_u64(lora.seed);
        for name in names {
            let weight = &self.frozen[name];
            let (rows, cols) = weight.dims2()?;
            let spread = 1.0 / (cols as f32).sqrt();
            let a = normal(&mut random, lora.rank * cols, spread);
            let a = Tensor::from_vec(a, (lora.rank, cols), weight.device())?;
            let a = a.to_dtype(weight.dtype())?;
            let b = Tensor::zeros((rows, lora.rank), weight.dtype(), weight.device())?;
            self.trained.insert(lora_a(name), Var::from_tensor(&a)?);
            self.trained.insert(lora_b(name), Var::from_tensor(&b)?);
        }
        Ok(())
    }

    /// The model's shape.
    #[must_use]
    pub fn config(&self) -> &ModelConfig {
        &self.config
    }

    /// The metadata of the file that the weights came from.
    #[must_use]
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// What is trained, by name.
    #[must_use]
    pub fn trained(&self) -> &BTreeMap<String, Var> {
        &self.trained
    }

    /// A weight, without its low-rank addition.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Tensor> {
        let trained = self.trained.get(name).map(Var::as_tensor);
        trained.or_else(|| self.frozen.get(name))
    }

    /// `A`, `B` and the scale of a matrix's low-rank addition.
    #[must_use]
    pub fn lora(&self, name: &str) -> Option<(&Tensor, &Tensor, f64)> {
        let a = self.trained.get(&lora_a(name))?;
        let b = self.trained.get(&lora_b(name))?;
        Some((a, b, self.lora_scale))
    }

    /// The model as a file of 32-bit floats, low-rank additions merged, under this metadata.
    ///
    /// # Errors
    /// `Training` where candle fails.
    pub fn to_gguf(&self, metadata: Metadata) -> Result<Vec<u8>> {
        let mut writer = Writer::new(metadata);
        let of_lora = |name: &&String| name.ends_with(".lora_a") || name.ends_with(".lora_b");
        let own = self.trained.keys().filter(|name| !of_lora(name));
        for name in self.frozen.keys().chain(own) {
            let weight = self.merged(name).map_err(training)?;
            let shape: Vec<u64> = weight.dims().iter().rev().map(|&d| d as u64).collect();
            let values = weight.flatten_all().and_then(|w| w.to_vec1::<f32>());
            let bytes: Vec<u8> = bytemuck::cast_slice(&values.map_err(training)?).to_vec();
            writer = writer.tensor(name, &shape, Dtype::F32, bytes);
        }
        Ok(writer.to_bytes())
    }

    fn merged(&self, name: &str) -> candle_core::Result<Tensor> {
        let Some(weight) = self.get(name) else {
            candle_core::bail!("there is no weight {name}");
        };
        let weight = weight.to_dtype(DType::F32)?;
        match self.lora(name) {
            None => Ok(weight),
            Some((a, b, scale)) => {
                let added = b.to_dtype(DType::F32)?.matmul(&a.to_dtype(DType::F32)?)?;
                weight + (added * scale)?
            }
        }
    }
}

fn matches(name: &str, target: &str) -> bool {
    let stem = name.strip_suffix(".weight").unwrap_or(name);
    stem == target || stem.ends_with(&format!(".{target}"))
}

fn lora_a(name: &str) -> String {
    format!("{name}.lora_a")
}

fn lora_b(name: &str) -> String {
    format!("{name}.lora_b")
}
