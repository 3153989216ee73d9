//! Every block format against candle's reading of the same bytes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

mod common;

use candle_core::Device;
use candle_core::quantized::{QTensor, ggml_file};
use common::{candle_dtype, store};
use cosa::quant::{self, Dtype};

/// Random bytes are a hard case for the unpacking: every bit of every field is used.
fn random_bytes(len: usize, seed: u64) -> Vec<u8> {
    let mut state = seed | 1;
    (0..len)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 24) as u8
        })
        .collect()
}

#[test]
fn dequantize_equals_candle_bit_for_bit() {
    for dtype in Dtype::ALL {
        let len = 512;
        let bytes = random_bytes(dtype.row_bytes(len).unwrap() as usize, dtype as u64 + 77);
        let ours = quant::dequantize(dtype, &bytes);
        let tensor: QTensor = ggml_file::qtensor_from_ggml(
            candle_dtype(dtype),
            &bytes,
            vec![len as usize],
            &Device::Cpu,
        )
        .unwrap();
        let theirs: Vec<f32> = tensor.dequantize(&Device::Cpu).unwrap().to_vec1().unwrap();
        assert_eq!(ours.len(), theirs.len(), "{dtype}");
        for (i, (a, b)) in ours.iter().zip(&theirs).enumerate() {
            let same = a == b || a.is_nan() && b.is_nan();
            assert!(same, "{dtype} weight {i}: {a} != {b}");
        }
    }
}

#[test]
fn sizes_agree_with_candle() {
    for dtype in Dtype::ALL {
        let theirs = candle_dtype(dtype);
        assert_eq!(dtype.block_len(), theirs.block_size(), "{dtype}");
        assert_eq!(dtype.block_bytes(), theirs.type_size(), "{dtype}");
        assert_eq!(Dtype::from_ggml(dtype as u32), Some(dtype));
    }
    assert_eq!(Dtype::from_ggml(16), None);
    assert_eq!(Dtype::Q4_K.row_bytes(257), None);
}

#[test]
fn quantized_by_candle_comes_back_close() {
    let values: Vec<f32> = (0..512).map(|i| (i as f32 * 0.37).sin()).collect();
    for (dtype, bound) in [
        (Dtype::Q8_0, 0.006),
        (Dtype::Q4_0, 0.13),
        (Dtype::Q6_K, 0.04),
    ] {
        let ours = quant::dequantize(dtype, &store(&values, dtype));
        let worst = ours
            .iter()
            .zip(&values)
            .map(|(a, b)| (a - b).abs())
            .fold(0.0, f32::max);
        assert!(worst < bound, "{dtype}: {worst}");
    }
}
