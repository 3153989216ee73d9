//! What sets families apart: rotary scaling, tied output, window, bias.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

mod common;

use common::{CONTEXT, Shape, load, metadata, relative_error};
use cosa::backend::reference::Reference;
use cosa::gguf::{Metadata, Value, Writer};
use cosa::model::Sequence;
use cosa::quant::Dtype;

/// Logits of a fixed prompt; `extra` tensors and `change`d metadata on top of a random model.
fn logits(shape: Shape, change: &dyn Fn(&mut Metadata), extra: &[(&str, Vec<f32>)]) -> Vec<f32> {
    let mut metadata = metadata(shape);
    change(&mut metadata);
    let mut random = common::Random::new(21);
    let mut writer = Writer::new(metadata);
    for (name, dims) in common::tensors(shape) {
        let values = random.values(dims.iter().product::<u64>() as usize, 0.2);
        writer = writer.tensor(&name, &dims, Dtype::F32, common::store(&values, Dtype::F32));
    }
    for (name, values) in extra {
        let bytes = common::store(values, Dtype::F32);
        writer = writer.tensor(name, &[values.len() as u64], Dtype::F32, bytes);
    }
    let model = load(Reference, &writer.to_bytes()).unwrap().transformer;
    let tokens: Vec<u32> = (0..30).map(|i| i * 11 % 96).collect();
    let mut cache = model.new_cache();
    common::forward(
        &model,
        &mut [Sequence {
            tokens: &tokens,
            cache: &mut cache,
            logits: 1,
        }],
    )
    .unwrap()
}

#[test]
fn rope_freqs_divide_the_frequencies() {
    let shape = Shape::new("llama", Dtype::F32);
    let plain = logits(shape, &|_| {}, &[]);
    let ones = logits(shape, &|_| {}, &[("rope_freqs.weight", vec![1.0; 32])]);
    assert_eq!(ones, plain);
    let linear = logits(
        shape,
        &|m| {
            m.set(
                "llama.rope.scaling.type",
                Value::String("linear".to_owned()),
            );
            m.set("llama.rope.scaling.factor", Value::Float(4.0));
        },
        &[],
    );
    let fours = logits(shape, &|_| {}, &[("rope_freqs.weight", vec![4.0; 32])]);
    assert!(relative_error(&fours, &linear) < 1e-6);
    assert!(
        relative_error(&fours, &plain) > 1e-3,
        "the factors must matter"
    );
}

#[test]
fn a_bias_of_zero_changes_nothing_and_another_does() {
    let shape = Shape::new("llama", Dtype::F32);
    let plain = logits(shape, &|_| {}, &[]);
    for (name, len) in [("attn_q", 256), ("attn_k", 128), ("attn_v", 128)] {
        let name = format!("blk.1.{name}.bias");
        assert_eq!(logits(shape, &|_| {}, &[(&name, vec![0.0; len])]), plain);
        let ramp = (0..len).map(|i| i as f32 / len as f32).collect();
        assert!(
            relative_error(&logits(shape, &|_| {}, &[(&name, ramp)]), &plain) > 1e-4,
            "{name}"
        );
    }
}

#[test]
fn the_context_is_the_callers_wish_within_what_the_model_can() {
    let shape = Shape::new("llama", Dtype::F32);
    let context = |key: Option<u64>, wish: Option<usize>| {
        let mut metadata = metadata(shape);
        if let Some(window) = key {
            metadata.set("llama.attention.sliding_window", Value::Uint(window));
        }
        cosa::model::ModelConfig::from_metadata(&metadata, wish)
            .unwrap()
            .context_length
    };
    assert_eq!(context(None, None), CONTEXT);
    assert_eq!(context(None, Some(100)), 100);
    assert_eq!(context(None, Some(10_000)), 10_000, "worse, not wrong");
    assert_eq!(context(None, Some(usize::MAX)), 1 << 20);
    assert_eq!(context(Some(64), Some(10_000)), 64);
    assert_eq!(
        context(Some(64), None),
        64,
        "beyond its window the model would see less than we show it"
    );
}
