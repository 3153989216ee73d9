//! From a stream of GGUF tensors to a transformer, each tensor packed as it arrives.

use std::collections::BTreeMap;
use std::sync::Mutex;

use super::checks::{bytes_in_memory, check_memory, check_shape};
use super::tensors::{Spec, specs};
use super::weights::{Loaded, Tensor, missing};
use super::{ModelConfig, Transformer};
use crate::backend::{Backend, Matrix, ROWS_TOGETHER, RowOrder};
use crate::error::{Error, Result};
use crate::gguf::{Header, Sink, TensorInfo};
use crate::quant::{self, Dtype};

/// Bytes of a matrix that are packed at a time, at least.
const PART_BYTES: u64 = 256 * 1024;

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
    /// The matrix that has come in part, and how many of its rows.
    growing: Option<(B::Weight, usize)>,
    /// Parameters and packed bytes so far, and stored bytes by type.
    parameters: u64,
    weight_bytes: usize,
    stored: BTreeMap<u32, u64>,
}

/// What the first file's header says.
#[derive(Debug)]
struct Model {
    config: ModelConfig,
    specs: BTreeMap<String, Spec>,
    shards: usize,
    shards_begun: usize,
    /// Bytes that their tensors take in memory.
    bytes_begun: u64,
}

/// A loaded model, and what its weights are.
#[derive(Debug)]
pub struct LoadedModel<B: Backend> {
    /// The model.
    pub transformer: Transformer<B>,
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
            growing: None,
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
            specs,
            shards,
            shards_begun: 0,
            bytes_begun: 0,
        });
        Ok(())
    }

    /// Packs a part of a matrix of `rows` rows; gives the matrix with its last.
    fn push_rows(&mut self, part: &Matrix<'_>, rows: usize) -> Result<Option<B::Weight>> {
        let (mut packed, before) = match self.growing.take() {
            Some(growing) => growing,
            None => (self.backend.begin_weight(part, rows)?, 0),
        };
        self.backend.push_rows(&mut packed, part)?;
        let done = before + part.rows;
        if done < rows {
            self.growing = Some((packed, done));
            return Ok(None);
        }
        self.weight_bytes += self.backend.weight_bytes(&packed);
        Ok(Some(packed))
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
        let after = model.shards - model.shards_begun;
        let memory = self.backend.memory();
        let here = bytes_in_memory(&self.backend, &header.tensors);
        model.bytes_begun = check_memory(memory, model.bytes_begun, here, after)?;
        for tensor in &header.tensors {
            check_shape(
                model.specs.get(&tensor.name),
                tensor,
                model.config.family.name,
            )?;
        }
        Ok(())
    }

    /// Matrices come in parts, so that none is in memory twice; not those whose rows change
    /// places, which are small.
    fn part_bytes(&self, info: &TensorInfo) -> u64 {
        let spec = self
            .model
            .as_ref()
            .and_then(|model| model.specs.get(&info.name));
        match (spec.map(|spec| spec.order), info.shape.as_slice()) {
            (Some(RowOrder::AsStored), &[_, rows]) if rows > 0 => {
                let together = info.bytes / rows * ROWS_TOGETHER as u64;
                together * PART_BYTES.div_ceil(together.max(1))
            }
            _ => info.bytes,
        }
    }

    fn tensor(&mut self, info: &TensorInfo, bytes: &[u8]) -> Result<()> {
        let spec = self
            .model
            .as_ref()
            .and_then(|model| model.specs.get(&info.name));
        let Some(spec) = spec else {
            return Err(missing(&info.name));
        };
        if self.tensors.contains_key(&info.name) {
            return Err(Error::MalformedGguf {
                at: format!("tensor {}", info.name),
                detail: "it comes in two files of the model".to_owned(),
            });
        }
        let rows = info.shape.get(1).map_or(1, |&rows| rows as usize);
        let part = Matrix {
            name: &info.name,
            dtype: info.dtype,
            rows: bytes.len() / (info.bytes as usize / rows.max(1)).max(1),
            cols: info.shape[0] as usize,
            bytes,
            order: spec.order,
        };
        let tensor = if info.shape.len() == 1 {
            Tensor::Vector(vector(&part)?)
        } else {
            match self.push_rows(&part, rows)? {
                Some(matrix) => Tensor::Matrix(matrix),
                None => return Ok(()),
            }
        };
        self.tensors.insert(info.name.clone(), tensor);
        self.parameters += info.shape.iter().product::<u64>();
        *self.stored.entry(info.dtype as u32).or_default() += info.bytes;
        Ok(())
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
