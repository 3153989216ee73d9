//! From a stream of GGUF tensors to a transformer, each tensor packed as it arrives.

use std::collections::BTreeMap;
use std::sync::Mutex;

use super::tensors::{Spec, specs};
use super::weights::{Loaded, Tensor, missing};
use super::{ModelConfig, Transformer};
use crate::backend::{Backend, Matrix};
use crate::error::{Error, Result};
use crate::gguf::{Header, Metadata, Sink, TensorInfo};
use crate::quant::{self, Dtype};

/// What the caller may wish for.
#[derive(Debug, Clone, Default)]
pub struct LoadOptions {
    /// Positions to attend to at most; `None` takes the trained length, at most 4,096; more than it was trained for is possible.
    pub context_length: Option<usize>,
}

/// Takes the tensors of one file, or of the shards of one model in order.
#[derive(Debug)]
pub struct Loader<B: Backend> {
    backend: B,
    options: LoadOptions,
    model: Option<Model>,
    tensors: BTreeMap<String, Tensor<B>>,
    /// Parameters and packed bytes so far, and stored bytes by type.
    parameters: u64,
    weight_bytes: usize,
    stored: BTreeMap<u32, u64>,
}

/// What the first file's header says.
#[derive(Debug)]
struct Model {
    config: ModelConfig,
    metadata: Metadata,
    specs: BTreeMap<String, Spec>,
    shards: usize,
    shards_begun: usize,
}

/// A loaded model with what the layers above need of its file.
#[derive(Debug)]
pub struct LoadedModel<B: Backend> {
    /// The model.
    pub transformer: Transformer<B>,
    /// The first file's metadata: tokenizer, template, licence.
    pub metadata: Metadata,
    /// Number of weights.
    pub parameters: u64,
    /// The type that holds most bytes.
    pub quantization: Dtype,
}

impl<B: Backend> Loader<B> {
    /// A loader that has seen nothing yet.
    #[must_use]
    pub fn new(backend: B, options: LoadOptions) -> Self {
        Self {
            backend,
            options,
            model: None,
            tensors: BTreeMap::new(),
            parameters: 0,
            weight_bytes: 0,
            stored: BTreeMap::new(),
        }
    }

    /// Files begun and files that the model has, as far as known.
    #[must_use]
    pub fn shards(&self) -> (usize, usize) {
        self.model
            .as_ref()
            .map_or((0, 1), |model| (model.shards_begun, model.shards))
    }

    /// The model, when all its files have been read.
    ///
    /// # Errors
    /// `MissingTensor`, or `WrongState` where files are missing.
    pub fn finish(self) -> Result<LoadedModel<B>> {
        let model = self.model.ok_or_else(|| Error::WrongState {
            detail: "no model file has been read".to_owned(),
        })?;
        if model.shards_begun < model.shards {
            return Err(Error::WrongState {
                detail: format!(
                    "{} of {} model files were read; give all of them",
                    model.shards_begun, model.shards
                ),
            });
        }
        let absent =
            |(name, spec): &(&String, &Spec)| spec.required && !self.tensors.contains_key(*name);
        if let Some((name, _)) = model.specs.iter().find(absent) {
            return Err(missing(name));
        }
        let most = self.stored.iter().max_by_key(|(_, bytes)| **bytes);
        let quantization = most
            .and_then(|(&id, _)| Dtype::from_ggml(id))
            .unwrap_or(Dtype::F32);
        let weights = Loaded(self.tensors).into_weights(&self.backend, &model.config)?;
        Ok(LoadedModel {
            transformer: Transformer {
                config: model.config,
                backend: self.backend,
                weights,
                weight_bytes: self.weight_bytes,
                buffers: Mutex::default(),
            },
            metadata: model.metadata,
            parameters: self.parameters,
            quantization,
        })
    }

    fn begin(&mut self, header: &Header) -> Result<()> {
        let config = ModelConfig::from_metadata(&header.metadata, self.options.context_length)?;
        let specs = specs(&config);
        let shards = header.metadata.opt_u32("split.count")?.unwrap_or(1).max(1) as usize;
        if shards == 1 {
            // Refuse an incomplete file before its tensors are downloaded.
            let has = |name: &String| header.tensors.iter().any(|tensor| tensor.name == *name);
            if let Some((name, _)) = specs
                .iter()
                .find(|(name, spec)| spec.required && !has(name))
            {
                return Err(missing(name));
            }
        }
        self.model = Some(Model {
            config,
            metadata: header.metadata.clone(),
            specs,
            shards,
            shards_begun: 0,
        });
        Ok(())
    }
}

impl<B: Backend> Sink for Loader<B> {
    fn header(&mut self, header: &Header) -> Result<()> {
        if self.model.is_none() {
            self.begin(header)?;
        }
        let Some(model) = &mut self.model else {
            return Ok(());
        };
        let number = header.metadata.opt_u32("split.no")?.unwrap_or(0) as usize;
        if number != model.shards_begun || number >= model.shards {
            return Err(Error::BadMetadata {
                key: "split.no".to_owned(),
                detail: format!(
                    "file {} of {} came where file {} was due",
                    number + 1,
                    model.shards,
                    model.shards_begun + 1
                ),
            });
        }
        model.shards_begun += 1;
        check_memory(self.backend.memory(), model.shards, &header.tensors)?;
        for tensor in &header.tensors {
            check_shape(
                model.specs.get(&tensor.name),
                tensor,
                model.config.family.name,
            )?;
        }
        Ok(())
    }

    fn tensor(&mut self, info: &TensorInfo, bytes: &[u8]) -> Result<()> {
        let spec = self
            .model
            .as_ref()
            .and_then(|model| model.specs.get(&info.name));
        let Some(spec) = spec else {
            return Err(missing(&info.name));
        };
        let cols = info.shape[0] as usize;
        let rows = info.shape.get(1).map_or(1, |&rows| rows as usize);
        let matrix = Matrix {
            name: &info.name,
            dtype: info.dtype,
            rows,
            cols,
            bytes,
            order: spec.order,
        };
        let tensor = if info.shape.len() == 1 {
            Tensor::Vector(vector(&matrix)?)
        } else {
            let packed = self.backend.pack(&matrix)?;
            self.weight_bytes += self.backend.weight_bytes(&packed);
            Tensor::Matrix(packed)
        };
        if self.tensors.insert(info.name.clone(), tensor).is_some() {
            return Err(Error::MalformedGguf {
                at: format!("tensor {}", info.name),
                detail: "it comes in two files of the model".to_owned(),
            });
        }
        self.parameters += info.shape.iter().product::<u64>();
        *self.stored.entry(info.dtype as u32).or_default() += info.bytes;
        Ok(())
    }
}

/// Refuses a model that cannot fit before its tensors are downloaded. Shards are about
/// equally large, so the first tells of all.
fn check_memory(memory: Option<u64>, shards: usize, tensors: &[TensorInfo]) -> Result<()> {
    let here: u64 = tensors.iter().map(|tensor| tensor.bytes).sum();
    let needed = here.saturating_mul(shards as u64);
    match memory {
        Some(available) if needed > available => Err(Error::ModelTooLarge { needed, available }),
        _ => Ok(()),
    }
}

/// A norm or bias, in the order of the matrix it belongs to.
fn vector(matrix: &Matrix<'_>) -> Result<Vec<f32>> {
    let stored = quant::dequantize(matrix.dtype, matrix.bytes);
    if stored.iter().any(|value| !value.is_finite()) {
        return Err(Error::NonFinite {
            what: format!("tensor {}", matrix.name),
        });
    }
    Ok((0..stored.len())
        .map(|i| stored[matrix.order.source(i)])
        .collect())
}

/// A tensor that the family does not know is refused: to leave it out would be to run
/// another model than the file's.
fn check_shape(spec: Option<&Spec>, tensor: &TensorInfo, family: &str) -> Result<()> {
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
        assert_eq!(check_memory(Some(3 << 30), 1, one), Ok(()));
        assert_eq!(check_memory(None, 9, one), Ok(()));
        let error = Error::ModelTooLarge {
            needed: 6 << 30,
            available: 3 << 30,
        };
        assert_eq!(error.code(), "out_of_memory");
        assert!(error.to_string().contains("6442450944"));
        assert_eq!(check_memory(Some(3 << 30), 2, one), Err(error));
    }
}
