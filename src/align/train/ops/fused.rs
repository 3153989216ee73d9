//! The bridge from slices of floats to candle's custom operations.

use candle_core::{CpuStorage, CustomOp1, CustomOp2, DType, Layout, Result, Shape, Tensor, bail};
use rayon::prelude::*;

/// A function of one or two tensors with its gradient, on contiguous floats.
///
/// The result has the shape of the first argument without its last `DROPPED` dimensions.
pub(super) trait Kernel: Send + Sync + 'static {
    /// The name in error messages.
    const NAME: &'static str;
    /// Trailing dimensions that the result lacks.
    const DROPPED: usize = 0;

    /// Fills `out`, which comes as zeros.
    fn forward(&self, args: &[&[f32]], out: &mut [f32]);

    /// The gradient of each argument from that of the result.
    fn backward(&self, args: &[&[f32]], out: &[f32], grad: &[f32]) -> Vec<Vec<f32>>;
}

/// Whether there are kernels for such a tensor; if not, candle's own operations do it.
pub(super) fn is_fused(x: &Tensor) -> bool {
    x.device().is_cpu() && x.dtype() == DType::F32
}

/// A kernel as an operation of candle's.
pub(super) struct Fused<K>(pub K);

impl<K: Kernel> Fused<K> {
    fn run(&self, args: &[(&CpuStorage, &Layout)]) -> Result<(CpuStorage, Shape)> {
        let slices = args.iter().map(|(storage, layout)| floats(storage, layout));
        let slices = slices.collect::<Result<Vec<_>>>()?;
        let dims = args[0].1.dims();
        let shape = Shape::from(&dims[..dims.len() - K::DROPPED]);
        let mut out = vec![0.0; shape.elem_count()];
        self.0.forward(&slices, &mut out);
        Ok((CpuStorage::F32(out), shape))
    }

    fn gradients(&self, args: &[&Tensor], out: &Tensor, grad: &Tensor) -> Result<Vec<Tensor>> {
        let grad = grad.contiguous()?;
        let tensors: Vec<&Tensor> = args.iter().copied().chain([out, &grad]).collect();
        let guards: Vec<_> = tensors.iter().map(|t| t.storage_and_layout()).collect();
        let slices = guards.iter().map(|(storage, layout)| match &**storage {
            candle_core::Storage::Cpu(storage) => floats(storage, layout),
            _ => bail!("{} runs on the CPU only", K::NAME),
        });
        let slices = slices.collect::<Result<Vec<_>>>()?;
        let (args_of, rest) = slices.split_at(args.len());
        let gradients = self.0.backward(args_of, rest[0], rest[1]);
        (gradients.into_iter().zip(args))
            .map(|(values, arg)| Tensor::from_vec(values, arg.shape(), arg.device()))
            .collect()
    }
}

impl<K: Kernel> CustomOp1 for Fused<K> {
    fn name(&self) -> &'static str {
        K::NAME
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        self.run(&[(storage, layout)])
    }

    fn bwd(&self, arg: &Tensor, out: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        Ok(self.gradients(&[arg], out, grad)?.pop())
    }
}

impl<K: Kernel> CustomOp2 for Fused<K> {
    fn name(&self) -> &'static str {
        K::NAME
    }

    fn cpu_fwd(
        &self,
        storage_a: &CpuStorage,
        layout_a: &Layout,
        storage_b: &CpuStorage,
        layout_b: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        self.run(&[(storage_a, layout_a), (storage_b, layout_b)])
    }

    fn bwd(
        &self,
        a: &Tensor,
        b: &Tensor,
        out: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let mut gradients = self.gradients(&[a, b], out, grad)?;
        let of_b = gradients.pop();
        Ok((gradients.pop(), of_b))
    }
}

fn floats<'s>(storage: &'s CpuStorage, layout: &Layout) -> Result<&'s [f32]> {
    match layout.contiguous_offsets() {
        Some((start, end)) => Ok(&storage.as_slice::<f32>()?[start..end]),
        None => bail!("a fused operation was given a tensor that is not contiguous"),
    }
}

/// Rows that one thread takes at a time: enough work to be worth handing over.
pub(super) fn rows_at_once(row: usize) -> usize {
    (1 << 14) / row.max(1) + 1
}

/// Calls `each(first row, rows)` on groups of rows of `out`, on all processors.
pub(super) fn in_parallel(
    out: &mut [f32],
    row: usize,
    each: impl Fn(usize, &mut [f32]) + Send + Sync,
) {
    let rows = rows_at_once(row);
    (out.par_chunks_mut(rows * row).enumerate()).for_each(|(group, part)| each(group * rows, part));
}
