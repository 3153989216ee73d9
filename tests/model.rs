//! The forward pass: a real model's golden text, batches, forks, and bad models.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

mod common;

use common::{CONTEXT, Shape, load, metadata, random_gguf, relative_error};
use cosa::Error;
use cosa::backend::cpu::{Cpu, KvType, pool::Pool};
use cosa::backend::reference::Reference;
use cosa::backend::{Backend, PAGE};
use cosa::generate::surprise;
use cosa::gguf::{Value, Writer};
use cosa::model::{KvCache, Sequence, Transformer};
use cosa::quant::Dtype;

fn step<B: Backend>(model: &Transformer<B>, cache: &mut KvCache<B>, tokens: &[u32]) -> Vec<f32> {
    common::forward(
        model,
        &mut [Sequence {
            tokens,
            cache,
            logits: 1,
        }],
    )
    .unwrap()
}

fn argmax(logits: &[f32]) -> u32 {
    (0..logits.len())
        .max_by(|&a, &b| logits[a].total_cmp(&logits[b]).then(b.cmp(&a)))
        .unwrap() as u32
}

fn greedy<B: Backend>(model: &Transformer<B>, prompt: &[u32], count: usize) -> Vec<u32> {
    let mut cache = model.new_cache();
    let mut ids = vec![argmax(&step(model, &mut cache, prompt))];
    while ids.len() < count {
        let next = argmax(&step(model, &mut cache, &ids[ids.len() - 1..]));
        ids.push(next);
    }
    ids
}

/// Greedy ids on both backends, from a GGUF and its golden JSON.
fn check_golden(path: &std::path::Path, prompt: &str, expected: &str) {
    let bytes = std::fs::read(path).unwrap();
    let golden: serde_json::Value =
        serde_json::from_slice(&std::fs::read(path.with_extension("golden.json")).unwrap())
            .unwrap();
    let ids = |key: &str| -> Vec<u32> { serde_json::from_value(golden[key].clone()).unwrap() };
    let (prompt, expected) = (ids(prompt), ids(expected));
    let reference = load(Reference, &bytes).unwrap().transformer;
    assert_eq!(
        greedy(&reference, &prompt, expected.len()),
        expected,
        "reference"
    );
    let cpu = load(Cpu::new(), &bytes).unwrap().transformer;
    assert_eq!(greedy(&cpu, &prompt, expected.len()), expected, "cpu");
}

#[test]
fn stories260k_continues_as_every_other_implementation() {
    if let Some(path) = common::shared("conformance/stories260K.gguf") {
        check_golden(&path, "prompt_tokens_with_bos", "greedy_tokens");
    }
}

#[test]
fn our_golden_models_continue_as_the_independent_program() {
    let data = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    for name in ["golden.gguf", "golden_quantized.gguf"] {
        check_golden(&data.join(name), "prompt_ids", "generated_ids");
    }
}

#[test]
fn cpu_follows_the_reference_for_every_family_and_type() {
    for family in ["llama", "qwen2", "qwen3"] {
        for dtype in Dtype::ALL {
            let shape = Shape {
                tied: (dtype as u32).is_multiple_of(2),
                ..Shape::new(family, dtype)
            };
            let bytes = random_gguf(shape, metadata(shape), dtype as u64 + 1);
            let tokens: Vec<u32> = (0..23).map(|i| i * 7 % 96).collect();
            let reference = load(Reference, &bytes).unwrap().transformer;
            let expected = step(&reference, &mut reference.new_cache(), &tokens);
            // Float weights differ by rounding alone; coded ones meet 8-bit activations, and
            // coded keys and values have 8 bits too.
            let weights = if dtype.block_len() == 1 { 1e-5 } else { 4.5e-2 };
            for (kv_type, bound) in [(KvType::F32, weights), (KvType::Int8, weights + 2e-2)] {
                let backend: Cpu = Cpu::with(Pool::with_threads(1), kv_type);
                let cpu = load(backend, &bytes).unwrap().transformer;
                let found = step(&cpu, &mut cpu.new_cache(), &tokens);
                let error = relative_error(&found, &expected);
                assert!(error <= bound, "{family} {dtype} {kv_type:?}: {error}");
            }
        }
    }
}

/// Each way of running the CPU backend must give the same bits.
fn backends() -> Vec<Cpu> {
    (1..=3)
        .map(|threads| Cpu::with(Pool::with_threads(threads), KvType::Int8))
        .collect()
}

/// Tokens that need more than one page.
fn past_a_page() -> Vec<u32> {
    (0..PAGE as u32 + 22).map(|i| i * 31 % 96).collect()
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    for dtype in Dtype::ALL {
        let shape = Shape::new("qwen3", dtype);
        let bytes = random_gguf(shape, metadata(shape), 3);
        let tokens = past_a_page();
        let found = backends().into_iter().map(|backend| {
            let model = load(backend, &bytes).unwrap().transformer;
            let mut cache = model.new_cache();
            let mut logits = step(&model, &mut cache, &tokens);
            logits.extend(step(&model, &mut cache, &[7]));
            logits
        });
        let found: Vec<_> = found.collect();
        assert!(found.iter().all(|logits| *logits == found[0]), "{dtype}");
    }
}

#[test]
fn a_sequence_gets_the_same_bits_however_it_is_cut_or_batched() {
    for backend in backends() {
        cut_and_batch(backend);
    }
}

fn cut_and_batch(backend: Cpu) {
    let shape = Shape::new("qwen3", Dtype::Q4_K);
    let model = load(backend, &random_gguf(shape, metadata(shape), 3))
        .unwrap()
        .transformer;
    let tokens = past_a_page();
    let end = tokens.len() - 1;
    let whole = step(&model, &mut model.new_cache(), &tokens);
    let mut cut = model.new_cache();
    for chunk in tokens[..end].chunks(37) {
        assert!(
            common::forward(
                &model,
                &mut [Sequence {
                    tokens: chunk,
                    cache: &mut cut,
                    logits: 0
                }]
            )
            .unwrap()
            .is_empty()
        );
    }
    let (mut a, mut b, mut c) = (cut.fork(), cut.fork(), model.new_cache());
    let last = &tokens[end..];
    let batch = common::forward(
        &model,
        &mut [
            Sequence {
                tokens: &tokens[..5],
                cache: &mut c,
                logits: 1,
            },
            Sequence {
                tokens: last,
                cache: &mut a,
                logits: 1,
            },
            Sequence {
                tokens: &[9, 9, 9],
                cache: &mut b,
                logits: 0,
            },
            Sequence {
                tokens: last,
                cache: &mut cut,
                logits: 1,
            },
        ],
    )
    .unwrap();
    let vocab = model.config.vocab_size;
    assert_eq!(batch.len(), 3 * vocab);
    assert_eq!(&batch[vocab..2 * vocab], whole, "fork");
    assert_eq!(
        &batch[2 * vocab..],
        whole,
        "original beside its written forks"
    );
    assert_eq!(
        &batch[..vocab],
        step(&model, &mut model.new_cache(), &tokens[..5]),
        "another sequence"
    );
    cut.truncate(PAGE - 6);
    step(&model, &mut cut, &tokens[PAGE - 6..end]);
    assert_eq!(step(&model, &mut cut, last), whole, "after truncation");
}

#[test]
fn logits_after_many_tokens_are_those_after_each() {
    let shape = Shape::new("llama", Dtype::Q8_0);
    let model = load(Cpu::new(), &random_gguf(shape, metadata(shape), 6));
    let model = model.unwrap().transformer;
    let tokens: Vec<u32> = (0..150).map(|i| i * 31 % 96).collect();
    let (mut cache, mut each) = (model.new_cache(), Vec::new());
    let mut nats = 0.0;
    for (at, &token) in tokens.iter().enumerate() {
        let logits = step(&model, &mut cache, &[token]);
        if let Some(&next) = tokens.get(at + 1) {
            let total: f64 = logits.iter().map(|&logit| f64::from(logit).exp()).sum();
            nats += total.ln() - f64::from(logits[next as usize]);
        }
        each.push(logits);
    }
    for wanted in [1, 7, 150, 1000] {
        let sequence = Sequence {
            tokens: &tokens,
            cache: &mut model.new_cache(),
            logits: wanted,
        };
        let all = common::forward(&model, &mut [sequence]).unwrap();
        assert_eq!(all, each[150 - wanted.min(150)..].concat(), "{wanted}");
    }
    let found = surprise(&model, &tokens).unwrap();
    assert!((found - nats).abs() < 1e-6 * nats, "{found} and {nats}");
    assert!(surprise(&model, &[]).unwrap().abs() < 1e-9);
}

#[test]
fn bad_input_is_an_error_that_names_its_cause() {
    let shape = Shape::new("llama", Dtype::Q8_0);
    let model = load(Cpu::new(), &random_gguf(shape, metadata(shape), 5))
        .unwrap()
        .transformer;
    let mut cache = model.new_cache();
    let mut run = |tokens: &[u32]| {
        common::forward(
            &model,
            &mut [Sequence {
                tokens,
                cache: &mut cache,
                logits: 1,
            }],
        )
    };
    assert_eq!(run(&[96]).unwrap_err().code(), "invalid_option");
    assert_eq!(run(&[]).unwrap_err().code(), "invalid_option");
    assert_eq!(run(&[1; CONTEXT + 1]).unwrap_err().code(), "wrong_state");
    assert!(run(&[1; CONTEXT]).is_ok());

    let failing = |change: &dyn Fn(&mut cosa::gguf::Metadata)| {
        let mut metadata = metadata(shape);
        change(&mut metadata);
        load(Cpu::new(), &random_gguf(shape, metadata, 5)).unwrap_err()
    };
    let architecture = failing(&|m| {
        m.set("general.architecture", Value::String("mamba".to_owned()));
    });
    assert_eq!(
        architecture.to_string(),
        "model architecture \"mamba\" is not supported; known: llama, qwen2, qwen3"
    );
    assert_eq!(
        failing(&|m| {
            m.0.remove("llama.block_count");
        }),
        Error::MissingMetadata {
            key: "llama.block_count".to_owned()
        }
    );
    assert_eq!(
        failing(&|m| {
            m.set("llama.block_count", Value::Uint(3));
        })
        .code(),
        "missing_tensor"
    );
    assert_eq!(
        failing(&|m| {
            m.set("llama.block_count", Value::Uint(1));
        })
        .code(),
        "malformed_gguf"
    );
    assert_eq!(
        failing(&|m| {
            m.set("llama.block_count", Value::Uint(1 << 31));
        })
        .code(),
        "bad_metadata"
    );
    assert_eq!(
        failing(&|m| {
            m.set("llama.vocab_size", Value::Uint(95));
        })
        .code(),
        "shape_mismatch"
    );
    assert_eq!(
        failing(&|m| {
            m.set("llama.attention.head_count_kv", Value::Uint(3));
        })
        .code(),
        "bad_metadata"
    );
    assert_eq!(
        failing(&|m| {
            m.set("llama.rope.scaling.type", Value::String("yarn".to_owned()));
        })
        .code(),
        "bad_metadata"
    );
}

#[test]
fn nan_weights_are_refused() {
    for dtype in [Dtype::F32, Dtype::F16, Dtype::Q8_0, Dtype::Q6_K] {
        let shape = Shape::new("llama", dtype);
        let mut writer = Writer::new(metadata(shape));
        for (name, dims) in common::tensors(shape) {
            let dtype = if dims.len() == 1 { Dtype::F32 } else { dtype };
            let bytes = dtype.row_bytes(dims.iter().product()).unwrap() as usize;
            writer = writer.tensor(&name, &dims, dtype, vec![0xff; bytes]);
        }
        for error in [
            load(Cpu::new(), &writer.to_bytes()).unwrap_err(),
            load(Reference, &writer.to_bytes()).unwrap_err(),
        ] {
            assert_eq!(error.code(), "non_finite", "{dtype}");
        }
    }
}

#[test]
fn shards_are_one_model_and_must_come_in_order() {
    let shape = Shape::new("llama", Dtype::Q8_0);
    let whole = random_gguf(shape, metadata(shape), 8);
    let shard = |number: u64| {
        let mut data = if number == 0 {
            metadata(shape)
        } else {
            cosa::gguf::Metadata::default()
        };
        data.set("split.no", Value::Uint(number))
            .set("split.count", Value::Uint(2));
        common::cut(&whole, data, number as usize)
    };
    let (first, second) = (shard(0), shard(1));
    let tokens = [1, 2, 3];
    let one = load(Cpu::new(), &whole).unwrap().transformer;
    let expected = step(&one, &mut one.new_cache(), &tokens);
    let two = common::load_files(Cpu::new(), &[&first, &second])
        .unwrap()
        .transformer;
    assert_eq!(step(&two, &mut two.new_cache(), &tokens), expected);

    let error = |files: &[&[u8]]| common::load_files(Cpu::new(), files).unwrap_err();
    assert_eq!(
        error(&[&first]).to_string(),
        "1 of 2 model files were read; give all of them"
    );
    assert_eq!(error(&[&first, &first]).code(), "bad_metadata");
    assert_eq!(error(&[]).code(), "wrong_state");
}
