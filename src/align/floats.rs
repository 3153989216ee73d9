//! The tensors of a model as 32-bit floats, whatever they are stored as.

use std::collections::BTreeMap;
use std::path::Path;

use super::transformers;
use crate::error::{Error, Result};
use crate::gguf::{Header, Metadata, Sink, TensorInfo, Writer, read_path, shard_paths};
use crate::quant::{Dtype, dequantize};

/// Takes a file's tensors as floats.
#[derive(Debug, Default)]
pub(super) struct Floats {
    pub metadata: Metadata,
    /// Shape in GGUF order, row length first, and values, by name.
    pub tensors: BTreeMap<String, (Vec<u64>, Vec<f32>)>,
}

impl Floats {
    /// All tensors of a GGUF file and the shards beside it, or of a folder that the
    /// Transformers library saved.
    pub fn read(path: &Path) -> Result<Self> {
        if path.is_dir() {
            return transformers::read(path);
        }
        let mut floats = Self::default();
        for shard in shard_paths(path)? {
            read_path(&shard, &mut floats)?;
        }
        // What is written from here on is one file.
        floats
            .metadata
            .0
            .retain(|key, _| !key.starts_with("split."));
        Ok(floats)
    }

    /// A GGUF file of them.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::new(self.metadata.clone());
        for (name, (shape, values)) in &self.tensors {
            let bytes = bytemuck::cast_slice(values).to_vec();
            writer = writer.tensor(name, shape, Dtype::F32, bytes);
        }
        writer.to_bytes()
    }
}

impl Sink for Floats {
    fn header(&mut self, header: &Header) -> Result<()> {
        // The first shard has the metadata; the others only their own numbers.
        if self.metadata.0.is_empty() {
            self.metadata = header.metadata.clone();
        }
        Ok(())
    }

    fn tensor(&mut self, info: &TensorInfo, bytes: &[u8]) -> Result<()> {
        let values = dequantize(info.dtype, bytes);
        if values.iter().any(|value| !value.is_finite()) {
            return Err(Error::NonFinite {
                what: format!("tensor {}", info.name),
            });
        }
        let (shape, name) = (info.shape.clone(), info.name.clone());
        self.tensors.insert(name, (shape, values));
        Ok(())
    }
}
