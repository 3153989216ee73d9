//! The fused operations against those they stand for, values and gradients.

#![allow(clippy::unwrap_used, reason = "tests")]

use candle_core::{Device, Result, Shape, Tensor, Var};

use super::*;

fn random(shape: impl Into<Shape>) -> Var {
    Var::randn(0f32, 2f32, shape, &Device::Cpu).unwrap()
}

/// Values and gradients of both, under an arbitrary gradient of the result.
fn agree(
    args: &[Var],
    fused: impl Fn(&[Var]) -> Result<Tensor>,
    composed: impl Fn(&[Var]) -> Result<Tensor>,
) {
    let (ours, theirs) = (fused(args).unwrap(), composed(args).unwrap());
    close(&ours, &theirs);
    let weights = random(ours.shape().clone()).as_tensor().detach();
    let of = |out: Tensor| (out * &weights).unwrap().sum_all().unwrap().backward();
    let (ours, theirs) = (of(ours).unwrap(), of(theirs).unwrap());
    for arg in args {
        close(ours.get(arg).unwrap(), theirs.get(arg).unwrap());
    }
}

fn close(a: &Tensor, b: &Tensor) {
    assert_eq!(a.shape(), b.shape());
    let flat = |t: &Tensor| t.flatten_all().unwrap().to_vec1::<f32>().unwrap();
    for (a, b) in flat(a).into_iter().zip(flat(b)) {
        assert!((a - b).abs() <= 2e-4 * (1.0 + b.abs()), "{a} is not {b}");
    }
}

#[test]
fn rms_norm_is_its_composition() {
    for rows in [1, 5, 400] {
        agree(
            &[random((rows, 3, 44)), random(44)],
            |x| rms_norm(&x[0], &x[1], 1e-5),
            |x| rms_norm::composed(&x[0], &x[1], 1e-5),
        );
    }
}

#[test]
fn swiglu_is_its_composition() {
    for rows in [1, 300] {
        agree(
            &[random((rows, 70)), random((rows, 70))],
            |x| swiglu(&x[0], &x[1]),
            |x| swiglu::composed(&x[0], &x[1]),
        );
    }
}

#[test]
fn rope_is_its_composition() {
    let inv_freq = [1.0, 0.3, 0.01];
    for adjacent in [true, false] {
        let table = Rope::new(&inv_freq, 9, adjacent);
        agree(
            &[random((2, 7, 4, 6))],
            |x| rope(&x[0], &table),
            |x| rope::composed(&x[0], &table),
        );
    }
}

#[test]
fn causal_softmax_is_its_composition() {
    for (rows, len) in [(1, 1), (7, 7), (21, 7), (64, 64)] {
        agree(
            &[random((2, 3, rows, len))],
            |x| causal_softmax(&x[0], 0.4),
            |x| attention::composed(&x[0], 0.4),
        );
    }
}

#[test]
fn cross_entropy_is_its_composition() {
    let targets: Vec<u32> = (0..50).map(|row| row * 7 % 33).collect();
    agree(
        &[random((50, 33))],
        |x| cross_entropy(&x[0], &targets),
        |x| cross_entropy::composed(&x[0], &targets),
    );
}
