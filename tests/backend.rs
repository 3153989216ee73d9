//! Every operation of the CPU backend against the reference, on one case table.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

mod common;

use common::{Random, relative_error, store};
use std::sync::Arc;

use cosa::backend::cpu::{Cpu, KvType, lanes::Scalar, pool::Pool};
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

/// What an operation writes.
fn written(operation: impl FnOnce(&mut Vec<f32>)) -> Vec<f32> {
    let mut out = vec![f32::NAN; 3]; // whatever was there before
    operation(&mut out);
    out
}

/// A product alone.
fn matmul<B: Backend<Buffer = Vec<f32>>>(
    backend: &B,
    matrix: &Matrix<'_>,
    x: &Vec<f32>,
) -> Vec<f32> {
    let weight = backend.pack(matrix).unwrap();
    written(|out| backend.matmul([&weight], x, [out]))
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
            let expected = matmul(&Reference, &matrix, &x);
            let found = matmul(cpu, &matrix, &x);
            assert_eq!(found.len(), n * rows);
            if n > 0 {
                let error = relative_error(&found, &expected);
                assert!(error < TIGHT, "{dtype} {rows}x{cols}, {n} rows: {error}");
            }
            let ids: Vec<u32> = (0..rows as u32).rev().collect();
            let table = Reference.pack(&matrix).unwrap();
            let expected = written(|out| Reference.embed(&table, &ids, out));
            let packed = cpu.pack(&matrix).unwrap();
            let bytes = cpu.packed_bytes(dtype, rows as u64, cols as u64);
            assert_eq!(
                bytes,
                cpu.weight_bytes(&packed) as u64,
                "{dtype} {rows}x{cols}"
            );
            let found = written(|out| cpu.embed(&packed, &ids, out));
            assert_eq!(found, expected, "embed {dtype} {rows}x{cols}");
        }
    }
}

/// Codes at the ends of their range, all of one sign, against activations at theirs: the
/// greatest sums that integers must hold.
#[test]
fn no_sum_of_codes_overflows() {
    for dtype in Dtype::ALL.into_iter().filter(|dtype| dtype.block_len() > 1) {
        let cols = 2 * dtype.block_len();
        let row_bytes = dtype.row_bytes(cols as u64).unwrap() as usize;
        for fill in [0x00, 0xff] {
            let mut bytes = vec![fill; 8 * row_bytes];
            for block in bytes.chunks_exact_mut(dtype.block_bytes()) {
                set_half_scales(dtype, block);
            }
            let matrix = matrix(dtype, 8, cols, &bytes, RowOrder::AsStored);
            for sign in [1.0, -1.0] {
                let x = vec![127.0 * sign; 5 * cols];
                let expected = matmul(&Reference, &matrix, &x);
                let error = |found: &[f32]| {
                    let high = expected.iter().fold(1e-20f32, |high, v| high.max(v.abs()));
                    found
                        .iter()
                        .zip(&expected)
                        .fold(0.0f32, |most, (a, b)| most.max((a - b).abs()))
                        / high
                };
                let found = matmul(&Cpu::new(), &matrix, &x);
                assert!(
                    error(&found) < 1e-5,
                    "{dtype} {fill:#x} {sign}: {found:?} {expected:?}"
                );
            }
        }
    }
}

/// Puts the half float 0.5 where a block has its half floats.
fn set_half_scales(dtype: Dtype, block: &mut [u8]) {
    let places: &[usize] = match dtype {
        Dtype::Q4_1 | Dtype::Q5_1 | Dtype::Q4_K | Dtype::Q5_K => &[0, 2],
        Dtype::Q2_K => &[80, 82],
        Dtype::Q3_K => &[108],
        Dtype::Q6_K => &[208],
        _ => &[0],
    };
    for place in places {
        block[*place..place + 2].copy_from_slice(&0x3800u16.to_le_bytes());
    }
}

/// Several matrices of different types at once are as each alone.
#[test]
fn a_product_of_several_is_as_each_alone() {
    let mut random = Random::new(6);
    let cpu = Cpu::<Scalar>::with(Pool::with_threads(2), KvType::Int8);
    let stored = [Dtype::Q4_K, Dtype::Q6_K, Dtype::Q4_K, Dtype::F16]
        .map(|dtype| (dtype, store(&random.values(24 * 512, 1.0), dtype)));
    let matrices = stored
        .each_ref()
        .map(|(dtype, bytes)| matrix(*dtype, 24, 512, bytes, RowOrder::AsStored));
    let x = random.values(3 * 512, 1.0);
    let weights = matrices.each_ref().map(|matrix| cpu.pack(matrix).unwrap());
    let mut out = [(); 4].map(|()| Vec::new());
    cpu.matmul(weights.each_ref(), &x, out.each_mut());
    for (matrix, out) in matrices.iter().zip(&out) {
        assert_eq!(*out, matmul(&cpu, matrix, &x));
    }
}

#[test]
fn matmul_and_embed() {
    check_matmul(&Cpu::new());
    check_matmul(&Cpu::<Scalar>::with(Pool::with_threads(3), KvType::Int8));
}

#[test]
fn matmul_of_extremes() {
    let cpu = Cpu::new();
    let zeros = store(&[0.0; 4 * 32], Dtype::Q8_0);
    let weight = matrix(Dtype::Q8_0, 4, 32, &zeros, RowOrder::AsStored);
    assert_eq!(
        matmul(&cpu, &weight, &vec![3.0; 32]),
        [0.0; 4],
        "zero scales"
    );
    let ones = store(&[1.0; 4 * 32], Dtype::Q8_0);
    let weight = matrix(Dtype::Q8_0, 4, 32, &ones, RowOrder::AsStored);
    assert_eq!(
        matmul(&cpu, &weight, &vec![0.0; 32]),
        [0.0; 4],
        "zero activations"
    );
    for (value, expected) in [(1e-30, 32e-30), (1e30, 32e30)] {
        let found = matmul(&cpu, &weight, &vec![value; 32])[0];
        assert!((found / expected - 1.0).abs() < 1e-3, "{value}: {found}");
    }
    for bad in [f32::NAN, f32::INFINITY] {
        let mut x = vec![1.0; 32];
        x[9] = bad;
        assert!(
            !matmul(&cpu, &weight, &x)[0].is_finite(),
            "{bad} must not vanish"
        );
    }
}

#[test]
fn elementwise_operations() {
    let cpu = Cpu::new();
    let mut random = Random::new(2);
    for (n, width) in [(1, 1), (1, 4), (3, 30), (5, 64), (2, 172), (90, 200)] {
        let x = random.values(n * width, 3.0);
        let y = random.values(n * width, 3.0);
        let row = random.values(width, 2.0);
        let expected = written(|out| Reference.rms_norm(&x, &row, 1e-5, out));
        let found = written(|out| cpu.rms_norm(&x, &row, 1e-5, out));
        assert!(relative_error(&found, &expected) < TIGHT);
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
            written(|out| cpu.gather(&x, width, &rows, out)),
            written(|out| Reference.gather(&x, width, &rows, out))
        );
    }
    let zero = vec![0.0; 8];
    let norm = written(|out| cpu.rms_norm(&zero, &vec![1.0; 8], 1e-5, out));
    assert_eq!(norm, zero, "a row of zeros");
    let mut steep = vec![-200.0, 200.0];
    cpu.swiglu(&mut steep, &vec![1.0, 1.0]);
    assert!(
        steep[0].abs() < 1e-30,
        "no NaN where exp overflows: {steep:?}"
    );
    assert_eq!(steep[1], 200.0);
    let mut poisoned = vec![f32::NAN, 1.0];
    cpu.swiglu(&mut poisoned, &vec![1.0, 1.0]);
    assert!(poisoned[0].is_nan(), "NaN must not vanish");
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
fn rope_takes_the_angles_of_each_call() {
    let heads = Heads { count: 2, dim: 4 };
    let x = Random::new(4).values(heads.width(), 1.0);
    let rotated = |cpu: &Cpu, position: u32, inv_freq: &[f32]| {
        let mut found = x.clone();
        cpu.rope(&mut found, heads, &[position], inv_freq);
        found
    };
    let one = Cpu::new();
    assert_eq!(rotated(&one, 3, &[]), x, "nothing to rotate");
    for (position, inv_freq) in [
        (3, [1.0, 0.5]),
        (3, [1.0, 0.5]),
        (4, [1.0, 0.5]),
        (4, [1.0, 0.1]),
    ] {
        let alone = rotated(&Cpu::new(), position, &inv_freq);
        assert_ne!(alone, x);
        assert_eq!(
            rotated(&one, position, &inv_freq),
            alone,
            "{position} {inv_freq:?}"
        );
    }
}

/// The pages of a past, filled row by row.
fn pages<B: Backend<Buffer = Vec<f32>>>(
    backend: &B,
    heads: Heads,
    [keys, values]: &[Vec<f32>; 2],
) -> Vec<Arc<B::Page>> {
    let len = keys.len() / heads.width();
    let page = |number: usize| {
        let mut page = backend.new_page(heads);
        for position in number * PAGE..len.min((number + 1) * PAGE) {
            backend.kv_store(&mut page, position % PAGE, [keys, values], position, heads);
        }
        Arc::new(page)
    };
    (0..len.div_ceil(PAGE)).map(page).collect()
}

/// Attention of some sequences, each a past and new rows.
fn attend<B: Backend<Buffer = Vec<f32>>>(
    backend: &B,
    heads: [Heads; 2],
    sequences: &[(usize, usize, [Vec<f32>; 2])],
    q: &Vec<f32>,
) -> Vec<f32> {
    let pages: Vec<_> = (sequences.iter())
        .map(|(.., kv)| pages(backend, heads[1], kv))
        .collect();
    let views: Vec<_> = (sequences.iter().zip(&pages))
        .map(|((past, new, _), pages)| KvView {
            pages,
            lens: past + 1..past + 1 + new,
        })
        .collect();
    written(|out| backend.attend(q, heads, &views, out))
}

#[test]
fn attention_over_pages_and_grouped_heads() {
    let mut random = Random::new(4);
    for (heads, kv, dim, pasts) in [
        (1, 1, 2, vec![(0, 1)]),
        (4, 2, 10, vec![(0, 3), (PAGE - 1, 2)]),
        (6, 2, 16, vec![(2 * PAGE + 5, 1), (PAGE, 1), (7, PAGE + 3)]),
        (9, 3, 64, vec![(0, 2), (PAGE - 1, 2), (9 * PAGE + 5, 1)]),
        (7, 1, 64, vec![(PAGE - 20, 40)]),
        (4, 2, 128, vec![(PAGE + 3, 20)]),
        (2, 1, 256, vec![(3, 10)]),
        (7, 1, 32, vec![(3, 70)]),
        (2, 2, 96, vec![(17 * PAGE, 1), (5, 1)]),
    ] {
        let heads = [heads, kv].map(|count| Heads { count, dim });
        let sequences: Vec<_> = (pasts.into_iter())
            .map(|(past, new)| {
                let kv = [(); 2].map(|()| random.values((past + new) * heads[1].width(), 2.0));
                (past, new, kv)
            })
            .collect();
        let n: usize = sequences.iter().map(|(_, new, _)| new).sum();
        let q = random.values(n * heads[0].width(), 2.0);
        let expected = attend(&Reference, heads, &sequences, &q);
        let float = Cpu::<Scalar>::with(Pool::with_threads(2), KvType::F32);
        let error = relative_error(&attend(&float, heads, &sequences, &q), &expected);
        assert!(error < 1e-5, "{heads:?}: {error}");
        let coded = Cpu::<Scalar>::with(Pool::with_threads(2), KvType::Int8);
        let found = attend(&coded, heads, &sequences, &q);
        // Keys and values of 8 bits.
        let error = relative_error(&found, &expected);
        assert!(error < 2e-2, "coded {heads:?}: {error}");
        assert_eq!(
            found,
            attend(&Cpu::new(), heads, &sequences, &q),
            "one thread"
        );
    }
}

#[test]
fn attention_to_extremes() {
    for kv_type in [KvType::F32, KvType::Int8] {
        let cpu = Cpu::<Scalar>::with(Pool::with_threads(1), kv_type);
        let heads = Heads { count: 1, dim: 64 };
        let row = |value: f32| vec![value; 64];
        // A single visible position is its value, whatever the score and whatever lies behind.
        let kv = [
            [row(9.0), row(f32::NAN)].concat(),
            [row(1e30), row(f32::NAN)].concat(),
        ];
        let found = attend(&cpu, [heads; 2], &[(0, 1, kv)], &row(1.0));
        assert!(
            found.iter().all(|value| (value / 1e30 - 1.0).abs() < 1e-3),
            "{found:?}"
        );
        // NaN in one dimension of a value: not where it is hidden, but where it is visible.
        let mixed = [&[f32::NAN], &row(1.0)[1..]].concat();
        let kv = [[row(9.0), row(9.0)].concat(), [row(5.0), mixed].concat()];
        let hidden = attend(&cpu, [heads; 2], &[(0, 1, kv.clone())], &row(1.0));
        assert!(
            hidden.iter().all(|value| (value - 5.0).abs() < 1e-2),
            "{hidden:?}"
        );
        let seen = attend(&cpu, [heads; 2], &[(1, 1, kv)], &row(1.0));
        assert!(
            seen.iter().any(|value| value.is_nan()),
            "NaN must not vanish"
        );
        // Scores far apart: the lower one has no weight, and nothing overflows.
        let kv = [
            [row(-1e4), row(1e4)].concat(),
            [row(5.0), row(-7.0)].concat(),
        ];
        let found = attend(&cpu, [heads; 2], &[(1, 1, kv)], &row(100.0));
        assert!(
            found.iter().all(|value| (value + 7.0).abs() < 1e-2),
            "{found:?}"
        );
        let kv = [
            [row(1.0), row(f32::NAN)].concat(),
            [row(1.0), row(1.0)].concat(),
        ];
        let found = attend(&cpu, [heads; 2], &[(1, 1, kv)], &row(1.0));
        assert!(
            found.iter().all(|value| value.is_nan()),
            "NaN must not vanish"
        );
    }
}
