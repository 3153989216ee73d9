//! Where training runs, and in what numbers.

use std::str::FromStr;

use candle_core::{DType, Device};

use crate::error::{Error, Result};

/// The processor that trains.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Place {
    /// All cores.
    #[default]
    Cpu,
    /// The first NVIDIA GPU, in a build with the feature `cuda`.
    Cuda,
}

impl FromStr for Place {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        match name {
            "cpu" => Ok(Self::Cpu),
            "cuda" => Ok(Self::Cuda),
            _ => Err(refused("device", "known: cpu, cuda")),
        }
    }
}

impl Place {
    /// The device in candle's terms.
    ///
    /// # Errors
    /// `InvalidOption` where there is no such device, or the build cannot use it.
    pub fn open(self) -> Result<Device> {
        match self {
            Self::Cpu => Ok(Device::Cpu),
            Self::Cuda => Device::new_cuda(0).map_err(|error| {
                let needs = "it needs a build with --features cuda, and an NVIDIA GPU";
                refused("device", &format!("cuda: {error}; {needs}"))
            }),
        }
    }
}

/// The numbers that products are computed in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Precision {
    /// 32-bit floats.
    #[default]
    F32,
    /// 16-bit floats with five bits of exponent: small gradients are lost.
    F16,
    /// 16-bit floats with the exponents of 32-bit ones; on a GPU only.
    Bf16,
}

impl FromStr for Precision {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        match name {
            "f32" => Ok(Self::F32),
            "f16" => Ok(Self::F16),
            "bf16" => Ok(Self::Bf16),
            _ => Err(refused("precision", "known: f32, f16, bf16")),
        }
    }
}

impl Precision {
    /// The type in candle's terms.
    ///
    /// # Errors
    /// `InvalidOption` where the device does not multiply such numbers.
    pub fn on(self, device: &Device) -> Result<DType> {
        match self {
            Self::F32 => Ok(DType::F32),
            Self::F16 => Ok(DType::F16),
            Self::Bf16 if device.is_cpu() => Err(refused("precision", "bf16 needs a GPU")),
            Self::Bf16 => Ok(DType::BF16),
        }
    }
}

fn refused(name: &str, detail: &str) -> Error {
    Error::InvalidOption {
        name: name.to_owned(),
        detail: detail.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn what_there_is_not_is_refused_by_name() {
        assert!("tpu".parse::<Place>().is_err() && "f8".parse::<Precision>().is_err());
        let cpu = "cpu".parse::<Place>().unwrap().open().unwrap();
        let f32 = "f32".parse::<Precision>().unwrap();
        assert_eq!(f32.on(&cpu).unwrap(), DType::F32);
        let bf16 = "bf16".parse::<Precision>().unwrap();
        assert!(bf16.on(&cpu).unwrap_err().to_string().contains("GPU"));
    }

    #[cfg(not(feature = "cuda"))]
    #[test]
    fn a_build_without_cuda_says_so() {
        let error = Place::Cuda.open().unwrap_err().to_string();
        assert!(error.contains("--features cuda"), "{error}");
    }
}
