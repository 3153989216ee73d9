//! How gradients move the weights; the whole state can be saved.

use std::collections::BTreeMap;
use std::str::FromStr;

use candle_core::{DType, Result, Tensor, Var};

use super::gradients::Gradients;
use super::{adamw, cores, muon};
use crate::error::Error;

/// How weights are moved.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Method {
    /// Each value at its own pace.
    #[default]
    AdamW,
    /// The matrices of the blocks by Muon, the rest by `AdamW`.
    Muon,
}

impl FromStr for Method {
    type Err = Error;

    fn from_str(name: &str) -> std::result::Result<Self, Error> {
        match name {
            "adamw" => Ok(Self::AdamW),
            "muon" => Ok(Self::Muon),
            _ => Err(Error::InvalidOption {
                name: "optimizer".to_owned(),
                detail: "known: adamw, muon".to_owned(),
            }),
        }
    }
}

/// Steps taken, and what is remembered of their gradients.
#[derive(Debug, Clone, Default)]
pub struct Optimizer {
    /// How weights are moved.
    pub method: Method,
    /// Steps taken.
    pub step: u64,
    /// First and second moments, by weight. Muon leaves the second at zero.
    pub moments: BTreeMap<String, (Tensor, Tensor)>,
}

impl Optimizer {
    /// One step against the gradients. Matrices decay by `weight_decay`, vectors do not.
    ///
    /// # Errors
    /// Where candle fails.
    pub fn step(
        &mut self,
        weights: &BTreeMap<String, Var>,
        gradients: &Gradients,
        rate: f64,
        weight_decay: f64,
    ) -> Result<()> {
        self.step += 1;
        let known = gradients.iter().filter_map(|(name, gradient)| {
            let weight = weights.get(name)?;
            Some((name, weight, gradient, self.moments.remove(name)))
        });
        let mut known: Vec<_> = known.collect();
        // The largest first: a core that begins it last would be waited for.
        known.sort_by_key(|(_, _, gradient, _)| std::cmp::Reverse(gradient.elem_count()));
        let steps = self.step;
        let method = self.method;
        // Many small products: each matrix on a core of its own.
        let moved: Vec<Result<_>> = cores::each(known, |(name, weight, gradient, moments)| {
            let gradient = gradient.to_dtype(DType::F32)?;
            let by_muon = method == Method::Muon && muon::moves(name, gradient.rank());
            let (moments, update) = update(by_muon, moments, &gradient, steps)?;
            let old = weight.to_dtype(DType::F32)?;
            let decay = if old.rank() > 1 { weight_decay } else { 0.0 };
            let new = ((old * (1.0 - rate * decay))? - (update * rate)?)?;
            weight.set(&new.to_dtype(weight.dtype())?)?;
            Ok((name.clone(), moments))
        });
        for moments in moved {
            let (name, moments) = moments?;
            self.moments.insert(name, moments);
        }
        Ok(())
    }
}

type Moments = (Tensor, Tensor);

fn update(
    by_muon: bool,
    moments: Option<Moments>,
    gradient: &Tensor,
    steps: u64,
) -> Result<(Moments, Tensor)> {
    let (first, second) = match moments {
        Some(moments) => moments,
        None => {
            let shape = if by_muon { &[][..] } else { gradient.dims() };
            let second = Tensor::zeros(shape, DType::F32, gradient.device())?;
            (gradient.zeros_like()?, second)
        }
    };
    if by_muon {
        let (first, update) = muon::update(&first, gradient)?;
        return Ok(((first, second), update));
    }
    adamw::update((first, second), gradient, steps)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use candle_core::Device;

    /// Two steps of one weight by hand: w = 1, g = 0.5 then -1, rate 0.1, decay 0.01.
    #[test]
    fn two_steps_are_what_a_hand_computes() {
        let weight = Var::new(&[[1f32]], &Device::Cpu).unwrap();
        let weights = BTreeMap::from([("w".to_owned(), weight.clone())]);
        let mut optimizer = Optimizer::default();
        let mut go = |gradient: f32| {
            let gradient = Tensor::new(&[[gradient]], &Device::Cpu).unwrap();
            let gradients = BTreeMap::from([("w".to_owned(), gradient)]);
            optimizer.step(&weights, &gradients, 0.1, 0.01).unwrap();
            weight.as_tensor().to_vec2::<f32>().unwrap()[0][0]
        };
        // m = .05, v = .0125; unbiased .5 and .25: update 1. w = 1 * .999 - .1
        assert!((go(0.5) - 0.899).abs() < 1e-5);
        // m = -.055, v = .061875; unbiased -.28947 and .63462: update -.36337
        // w = .899 * .999 + .036337
        assert!((go(-1.0) - 0.934_438).abs() < 1e-5);
    }
}
