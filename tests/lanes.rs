//! All lanes of this build give the bits of the plain ones, through whole models.
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
use cosa::backend::{Backend as _, Matrix, PAGE, ROWS_TOGETHER, RowOrder};
use cosa::model::Sequence;
use cosa::quant::Dtype;

/// Logits after a prompt of many tiles, then after each of some single tokens.
fn logits<L: Lanes>(shape: Shape, kv_type: KvType) -> Vec<f32> {
    let backend = Cpu::<L>::with(Pool::with_threads(2), kv_type);
    let model = load(backend, &random_gguf(shape, metadata(shape), 11))
        .unwrap()
        .transformer;
    let (mut cache, mut step, mut all) = (model.new_cache(), Vec::new(), Vec::new());
    let prompt: Vec<u32> = (0..PAGE as u32 - 3).map(|i| 1 + i * 7 % 90).collect();
    for tokens in [&prompt[..], &[5], &[17], &[3, 9], &[4, 8, 2]] {
        let sequence = Sequence {
            tokens,
            cache: &mut cache,
            logits: 1,
        };
        model.forward(&mut [sequence], &mut step).unwrap();
        all.extend_from_slice(&step);
    }
    all
}

#[test]
fn every_format_and_cache_has_the_same_bits() {
    println!("lanes: {}", Cpu::new().detail());
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
            let plain = logits::<Scalar>(shape, kv_type);
            assert!(plain.iter().all(|value| value.is_finite()), "{dtype}");
            let same = |found: Vec<f32>| {
                let mut both = found.iter().zip(&plain);
                let differ = both.position(|(a, b)| a.to_bits() != b.to_bits());
                assert_eq!(differ, None, "{dtype} {kv_type:?}");
            };
            same(logits::<Best>(shape, kv_type));
            #[cfg(target_arch = "x86_64")]
            same(logits::<cosa::backend::cpu::lanes::Baseline>(
                shape, kv_type,
            ));
        }
    }
}

#[test]
fn a_matrix_packed_in_parts_is_as_packed_at_once() {
    let cpu: Cpu = Cpu::with(Pool::with_threads(1), KvType::Int8);
    let (rows, cols) = (ROWS_TOGETHER * 3 + 5, 512);
    for dtype in [
        Dtype::F32,
        Dtype::F16,
        Dtype::Q4_0,
        Dtype::Q8_0,
        Dtype::Q6_K,
        Dtype::Q2_K,
    ] {
        let row = dtype.row_bytes(cols as u64).unwrap() as usize;
        // Small codes and scales: no byte of 0x7c and more, which would be infinite halves.
        let bytes: Vec<u8> = (0..rows * row).map(|i| (i * 7 % 59) as u8).collect();
        let part = |from: usize, to: usize| Matrix {
            name: "m",
            dtype,
            rows: to - from,
            cols,
            bytes: &bytes[from * row..to * row],
            order: RowOrder::AsStored,
        };
        let whole = cpu.pack(&part(0, rows)).unwrap();
        let mut parts = cpu.begin_weight(&part(0, ROWS_TOGETHER), rows).unwrap();
        for from in (0..rows).step_by(ROWS_TOGETHER) {
            let to = rows.min(from + ROWS_TOGETHER);
            cpu.push_rows(&mut parts, &part(from, to)).unwrap();
        }
        assert_eq!(
            cpu.weight_bytes(&parts),
            cpu.weight_bytes(&whole),
            "{dtype}"
        );
        let x: Vec<f32> = (0..cols).map(|i| (i % 13) as f32 - 6.0).collect();
        let (mut a, mut b) = (Vec::new(), Vec::new());
        cpu.matmul([&whole], &x, [&mut a]);
        cpu.matmul([&parts], &x, [&mut b]);
        assert_eq!(a.len(), rows);
        assert_eq!(a, b, "{dtype}");
    }
}
