//! Every operation of the CPU backend against the reference, on one case table.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

mod common;

use common::{Random, relative_error, store};
use cosa::backend::cpu::{Cpu, lanes::Scalar};
use cosa::backend::reference::Reference;
use cosa::backend::{Backend, Heads, KvView, Matrix, PAGE, RowOrder};
use cosa::quant::Dtype;

const TIGHT: f32 = 2e-6;

/// Activations that 8-bit codes hold exactly, so that only the kernel itself is measured.
fn exact_activations(n: usize, cols: usize, random: &mut Random) -> Vec<f32> {
    (0..n * cols)
        .map(|i| if i % 32 == 5 { 127.0 } else { (random.bits() % 255) as f32 - 127.0 } * 0.25)
        .collect()
}

fn matrix<'a>(
    dtype: Dtype,
    rows: usize,
    cols: usize,
    bytes: &'a [u8],
    order: RowOrder,
) -> Matrix<'a> {
    Matrix {
        name: "case",
        dtype,
        rows,
        cols,
        bytes,
        order,
    }
}

fn check_matmul<B: Backend<Buffer = Vec<f32>>>(cpu: &B) {
    let mut random = Random::new(1);
    for dtype in Dtype::ALL {
        // Rows that fill no panel, columns that fill no vector, more and fewer rows than a tile.
        let ragged = if dtype.block_len() == 1 {
            43
        } else {
            3 * dtype.block_len()
        };
        for (rows, cols, n) in [
            (1, ragged, 1),
            (7, ragged, 3),
            (8, 256, 4),
            (66, 512, 9),
            (2, 256, 0),
        ] {
            let bytes = store(&random.values(rows * cols, 1.0), dtype);
            let x = exact_activations(n, cols, &mut random);
            let order = if rows == 66 {
                RowOrder::EvenThenOdd { head_dim: 22 }
            } else {
                RowOrder::AsStored
            };
            let matrix = matrix(dtype, rows, cols, &bytes, order);
            let expected = Reference.matmul(&Reference.pack(&matrix).unwrap(), &x);
            let packed = cpu.pack(&matrix).unwrap();
            let found = cpu.matmul(&packed, &x);
            assert_eq!(found.len(), n * rows);
            if n > 0 {
                let error = relative_error(&found, &expected);
                assert!(error < TIGHT, "{dtype} {rows}x{cols}, {n} rows: {error}");
            }
            let ids: Vec<u32> = (0..rows as u32).rev().collect();
            let expected = Reference.embed(&Reference.pack(&matrix).unwrap(), &ids);
            assert_eq!(
                cpu.embed(&packed, &ids),
                expected,
                "embed {dtype} {rows}x{cols}"
            );
        }
    }
}

#[test]
fn matmul_and_embed() {
    check_matmul(&Cpu::new());
    check_matmul(&Cpu::<Scalar>::default());
}

#[test]
fn matmul_of_extremes() {
    let cpu = Cpu::new();
    let zeros = store(&[0.0; 4 * 32], Dtype::Q8_0);
    let weight = cpu
        .pack(&matrix(Dtype::Q8_0, 4, 32, &zeros, RowOrder::AsStored))
        .unwrap();
    assert_eq!(cpu.matmul(&weight, &vec![3.0; 32]), [0.0; 4], "zero scales");
    let ones = store(&[1.0; 4 * 32], Dtype::Q8_0);
    let weight = cpu
        .pack(&matrix(Dtype::Q8_0, 4, 32, &ones, RowOrder::AsStored))
        .unwrap();
    assert_eq!(
        cpu.matmul(&weight, &vec![0.0; 32]),
        [0.0; 4],
        "zero activations"
    );
    for (value, expected) in [(1e-30, 32e-30), (1e30, 32e30)] {
        let found = cpu.matmul(&weight, &vec![value; 32])[0];
        assert!((found / expected - 1.0).abs() < 1e-3, "{value}: {found}");
    }
    for bad in [f32::NAN, f32::INFINITY] {
        let mut x = vec![1.0; 32];
        x[9] = bad;
        assert!(
            !cpu.matmul(&weight, &x)[0].is_finite(),
            "{bad} must not vanish"
        );
    }
}

#[test]
fn elementwise_operations() {
    let cpu = Cpu::new();
    let mut random = Random::new(2);
    for (n, width) in [(1, 1), (1, 4), (3, 30), (5, 64), (2, 172)] {
        let x = random.values(n * width, 3.0);
        let y = random.values(n * width, 3.0);
        let row = random.values(width, 2.0);
        let norm = |b: &dyn Fn(&Vec<f32>) -> Vec<f32>| b(&x);
        let expected = norm(&|x| Reference.rms_norm(x, &row, 1e-5));
        assert!(relative_error(&norm(&|x| cpu.rms_norm(x, &row, 1e-5)), &expected) < TIGHT);
        let mut pair = [x.clone(), x.clone()];
        let [a, b] = &mut pair;
        for step in 0..3 {
            match step {
                0 => (Reference.swiglu(a, &y), cpu.swiglu(b, &y)),
                1 => (Reference.add(a, &y), cpu.add(b, &y)),
                _ => (Reference.add_bias(a, &row), cpu.add_bias(b, &row)),
            };
            assert!(relative_error(b, a) < TIGHT, "step {step}, {n}x{width}");
        }
        let rows: Vec<usize> = (0..n).rev().collect();
        assert_eq!(
            cpu.gather(&x, width, &rows),
            Reference.gather(&x, width, &rows)
        );
    }
    let zero = vec![0.0; 8];
    assert_eq!(
        cpu.rms_norm(&zero, &vec![1.0; 8], 1e-5),
        zero,
        "a row of zeros"
    );
    let mut steep = vec![-200.0, 200.0];
    cpu.swiglu(&mut steep, &vec![1.0, 1.0]);
    assert_eq!(steep, [-0.0, 200.0], "no NaN where exp overflows");
}

#[test]
fn rope_rotates_pairs_half_a_head_apart() {
    let heads = Heads { count: 3, dim: 6 };
    let inv_freq = [1.0, 0.5, 0.01];
    let x = Random::new(3).values(2 * heads.width(), 1.0);
    let mut found = x.clone();
    Cpu::new().rope(&mut found, heads, &[0, 1000], &inv_freq);
    assert_eq!(
        found[..heads.width()],
        x[..heads.width()],
        "position 0 stays"
    );
    for head in 0..heads.count {
        for (i, freq) in inv_freq.iter().enumerate() {
            let at = heads.width() + head * heads.dim + i;
            let (sin, cos) = (1000.0 * freq).sin_cos();
            assert_eq!(found[at], x[at] * cos - x[at + 3] * sin);
            assert_eq!(found[at + 3], x[at] * sin + x[at + 3] * cos);
        }
    }
}

#[test]
fn attention_over_pages_and_grouped_heads() {
    let mut random = Random::new(4);
    let cpu = Cpu::new();
    for (heads, kv, dim, pasts) in [
        (1, 1, 2, vec![(0, 1)]),
        (4, 2, 10, vec![(0, 3), (PAGE - 1, 2)]),
        (6, 2, 16, vec![(2 * PAGE + 5, 1), (PAGE, 1), (7, PAGE + 3)]),
    ] {
        let (heads, kv) = (Heads { count: heads, dim }, Heads { count: kv, dim });
        let pages: Vec<[Vec<Vec<f32>>; 2]> = (pasts.iter())
            .map(|(past, new)| {
                [(); 2].map(|()| {
                    (0..(past + new).div_ceil(PAGE))
                        .map(|_| random.values(PAGE * kv.width(), 2.0))
                        .collect()
                })
            })
            .collect();
        let views: Vec<KvView<'_, Vec<f32>>> = (pasts.iter().zip(&pages))
            .map(|((past, new), [keys, values])| KvView {
                keys: keys.iter().collect(),
                values: values.iter().collect(),
                lens: past + 1..past + 1 + new,
            })
            .collect();
        let n: usize = pasts.iter().map(|(_, new)| new).sum();
        let q = random.values(n * heads.width(), 2.0);
        let expected = Reference.attend(&q, heads, kv, &views);
        let error = relative_error(&cpu.attend(&q, heads, kv, &views), &expected);
        assert!(error < 1e-5, "{heads:?}: {error}");
    }
    // A single visible position is its value, whatever the score.
    let one = Heads { count: 1, dim: 2 };
    let mut page = vec![0.0; PAGE * 2];
    cpu.kv_store(&mut page, 0, &vec![9.0, 9.0, 1e30, -7.0], 1, one);
    let view = KvView {
        keys: vec![&page],
        values: vec![&page],
        lens: 1..2,
    };
    assert_eq!(cpu.attend(&vec![1.0, 1.0], one, one, &[view]), [1e30, -7.0]);
}
