//! The fastest lanes of this build give the bits of the plain ones, through whole models.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

mod common;

use common::{Shape, load, metadata, random_gguf};
use cosa::backend::cpu::lanes::{Best, Lanes, Scalar};
use cosa::backend::cpu::{Cpu, KvType, pool::Pool};
use cosa::model::Sequence;
use cosa::quant::Dtype;

/// Logits after a prompt of many tiles, then after each of some single tokens.
fn logits<L: Lanes>(shape: Shape, kv_type: KvType) -> Vec<f32> {
    let backend = Cpu::<L>::with(Pool::with_threads(2), kv_type);
    let model = load(backend, &random_gguf(shape, metadata(shape), 11))
        .unwrap()
        .transformer;
    let (mut cache, mut step, mut all) = (model.new_cache(), Vec::new(), Vec::new());
    let prompt: Vec<u32> = (0..75).map(|i| 1 + i * 7 % 90).collect();
    for tokens in [&prompt[..], &[5], &[17], &[3, 9], &[4, 8, 2]] {
        let sequence = Sequence {
            tokens,
            cache: &mut cache,
            logits: true,
        };
        model.forward(&mut [sequence], &mut step).unwrap();
        all.extend_from_slice(&step);
    }
    all
}

#[test]
fn every_format_and_cache_has_the_same_bits() {
    println!("lanes: {}", Best::NAME);
    for dtype in [
        Dtype::F32,
        Dtype::F16,
        Dtype::BF16,
        Dtype::Q4_0,
        Dtype::Q8_0,
        Dtype::Q4_K,
        Dtype::Q5_K,
        Dtype::Q6_K,
        Dtype::Q2_K,
    ] {
        for kv_type in [KvType::Int8, KvType::F32] {
            let shape = Shape::new("qwen3", dtype);
            let (best, plain) = (
                logits::<Best>(shape, kv_type),
                logits::<Scalar>(shape, kv_type),
            );
            assert!(plain.iter().all(|value| value.is_finite()), "{dtype}");
            let differ = best
                .iter()
                .zip(&plain)
                .position(|(a, b)| a.to_bits() != b.to_bits());
            assert_eq!(differ, None, "{dtype} {kv_type:?}");
        }
    }
}
