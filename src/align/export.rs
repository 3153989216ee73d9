//! A trained model as a file to be shipped: fewer bits a weight, and where it comes from.

use std::path::Path;
use std::str::FromStr;

use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{Device, Tensor};

use super::floats::Floats;
use super::train::training;
use crate::error::{Error, Result};
use crate::gguf::{Value, Writer};
use crate::quant::{Dtype, dequantize};

/// Which type each tensor gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Half floats.
    F16,
    /// 8-bit codes.
    Q8_0,
    /// 4-bit codes; the embedding Q8_0.
    Q4_0,
    /// Q4_K, and Q6_K where it matters most, as in files that llama.cpp names Q4_K_M.
    Q4KM,
}

impl Scheme {
    /// Every scheme.
    pub const ALL: [Self; 4] = [Self::F16, Self::Q8_0, Self::Q4_0, Self::Q4KM];

    /// The name on the command line and in file names.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::F16 => "f16",
            Self::Q8_0 => "q8_0",
            Self::Q4_0 => "q4_0",
            Self::Q4KM => "q4_k_m",
        }
    }

    /// The type of a matrix of rows of `cols` weights. llama.cpp's choices, simplified: of
    /// Q4_K_M every second value and down matrix is Q6_K. Rows that are no whole number of
    /// blocks get the next larger type.
    #[must_use]
    pub fn dtype(self, name: &str, cols: u64) -> Dtype {
        let embedding = name.starts_with("token_embd");
        let layer = name.split('.').nth(1);
        let odd = layer.is_some_and(|layer| layer.ends_with(['1', '3', '5', '7', '9']));
        let better = embedding || odd && (name.contains("attn_v") || name.contains("ffn_down"));
        match self {
            Self::F16 => Dtype::F16,
            _ if !cols.is_multiple_of(32) => Dtype::F16,
            Self::Q4_0 if !embedding => Dtype::Q4_0,
            Self::Q4KM if cols.is_multiple_of(256) && better => Dtype::Q6_K,
            Self::Q4KM if cols.is_multiple_of(256) => Dtype::Q4_K,
            _ => Dtype::Q8_0,
        }
    }
}

impl FromStr for Scheme {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|scheme| scheme.name() == name);
        found.ok_or_else(|| Error::InvalidOption {
            name: "scheme".to_owned(),
            detail: format!("known: {}", Self::ALL.map(Self::name).join(", ")),
        })
    }
}

/// The file at `model` in another scheme, with further entries of metadata.
///
/// # Errors
/// Those of reading it; `NonFinite` with the tensor whose weights are no numbers, or too
/// large for the scheme.
pub fn export(model: &Path, scheme: Scheme, about: &[(&str, Value)]) -> Result<Vec<u8>> {
    let mut floats = Floats::read(model)?;
    floats.metadata.0.remove("general.file_type");
    for (key, value) in about {
        floats.metadata.set(key, value.clone());
    }
    let mut writer = Writer::new(floats.metadata);
    for (name, (shape, weights)) in &floats.tensors {
        let dtype = match shape.len() {
            0 | 1 => Dtype::F32,
            _ => scheme.dtype(name, shape[0]),
        };
        let bytes = quantize(dtype, weights).map_err(training)?;
        // Half floats end at 65,504: finite weights may be too large for them.
        if dequantize(dtype, &bytes)
            .iter()
            .any(|weight| !weight.is_finite())
        {
            return Err(Error::NonFinite {
                what: format!("tensor {name} as {dtype:?}"),
            });
        }
        writer = writer.tensor(name, shape, dtype, bytes);
    }
    Ok(writer.to_bytes())
}

/// The blocks of `dtype`, by candle's quantizers, which are those of ggml.
fn quantize(dtype: Dtype, weights: &[f32]) -> candle_core::Result<Vec<u8>> {
    let dtype = match dtype {
        Dtype::F16 => GgmlDType::F16,
        Dtype::Q8_0 => GgmlDType::Q8_0,
        Dtype::Q4_0 => GgmlDType::Q4_0,
        Dtype::Q4_K => GgmlDType::Q4K,
        Dtype::Q6_K => GgmlDType::Q6K,
        _ => return Ok(bytemuck::cast_slice(weights).to_vec()),
    };
    let tensor = Tensor::from_slice(weights, weights.len(), &Device::Cpu)?;
    Ok(QTensor::quantize(&tensor, dtype)?.data()?.into_owned())
}
