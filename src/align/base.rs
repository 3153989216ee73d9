//! A model from nothing: a vocabulary that fits some texts, and weights drawn at random.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng as _;

use super::random::normal;
use crate::error::{Result, require};
use crate::gguf::{Metadata, Value, Writer};
use crate::quant::Dtype;
use crate::safety::Frame;
use crate::text::byte_level_vocabulary;

/// The pre-tokenizer of new models, under llama.cpp's name: digits stand alone.
const PRE: &str = "smollm";
const SPECIAL: [(&str, i64); 5] = [
    ("<|endoftext|>", CONTROL),
    ("<|im_start|>", CONTROL),
    ("<|im_end|>", CONTROL),
    ("<think>", USER_DEFINED),
    ("</think>", USER_DEFINED),
];

// What a token is for, in the numbers of GGUF files.
pub(super) const NORMAL: i64 = 1;
pub(super) const CONTROL: i64 = 3;
pub(super) const USER_DEFINED: i64 = 4;
pub(super) const UNUSED: i64 = 5;

/// ChatML with the reasoning of those turns that have one.
const TEMPLATE: &str = "{% for message in messages %}{{ '<|im_start|>' + message.role + '\n' }}{% if message.reasoning_content %}{{ '<think>' + message.reasoning_content + '</think>' }}{% endif %}{{ message.content + '<|im_end|>\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";

/// The shape of a new model of the family `llama`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    /// Tokens, special ones included.
    pub vocabulary: usize,
    /// Width of the residual stream.
    pub width: usize,
    /// Blocks.
    pub blocks: usize,
    /// Query heads.
    pub heads: usize,
    /// Key and value heads.
    pub kv_heads: usize,
    /// Width of the feed-forward layer.
    pub feed_forward: usize,
    /// Longest sequence it is made for.
    pub context: usize,
}

/// A GGUF file of 32-bit floats, with ChatML as its template and the embedding as output.
///
/// # Errors
/// `InvalidOption` for a shape that cannot be; `Tokenizer` where no vocabulary is found.
pub fn base(shape: &Shape, name: &str, texts: &[&str], seed: u64) -> Result<Vec<u8>> {
    let even = shape.heads > 0 && shape.width.is_multiple_of(2 * shape.heads);
    require(even, "heads", "the width must be an even multiple of them")?;
    let grouped = shape.kv_heads > 0 && shape.heads.is_multiple_of(shape.kv_heads);
    require(grouped, "kv_heads", "must divide the heads")?;
    let least = 256 + SPECIAL.len();
    require(
        shape.vocabulary >= least,
        "vocabulary",
        &format!("must be at least {least}"),
    )?;
    let metadata = metadata(shape, name, texts)?;
    Ok(weights(shape, Writer::new(metadata), seed).to_bytes())
}

fn metadata(shape: &Shape, name: &str, texts: &[&str]) -> Result<Metadata> {
    let mut metadata = Metadata::default();
    let text = |text: &str| Value::String(text.to_owned());
    metadata.set("general.architecture", text("llama"));
    metadata.set("general.name", text(name));
    let head = shape.width / shape.heads;
    for (key, value) in [
        ("context_length", shape.context),
        ("embedding_length", shape.width),
        ("block_count", shape.blocks),
        ("feed_forward_length", shape.feed_forward),
        ("attention.head_count", shape.heads),
        ("attention.head_count_kv", shape.kv_heads),
        ("rope.dimension_count", head),
        ("vocab_size", shape.vocabulary),
    ] {
        metadata.set(&format!("llama.{key}"), Value::Uint(value as u64));
    }
    let epsilon = f64::from(1e-5f32);
    metadata.set(
        "llama.attention.layer_norm_rms_epsilon",
        Value::Float(epsilon),
    );
    metadata.set("llama.rope.freq_base", Value::Float(10_000.0));
    metadata.set("tokenizer.chat_template", text(TEMPLATE));
    metadata.set(Frame::KEY, text(Frame::Read.name()));
    vocabulary(&mut metadata, shape.vocabulary, texts)?;
    Ok(metadata)
}

/// A byte-level vocabulary for the texts, the special tokens behind it.
fn vocabulary(metadata: &mut Metadata, size: usize, texts: &[&str]) -> Result<()> {
    let plain = size - SPECIAL.len();
    let (mut tokens, merges) = byte_level_vocabulary(texts, PRE, plain)?;
    let mut kinds = vec![NORMAL; tokens.len()];
    kinds.resize(plain, UNUSED);
    // Texts with few words give fewer tokens; what is missing can never come up.
    tokens.extend((tokens.len()..plain).map(|id| format!("<|unused{id}|>")));
    tokens.extend(SPECIAL.map(|(token, _)| token.to_owned()));
    kinds.extend(SPECIAL.map(|(_, kind)| kind));
    let text = |text: &str| Value::String(text.to_owned());
    for (key, value) in [
        ("model", text("gpt2")),
        ("pre", text(PRE)),
        ("tokens", Value::Strings(tokens)),
        ("token_type", Value::Ints(kinds)),
        ("merges", Value::Strings(merges)),
        ("bos_token_id", Value::Uint(plain as u64)),
        ("eos_token_id", Value::Uint(plain as u64 + 2)),
        ("add_bos_token", Value::Bool(false)),
    ] {
        metadata.set(&format!("tokenizer.ggml.{key}"), value);
    }
    Ok(())
}

/// Matrices keep the size of what goes through them; those that write into the residual
/// stream are smaller, by the number of them.
fn weights<'a>(shape: &Shape, writer: Writer<'a>, seed: u64) -> Writer<'a> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let (width, hidden) = (shape.width, shape.feed_forward);
    let kv = width / shape.heads * shape.kv_heads;
    let residual = 1.0 / (2.0 * shape.blocks as f32).sqrt();
    let mut matrix = |writer: Writer<'a>, name: &str, (rows, cols): (usize, usize), scale: f32| {
        let values = normal(&mut random, rows * cols, scale / (cols as f32).sqrt());
        let bytes = bytemuck::cast_slice(&values).to_vec();
        writer.tensor(name, &[cols as u64, rows as u64], Dtype::F32, bytes)
    };
    let ones = |writer: Writer<'a>, name: &str| {
        let bytes = bytemuck::cast_slice(&vec![1f32; width]).to_vec();
        writer.tensor(name, &[width as u64], Dtype::F32, bytes)
    };
    let mut writer = matrix(writer, "token_embd.weight", (shape.vocabulary, width), 0.5);
    writer = ones(writer, "output_norm.weight");
    for block in 0..shape.blocks {
        let name = |part: &str| format!("blk.{block}.{part}.weight");
        writer = ones(writer, &name("attn_norm"));
        writer = ones(writer, &name("ffn_norm"));
        for (part, size, scale) in [
            ("attn_q", (width, width), 1.0),
            ("attn_k", (kv, width), 1.0),
            ("attn_v", (kv, width), 1.0),
            ("attn_output", (width, width), residual),
            ("ffn_gate", (hidden, width), 1.0),
            ("ffn_up", (hidden, width), 1.0),
            ("ffn_down", (width, hidden), residual),
        ] {
            writer = matrix(writer, &name(part), size, scale);
        }
    }
    writer
}
