//! Random tiny models against candle-transformers' own implementations of the families.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

mod common;

use candle_core::quantized::gguf_file::Content;
use candle_core::{Device, Tensor};
use candle_transformers::models::{quantized_llama, quantized_qwen2, quantized_qwen3};
use common::{Shape, load, metadata, random_gguf, relative_error};
use cosa::backend::Backend;
use cosa::backend::cpu::{Cpu, KvType, pool::Pool};
use cosa::backend::reference::Reference;
use cosa::gguf::Value;
use cosa::model::Sequence;
use cosa::quant::Dtype;

type Forward = Box<dyn FnMut(&Tensor, usize) -> candle_core::Result<Tensor>>;

/// Prompt, then two tokens decoded one by one: three rows of logits from candle.
fn candle(family: &str, bytes: &[u8], prompt: &[u32], next: &[u32]) -> Vec<f32> {
    let mut reader = std::io::Cursor::new(bytes);
    let content = Content::read(&mut reader).unwrap();
    let device = Device::Cpu;
    let mut forward: Forward = match family {
        "llama" => {
            let mut model =
                quantized_llama::ModelWeights::from_gguf(content, &mut reader, &device).unwrap();
            Box::new(move |x, at| model.forward(x, at))
        }
        "qwen2" => {
            let mut model =
                quantized_qwen2::ModelWeights::from_gguf(content, &mut reader, &device).unwrap();
            Box::new(move |x, at| model.forward(x, at))
        }
        _ => {
            let mut model =
                quantized_qwen3::ModelWeights::from_gguf(content, &mut reader, &device).unwrap();
            Box::new(move |x, at| model.forward(x, at))
        }
    };
    let mut logits = Vec::new();
    let mut run = |tokens: &[u32], at: usize| {
        let x = Tensor::new(tokens, &device).unwrap().unsqueeze(0).unwrap();
        logits.extend(
            forward(&x, at)
                .unwrap()
                .flatten_all()
                .unwrap()
                .to_vec1::<f32>()
                .unwrap(),
        );
    };
    run(prompt, 0);
    for (i, token) in next.iter().enumerate() {
        run(&[*token], prompt.len() + i);
    }
    logits
}

fn ours<B: Backend>(backend: B, bytes: &[u8], prompt: &[u32], next: &[u32]) -> Vec<f32> {
    let model = load(backend, bytes).unwrap().transformer;
    let mut cache = model.new_cache();
    let mut logits = Vec::new();
    for tokens in std::iter::once(prompt).chain(next.chunks(1)) {
        logits.extend(
            common::forward(
                &model,
                &mut [Sequence {
                    tokens,
                    cache: &mut cache,
                    logits: 1,
                }],
            )
            .unwrap(),
        );
    }
    logits
}

fn cpu(kv_type: KvType) -> Cpu {
    Cpu::with(Pool::with_threads(2), kv_type)
}

#[test]
fn logits_agree_with_candle() {
    let prompt: Vec<u32> = (0..19).map(|i| i * 13 % 96).collect();
    let next = [5, 77];
    for family in ["llama", "qwen2", "qwen3"] {
        for dtype in Dtype::ALL {
            let shape = Shape::new(family, dtype);
            let mut metadata = metadata(shape);
            metadata.set("general.dtype", Value::Uint(0)); // or candle's qwen3 rotates in F16
            let bytes = random_gguf(shape, metadata, 40 + dtype as u64);
            let theirs = candle(family, &bytes, &prompt, &next);
            for (name, found) in [
                ("reference", ours(Reference, &bytes, &prompt, &next)),
                ("cpu", ours(cpu(KvType::F32), &bytes, &prompt, &next)),
                (
                    "cpu, int8 cache",
                    ours(cpu(KvType::Int8), &bytes, &prompt, &next),
                ),
            ] {
                // With coded weights candle rounds activations to 8 bits, by 32 or 256 values.
                let coded_cache = if name.contains("int8") { 2e-2 } else { 0.0 };
                let bound = coded_cache + if dtype.block_len() == 1 { 1e-5 } else { 0.06 };
                let error = relative_error(&found, &theirs);
                assert!(error <= bound, "{family} {dtype} {name}: {error}");
            }
        }
    }
}
