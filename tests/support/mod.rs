//! A tiny model of random weights, and the shared files where they are.
#![allow(dead_code, reason = "each test file uses a part")]

use std::fs;
use std::path::PathBuf;

use cosa::backend::{Backend, cpu::Cpu};
use cosa::generate::{Channel, FinishReason, GenerateOptions, Stats, Step};
use cosa::gguf::{Metadata, Value, Writer};
use cosa::guard::{Authority, ChatLoadOptions, ChatLoader, ChatModel, Session};
use cosa::quant::Dtype;

/// Context of the tiny model.
pub const CONTEXT: usize = 160;
const WIDTH: u64 = 32;
const FEED_FORWARD: u64 = 48;
const BLOCKS: usize = 2;

/// A loaded tiny model.
pub fn tiny<B: Backend>(backend: B) -> ChatModel<B> {
    load(backend, &tiny_file(), Authority::anyone())
}

/// Loads a file's bytes in uneven chunks.
pub fn load<B: Backend>(backend: B, bytes: &[u8], authority: Authority) -> ChatModel<B> {
    let options = ChatLoadOptions {
        authority,
        ..ChatLoadOptions::default()
    };
    let mut loader = ChatLoader::new(backend, options).unwrap();
    loader.begin_file(Some(bytes.len() as u64)).unwrap();
    for chunk in bytes.chunks(1001) {
        loader.push(chunk.to_vec()).unwrap();
    }
    assert_eq!(loader.end_file().unwrap(), (1, 1));
    loader.finish().unwrap()
}

/// The model that ships.
pub fn embedded() -> Session<Cpu> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/pkg/models/cosa-default.gguf");
    let bytes = fs::read(path).unwrap();
    Session::new(load(Cpu::new(), &bytes, Authority::anyone()))
}

/// A llama of two blocks with a vocabulary of bytes and the ChatML template.
pub fn tiny_file() -> Vec<u8> {
    tiny_framed("plain")
}

/// The same, which is shown configs in this frame.
pub fn tiny_framed(frame: &str) -> Vec<u8> {
    tiny_with("cosa.safety_frame", Value::String(frame.to_owned()))
}

/// The same, of which one thing more is known.
pub fn tiny_with(key: &str, value: Value) -> Vec<u8> {
    let mut metadata = metadata();
    metadata.set("cosa.safety_frame", Value::String("plain".to_owned()));
    metadata.set(key, value);
    let vocabulary = metadata.opt_strings("tokenizer.ggml.tokens").unwrap();
    let vocabulary = vocabulary.unwrap().len() as u64;
    let mut random = Random(7);
    let mut writer = Writer::new(metadata);
    let mut add = |name: &str, shape: &[u64]| {
        let count = shape.iter().product::<u64>();
        let norm = shape.len() == 1;
        let value = |_| if norm { 1.0 } else { random.next() };
        let bytes: Vec<u8> = (0..count).map(value).flat_map(f32::to_le_bytes).collect();
        writer = writer.clone().tensor(name, shape, Dtype::F32, bytes);
    };
    add("token_embd.weight", &[WIDTH, vocabulary]);
    for block in 0..BLOCKS {
        for (name, shape) in [
            ("attn_norm", vec![WIDTH]),
            ("attn_q", vec![WIDTH, WIDTH]),
            ("attn_k", vec![WIDTH, WIDTH]),
            ("attn_v", vec![WIDTH, WIDTH]),
            ("attn_output", vec![WIDTH, WIDTH]),
            ("ffn_norm", vec![WIDTH]),
            ("ffn_gate", vec![WIDTH, FEED_FORWARD]),
            ("ffn_up", vec![WIDTH, FEED_FORWARD]),
            ("ffn_down", vec![FEED_FORWARD, WIDTH]),
        ] {
            add(&format!("blk.{block}.{name}.weight"), &shape);
        }
    }
    add("output_norm.weight", &[WIDTH]);
    writer.to_bytes()
}

fn metadata() -> Metadata {
    let mut tokens: Vec<String> = byte_letters().map(String::from).collect();
    let mut kinds = vec![1; tokens.len()];
    for control in ["<|endoftext|>", "<|im_start|>", "<|im_end|>"] {
        tokens.push(control.to_owned());
        kinds.push(3);
    }
    let mut metadata = Metadata::default();
    for (key, value) in [
        ("general.architecture", Value::String("llama".into())),
        ("llama.context_length", Value::Uint(CONTEXT as u64)),
        ("llama.embedding_length", Value::Uint(WIDTH)),
        ("llama.block_count", Value::Uint(BLOCKS as u64)),
        ("llama.feed_forward_length", Value::Uint(FEED_FORWARD)),
        ("llama.attention.head_count", Value::Uint(4)),
        ("llama.attention.head_count_kv", Value::Uint(4)),
        (
            "llama.attention.layer_norm_rms_epsilon",
            Value::Float(f64::from(1e-5_f32)),
        ),
        ("tokenizer.ggml.model", Value::String("gpt2".into())),
        ("tokenizer.ggml.pre", Value::String("gpt-2".into())),
        ("tokenizer.ggml.tokens", Value::Strings(tokens)),
        ("tokenizer.ggml.token_type", Value::Ints(kinds)),
        ("tokenizer.ggml.merges", Value::Strings(vec!["a b".into()])),
        ("tokenizer.ggml.eos_token_id", Value::Uint(258)),
        ("tokenizer.ggml.add_bos_token", Value::Bool(false)),
    ] {
        metadata.set(key, value);
    }
    let Some(Value::Strings(tokens)) = metadata.0.get_mut("tokenizer.ggml.tokens") else {
        unreachable!()
    };
    tokens.push("ab".to_owned());
    let Some(Value::Ints(kinds)) = metadata.0.get_mut("tokenizer.ggml.token_type") else {
        unreachable!()
    };
    kinds.push(1);
    metadata
}

/// GPT-2's visible letter for each byte.
fn byte_letters() -> impl Iterator<Item = char> {
    let mut extra = 256..;
    (0..=255_u32).map(move |byte| {
        let visible = matches!(byte, 33..=126 | 161..=172 | 174..=255);
        let code = if visible { byte } else { extra.next().unwrap() };
        char::from_u32(code).unwrap()
    })
}

/// A linear congruential generator: weights that are the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1);
        ((self.0 >> 40) as f32 / (1 << 24) as f32 - 0.5) * 0.8
    }
}

/// What a run yielded.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    pub answer: String,
    pub reasoning: String,
    pub finish: FinishReason,
    pub stats: Stats,
}

/// A clock that stands still, so that stats are comparable.
pub fn clock() -> f64 {
    0.0
}

/// Steps to the end.
pub fn finish<B: Backend>(session: &mut Session<B>) -> Run {
    let (mut answer, mut reasoning) = (String::new(), String::new());
    loop {
        match session.step(&clock).unwrap() {
            Step::Prefill { done, total, .. } => assert!(done <= total),
            Step::Text { channel, text } => match channel {
                Channel::Answer => answer += &text,
                Channel::Reasoning => reasoning += &text,
            },
            Step::Done {
                finish_reason,
                stats,
            } => {
                return Run {
                    answer,
                    reasoning,
                    finish: finish_reason,
                    stats,
                };
            }
        }
    }
}

/// Sends a message and steps to the end.
pub fn ask<B: Backend>(
    session: &mut Session<B>,
    chat: u32,
    text: &str,
    options: &GenerateOptions,
) -> Run {
    session.send(chat, text, options.clone(), &clock).unwrap();
    finish(session)
}

/// Continues plain text to the end.
pub fn complete<B: Backend>(
    session: &mut Session<B>,
    text: &str,
    options: &GenerateOptions,
) -> Run {
    session.complete(text, options.clone(), &clock).unwrap();
    finish(session)
}

/// A file of `../shared`, or `None` with a word on why the test is skipped.
pub fn shared(name: &str) -> Option<Vec<u8>> {
    let root = std::env::var_os("COSA_SHARED").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared"),
        PathBuf::from,
    );
    let path = root.join(name);
    match fs::read(&path) {
        Ok(bytes) => Some(bytes),
        Err(error) => {
            println!("skipped: {} ({error})", path.display());
            None
        }
    }
}
