//! GGUF files of real models' shapes. Speed does not depend on the weights' values.

use clap::ValueEnum;
use cosa::align::export::Scheme;
use cosa::gguf::{Metadata, Value, Writer};
use cosa::quant::Dtype;

/// Whose shape.
#[derive(Clone, Copy, ValueEnum)]
pub enum Shape {
    /// SmolLM2-135M
    #[value(name = "smollm2-135m")]
    Smollm2,
    /// Qwen3-0.6B
    #[value(name = "qwen3-0.6b")]
    Qwen3,
    /// Llama-3.2-1B
    #[value(name = "llama3.2-1b")]
    Llama32,
}

/// The numbers of a shape.
struct Dims {
    family: &'static str,
    layers: u64,
    embd: u64,
    ff: u64,
    heads: u64,
    kv_heads: u64,
    dim: u64,
    vocab: usize,
    rope_base: f64,
}

impl Shape {
    fn dims(self) -> Dims {
        let (family, layers, embd, ff) = match self {
            Self::Smollm2 => ("llama", 30, 576, 1536),
            Self::Qwen3 => ("qwen3", 28, 1024, 3072),
            Self::Llama32 => ("llama", 16, 2048, 8192),
        };
        let (heads, kv_heads, dim, vocab, rope_base) = match self {
            Self::Smollm2 => (9, 3, 64, 49_152, 1e5),
            Self::Qwen3 => (16, 8, 128, 151_936, 1e6),
            Self::Llama32 => (32, 8, 64, 128_256, 5e5),
        };
        Dims {
            family,
            layers,
            embd,
            ff,
            heads,
            kv_heads,
            dim,
            vocab,
            rope_base,
        }
    }
}

/// The whole file.
pub fn bytes(shape: Shape, scheme: Scheme) -> Vec<u8> {
    let dims = shape.dims();
    let mut random = Random(88_172_645_463_325_252);
    let mut writer = Writer::new(metadata(&dims));
    for (name, shape) in tensors(&dims) {
        let dtype = scheme.dtype(&name, shape[0]);
        let bytes = match shape.len() {
            1 => [1.0f32.to_le_bytes()].repeat(shape[0] as usize).concat(),
            _ => weights(dtype, shape.iter().product(), &mut random),
        };
        let dtype = if shape.len() == 1 { Dtype::F32 } else { dtype };
        writer = writer.tensor(&name, &shape, dtype, bytes);
    }
    writer.to_bytes()
}

fn tensors(dims: &Dims) -> Vec<(String, Vec<u64>)> {
    let (q, kv) = (dims.heads * dims.dim, dims.kv_heads * dims.dim);
    let mut tensors = vec![
        (
            "token_embd.weight".to_owned(),
            vec![dims.embd, dims.vocab as u64],
        ),
        ("output_norm.weight".to_owned(), vec![dims.embd]),
    ];
    for layer in 0..dims.layers {
        let mut add = |name: &str, shape: &[u64]| {
            tensors.push((format!("blk.{layer}.{name}.weight"), shape.to_vec()));
        };
        add("attn_norm", &[dims.embd]);
        add("ffn_norm", &[dims.embd]);
        add("attn_q", &[dims.embd, q]);
        add("attn_k", &[dims.embd, kv]);
        add("attn_v", &[dims.embd, kv]);
        add("attn_output", &[q, dims.embd]);
        if dims.family == "qwen3" {
            add("attn_q_norm", &[dims.dim]);
            add("attn_k_norm", &[dims.dim]);
        }
        add("ffn_gate", &[dims.embd, dims.ff]);
        add("ffn_up", &[dims.embd, dims.ff]);
        add("ffn_down", &[dims.ff, dims.embd]);
    }
    tensors
}

/// Random codes under scales that make the weights about as large as real ones.
fn weights(dtype: Dtype, count: u64, random: &mut Random) -> Vec<u8> {
    let mut bytes = vec![0; dtype.row_bytes(count).unwrap_or_default() as usize];
    for eight in bytes.chunks_mut(8) {
        eight.copy_from_slice(&random.next()[..eight.len()]);
    }
    // Half floats: 2^-8, 2^-12, 2^-9.
    let scales: &[(usize, u16)] = match dtype {
        Dtype::Q4_0 => &[(0, 0x1c00)],
        Dtype::Q8_0 => &[(0, 0x0c00)],
        Dtype::Q4_K => &[(0, 0x0c00), (2, 0x1800)],
        Dtype::Q6_K => &[(208, 0x0400)],
        _ => &[],
    };
    for block in bytes.chunks_exact_mut(dtype.block_bytes()) {
        for (at, scale) in scales {
            block[*at..at + 2].copy_from_slice(&scale.to_le_bytes());
        }
        if dtype == Dtype::F16 {
            block[1] = block[1] & 0x80 | 0x24; // magnitudes from 2^-6 to 2^-5
        }
    }
    bytes
}

fn metadata(dims: &Dims) -> Metadata {
    let mut metadata = Metadata::default();
    let text = |text: &str| Value::String(text.to_owned());
    let family = dims.family;
    metadata.set("general.architecture", text(family));
    metadata.set("general.name", text("random weights"));
    for (key, value) in [
        ("context_length", 8192),
        ("embedding_length", dims.embd),
        ("block_count", dims.layers),
        ("feed_forward_length", dims.ff),
        ("attention.head_count", dims.heads),
        ("attention.head_count_kv", dims.kv_heads),
        ("attention.key_length", dims.dim),
        ("attention.value_length", dims.dim),
        ("rope.dimension_count", dims.dim),
        ("vocab_size", dims.vocab as u64),
    ] {
        metadata.set(&format!("{family}.{key}"), Value::Uint(value));
    }
    let epsilon = Value::Float(f64::from(1e-5f32));
    metadata.set(
        &format!("{family}.attention.layer_norm_rms_epsilon"),
        epsilon,
    );
    metadata.set(
        &format!("{family}.rope.freq_base"),
        Value::Float(dims.rope_base),
    );
    vocabulary(&mut metadata, dims.vocab, family);
    metadata
}

/// A byte-level vocabulary in which a single letter or space is one token.
fn vocabulary(metadata: &mut Metadata, size: usize, family: &str) {
    const CONTROL: [&str; 3] = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"];
    let mut tokens = bytes_as_text();
    let merges = add_merged(&mut tokens, size - CONTROL.len());
    let kinds = (0..size).map(|id| if id < tokens.len() { 1 } else { 3 });
    let kinds = kinds.collect();
    tokens.extend(CONTROL.map(str::to_owned));
    let pre = if family == "qwen3" { "qwen2" } else { "smollm" };
    for (key, value) in [
        ("model", Value::String("gpt2".to_owned())),
        ("pre", Value::String(pre.to_owned())),
        ("tokens", Value::Strings(tokens)),
        ("token_type", Value::Ints(kinds)),
        ("merges", Value::Strings(merges)),
        ("bos_token_id", Value::Uint(size as u64 - 3)),
        ("eos_token_id", Value::Uint(size as u64 - 1)),
        ("add_bos_token", Value::Bool(false)),
    ] {
        metadata.set(&format!("tokenizer.ggml.{key}"), value);
    }
}

/// The characters that stand for bytes in byte-level vocabularies.
fn bytes_as_text() -> Vec<String> {
    let printable = |byte: u32| matches!(byte, 33..=126 | 161..=172 | 174..=255);
    let mut next = 256;
    let mut code = |byte: u32| {
        if printable(byte) {
            return byte;
        }
        next += 1;
        next - 1
    };
    let characters = (0..256).filter_map(|byte| char::from_u32(code(byte)));
    characters.map(String::from).collect()
}

/// Adds letters in twos, then in threes and so on, until there are `size` tokens.
fn add_merged(tokens: &mut Vec<String>, size: usize) -> Vec<String> {
    let letter = |token: &&String| token.chars().all(|c| c.is_ascii_alphabetic());
    let letters: Vec<String> = tokens.iter().filter(letter).cloned().collect();
    let mut merges = Vec::new();
    let mut base = letters.clone();
    while tokens.len() < size {
        let mut made = Vec::new();
        let pairs = base
            .iter()
            .flat_map(|a| letters.iter().map(move |b| (a, b)));
        for (a, b) in pairs.take(size - tokens.len()) {
            merges.push(format!("{a} {b}"));
            made.push(format!("{a}{b}"));
        }
        tokens.extend(made.iter().cloned());
        base = made;
    }
    merges
}

/// xorshift64, eight bytes at a time.
struct Random(u64);

impl Random {
    fn next(&mut self) -> [u8; 8] {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.to_le_bytes()
    }
}
