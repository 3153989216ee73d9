//! Activations as codes, so that products with coded weights are sums of integers.

/// Values that share an activation scale.
pub(super) const BLOCK: usize = 32;

/// Rows of activations as 8-bit codes, widened to 16 bits for the kernels.
pub(super) struct Activations {
    /// `[n, cols]`, each from -127 to 127.
    pub codes: Vec<i16>,
    /// `[n, cols / 32]`.
    pub scales: Vec<f32>,
    /// `[n, cols / group]`: the sum of `scale * code` over each group of weights.
    pub sums: Vec<f32>,
}

impl Activations {
    /// Codes for `x`, whose length is a multiple of 32, with sums over runs of `group`.
    pub(super) fn quantize(x: &[f32], group: usize) -> Self {
        let mut codes = Vec::with_capacity(x.len());
        let mut scales = Vec::with_capacity(x.len() / BLOCK);
        let mut sums = Vec::with_capacity(x.len() / group);
        for block in x.as_chunks::<BLOCK>().0 {
            let highest = block
                .iter()
                .fold(0.0f32, |high, value| high.max(value.abs()));
            let inverse = if highest > 0.0 { 127.0 / highest } else { 0.0 };
            // A NaN among the values must reach the logits, where it is reported.
            let finite = block.iter().all(|value| value.is_finite());
            let scale = if finite { highest / 127.0 } else { f32::NAN };
            let block = block.map(|value| (value * inverse).round_ties_even() as i16);
            for group in block.chunks_exact(group) {
                let sum: i32 = group.iter().map(|&code| i32::from(code)).sum();
                sums.push(scale * sum as f32);
            }
            codes.extend_from_slice(&block);
            scales.push(scale);
        }
        Self {
            codes,
            scales,
            sums,
        }
    }
}
