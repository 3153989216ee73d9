//! A decode step allocates nothing.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

mod common;

use common::{Shape, load, metadata, random_gguf};
use cosa::backend::PAGE;
use cosa::backend::cpu::{Cpu, KvType, pool::Pool};
use cosa::model::Sequence;
use cosa::quant::Dtype;

#[test]
fn a_decode_step_allocates_nothing() {
    for (dtype, threads) in [(Dtype::Q4_K, 1), (Dtype::Q8_0, 2), (Dtype::F16, 2)] {
        let shape = Shape::new("qwen3", dtype);
        let backend: Cpu = Cpu::with(Pool::with_threads(threads), KvType::Int8);
        let model = load(backend, &random_gguf(shape, metadata(shape), 3))
            .unwrap()
            .transformer;
        let (mut cache, mut logits) = (model.new_cache(), Vec::new());
        let mut step = |tokens: &[u32]| {
            let sequence = Sequence {
                tokens,
                cache: &mut cache,
                logits: 1,
            };
            model.forward(&mut [sequence], &mut logits).unwrap();
        };
        step(&[1, 2, 3]); // the first page, and all buffers
        let steps = PAGE - 3;
        let counted = allocation_counter::measure(|| (0..steps).for_each(|_| step(&[7])));
        assert_eq!(counted.count_total, 0, "{dtype} on {threads} threads");
        let counted = allocation_counter::measure(|| step(&[7]));
        assert!(counted.count_total > 0, "a new page is seen by the counter");
    }
}
