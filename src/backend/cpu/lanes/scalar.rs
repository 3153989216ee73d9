//! Lanes as plain arrays: runs everywhere, and the compiler vectorises what it can.

use super::Lanes;

/// Arrays of four.
#[derive(Debug, Clone, Copy, Default)]
pub struct Scalar;

impl Lanes for Scalar {
    const NAME: &'static str = "scalar";
    type Float = [f32; 4];
    type Int = [i32; 4];
    type Pairs = [i16; 8];

    #[inline(always)]
    fn splat(value: f32) -> [f32; 4] {
        [value; 4]
    }

    #[inline(always)]
    fn load(values: &[f32; 4]) -> [f32; 4] {
        *values
    }

    #[inline(always)]
    fn store(values: [f32; 4]) -> [f32; 4] {
        values
    }

    #[inline(always)]
    fn add(a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
        std::array::from_fn(|r| a[r] + b[r])
    }

    #[inline(always)]
    fn mul(a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
        std::array::from_fn(|r| a[r] * b[r])
    }

    #[inline(always)]
    fn zero() -> [i32; 4] {
        [0; 4]
    }

    #[inline(always)]
    fn to_float(values: [i32; 4]) -> [f32; 4] {
        values.map(|value| value as f32)
    }

    #[inline(always)]
    fn pairs(codes: &[i8; 16]) -> [[i16; 8]; 2] {
        [
            std::array::from_fn(|i| i16::from(codes[i])),
            std::array::from_fn(|i| i16::from(codes[i + 8])),
        ]
    }

    #[inline(always)]
    fn dot_pair(acc: [i32; 4], codes: [i16; 8], x: [i16; 2]) -> [i32; 4] {
        let [x0, x1] = x.map(i32::from);
        std::array::from_fn(|r| {
            acc[r] + i32::from(codes[2 * r]) * x0 + i32::from(codes[2 * r + 1]) * x1
        })
    }
}
