//! What several test files need: random tiny models, and the shared data if it is there.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    dead_code,
    reason = "tests"
)]

use std::path::PathBuf;

use candle_core::quantized::{GgmlDType, QTensor};
use cosa::Result;
use cosa::backend::{Backend, PAGE};
use cosa::gguf::{Header, Metadata, Reader, Sink, TensorInfo, Value, Writer};
use cosa::model::{LoadOptions, LoadedModel, Loader, Sequence, Transformer};
use cosa::quant::Dtype;

/// The file `name` of the shared data, or `None` after saying that the test is skipped.
pub fn shared(name: &str) -> Option<PathBuf> {
    let root = std::env::var_os("COSA_SHARED").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared"),
        PathBuf::from,
    );
    let path = root.join(name);
    if path.exists() {
        return Some(path);
    }
    println!(
        "skipped: {} is not there (set COSA_SHARED to its folder)",
        path.display()
    );
    None
}

/// xorshift64*: small, seeded, and the same everywhere.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub fn bits(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// From -1 to 1.
    pub fn unit(&mut self) -> f32 {
        (self.bits() >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    }

    pub fn values(&mut self, len: usize, scale: f32) -> Vec<f32> {
        (0..len).map(|_| self.unit() * scale).collect()
    }
}

/// candle's name for a type.
pub fn candle_dtype(dtype: Dtype) -> GgmlDType {
    match dtype {
        Dtype::F32 => GgmlDType::F32,
        Dtype::F16 => GgmlDType::F16,
        Dtype::BF16 => GgmlDType::BF16,
        Dtype::Q4_0 => GgmlDType::Q4_0,
        Dtype::Q4_1 => GgmlDType::Q4_1,
        Dtype::Q5_0 => GgmlDType::Q5_0,
        Dtype::Q5_1 => GgmlDType::Q5_1,
        Dtype::Q8_0 => GgmlDType::Q8_0,
        Dtype::Q2_K => GgmlDType::Q2K,
        Dtype::Q3_K => GgmlDType::Q3K,
        Dtype::Q4_K => GgmlDType::Q4K,
        Dtype::Q5_K => GgmlDType::Q5K,
        Dtype::Q6_K => GgmlDType::Q6K,
    }
}

/// `values` stored as `dtype`, by candle's quantizers.
pub fn store(values: &[f32], dtype: Dtype) -> Vec<u8> {
    let tensor = candle_core::Tensor::new(values, &candle_core::Device::Cpu).unwrap();
    let quantized = QTensor::quantize(&tensor, candle_dtype(dtype)).unwrap();
    quantized.data().unwrap().into_owned()
}

/// The shape of a random model; everything is small, nothing is square.
#[derive(Clone, Copy)]
pub struct Shape {
    pub family: &'static str,
    pub dtype: Dtype,
    pub tied: bool,
    pub embd: u64,
    pub ff: u64,
    pub heads: u64,
    pub kv_heads: u64,
    pub dim: u64,
    pub layers: u64,
    pub vocab: u64,
}

impl Shape {
    pub fn new(family: &'static str, dtype: Dtype) -> Self {
        Self {
            family,
            dtype,
            tied: false,
            embd: 256,
            ff: 512,
            heads: 4,
            kv_heads: 2,
            dim: 64,
            layers: 2,
            vocab: 96,
        }
    }
}

/// Context of the models: over two pages, into a third.
pub const CONTEXT: usize = 2 * PAGE + 64;

/// Metadata of a model of this shape, without a tokenizer.
pub fn metadata(shape: Shape) -> Metadata {
    let mut metadata = Metadata::default();
    let family = shape.family;
    metadata.set("general.architecture", Value::String(family.to_owned()));
    for (key, value) in [
        ("context_length", CONTEXT as u64),
        ("embedding_length", shape.embd),
        ("block_count", shape.layers),
        ("feed_forward_length", shape.ff),
        ("attention.head_count", shape.heads),
        ("attention.head_count_kv", shape.kv_heads),
        ("attention.key_length", shape.dim),
        ("attention.value_length", shape.dim),
        ("rope.dimension_count", shape.dim),
        ("vocab_size", shape.vocab),
    ] {
        metadata.set(&format!("{family}.{key}"), Value::Uint(value));
    }
    metadata.set(
        &format!("{family}.attention.layer_norm_rms_epsilon"),
        Value::Float(f64::from(1e-5f32)),
    );
    metadata.set(&format!("{family}.rope.freq_base"), Value::Float(10_000.0));
    metadata
}

/// Names and shapes of the tensors of a model of this shape.
pub fn tensors(shape: Shape) -> Vec<(String, Vec<u64>)> {
    let Shape {
        embd,
        ff,
        dim,
        vocab,
        ..
    } = shape;
    let (q, kv) = (shape.heads * dim, shape.kv_heads * dim);
    let mut all = vec![
        ("token_embd.weight".to_owned(), vec![embd, vocab]),
        ("output_norm.weight".to_owned(), vec![embd]),
    ];
    if !shape.tied {
        all.push(("output.weight".to_owned(), vec![embd, vocab]));
    }
    for i in 0..shape.layers {
        let mut block = vec![
            ("attn_norm.weight", vec![embd]),
            ("attn_q.weight", vec![embd, q]),
            ("attn_k.weight", vec![embd, kv]),
            ("attn_v.weight", vec![embd, kv]),
            ("attn_output.weight", vec![q, embd]),
            ("ffn_norm.weight", vec![embd]),
            ("ffn_gate.weight", vec![embd, ff]),
            ("ffn_up.weight", vec![embd, ff]),
            ("ffn_down.weight", vec![ff, embd]),
        ];
        if shape.family == "qwen2" {
            block.extend([
                ("attn_q.bias", vec![q]),
                ("attn_k.bias", vec![kv]),
                ("attn_v.bias", vec![kv]),
            ]);
        }
        if shape.family == "qwen3" {
            block.extend([
                ("attn_q_norm.weight", vec![dim]),
                ("attn_k_norm.weight", vec![dim]),
            ]);
        }
        all.extend(
            block
                .into_iter()
                .map(|(name, shape)| (format!("blk.{i}.{name}"), shape)),
        );
    }
    all
}

/// A GGUF file of random weights; `metadata` may carry a tokenizer.
pub fn random_gguf(shape: Shape, metadata: Metadata, seed: u64) -> Vec<u8> {
    let mut random = Random::new(seed);
    let mut writer = Writer::new(metadata);
    for (name, dims) in tensors(shape) {
        let len = dims.iter().product::<u64>() as usize;
        let (dtype, values) = if name.contains("norm") {
            let around_one = random.values(len, 0.2).iter().map(|v| v + 1.0).collect();
            (Dtype::F32, around_one)
        } else if name.ends_with("bias") {
            (Dtype::F32, random.values(len, 0.5))
        } else {
            (shape.dtype, random.values(len, 0.15))
        };
        writer = writer.tensor(&name, &dims, dtype, store(&values, dtype));
    }
    writer.to_bytes()
}

/// Loads a whole file at once.
pub fn load<B: Backend>(backend: B, bytes: &[u8]) -> Result<LoadedModel<B>> {
    load_files(backend, &[bytes])
}

/// Loads the files of one model, in order.
pub fn load_files<B: Backend>(backend: B, files: &[&[u8]]) -> Result<LoadedModel<B>> {
    let mut loader = Loader::new(backend, LoadOptions::default());
    for bytes in files {
        let mut reader = Reader::new(Some(bytes.len() as u64));
        reader.push(bytes, &mut loader)?;
        reader.finish()?;
    }
    loader.finish()
}

/// One pass of a batch; the logits of those who ask.
pub fn forward<B: Backend>(
    model: &Transformer<B>,
    batch: &mut [Sequence<'_, B>],
) -> Result<Vec<f32>> {
    let mut logits = Vec::new();
    model.forward(batch, &mut logits)?;
    Ok(logits)
}

/// Every second tensor of a file, beginning with the first or second, under other metadata.
pub fn cut(file: &[u8], metadata: Metadata, first: usize) -> Vec<u8> {
    struct Collect(Vec<(TensorInfo, Vec<u8>)>);
    impl Sink for Collect {
        fn header(&mut self, _: &Header) -> Result<()> {
            Ok(())
        }
        fn tensor(&mut self, info: &TensorInfo, bytes: &[u8]) -> Result<()> {
            self.0.push((info.clone(), bytes.to_vec()));
            Ok(())
        }
    }
    let mut all = Collect(Vec::new());
    Reader::new(None).push(file, &mut all).unwrap();
    let mut writer = Writer::new(metadata);
    for (info, bytes) in all.0.into_iter().skip(first).step_by(2) {
        writer = writer.tensor(&info.name, &info.shape, info.dtype, bytes);
    }
    writer.to_bytes()
}

/// The root mean square of the difference, relative to that of the reference.
pub fn relative_error(found: &[f32], reference: &[f32]) -> f32 {
    assert_eq!(found.len(), reference.len());
    let rms = |values: &mut dyn Iterator<Item = f32>| values.map(|v| v * v).sum::<f32>().sqrt();
    let difference = rms(&mut found.iter().zip(reference).map(|(a, b)| a - b));
    difference / rms(&mut reference.iter().copied())
}
