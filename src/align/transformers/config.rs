//! `config.json`: the shape of a model.

use serde::Deserialize;

use crate::gguf::{Metadata, Value};

#[derive(Debug, Deserialize)]
pub(super) struct Config {
    model_type: String,
    hidden_size: u64,
    num_hidden_layers: u64,
    num_attention_heads: u64,
    num_key_value_heads: Option<u64>,
    head_dim: Option<u64>,
    intermediate_size: u64,
    rms_norm_eps: f64,
    max_position_embeddings: u64,
    pub vocab_size: usize,
    #[serde(default)]
    tie_word_embeddings: bool,
    hidden_act: Option<String>,
    #[serde(default)]
    mlp_bias: bool,
    sliding_window: Option<u64>,
    use_sliding_window: Option<bool>,
    rope_theta: Option<f64>,
    rope_scaling: Option<Rope>,
    /// Where newer files say what the two before it do.
    rope_parameters: Option<Rope>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Rope {
    rope_type: Option<String>,
    /// Older files' name of the same.
    r#type: Option<String>,
    rope_theta: Option<f64>,
    factor: Option<f64>,
    low_freq_factor: Option<f64>,
    high_freq_factor: Option<f64>,
    original_max_position_embeddings: Option<f64>,
}

impl Rope {
    fn kind(&self) -> &str {
        let kind = self.rope_type.as_deref().or(self.r#type.as_deref());
        kind.unwrap_or("default")
    }
}

impl Config {
    /// Whether the embedding gives the logits too.
    pub fn is_tied(&self) -> bool {
        self.tie_word_embeddings
    }

    /// What a GGUF file says of the shape; in words, what this engine does not run.
    pub fn metadata(&self) -> Result<Metadata, String> {
        let family = self.family()?;
        self.check()?;
        let mut metadata = Metadata::default();
        let text = |text: &str| Value::String(text.to_owned());
        metadata.set("general.architecture", text(family));
        let head = self.head_dim()?;
        let mut set = |key: &str, value: Value| {
            metadata.set(&format!("{family}.{key}"), value);
        };
        for (key, value) in [
            ("context_length", self.max_position_embeddings),
            ("embedding_length", self.hidden_size),
            ("block_count", self.num_hidden_layers),
            ("feed_forward_length", self.intermediate_size),
            ("attention.head_count", self.num_attention_heads),
            ("attention.head_count_kv", self.kv_heads()),
            ("attention.key_length", head),
            ("attention.value_length", head),
            ("rope.dimension_count", head),
            ("vocab_size", self.vocab_size as u64),
        ] {
            set(key, Value::Uint(value));
        }
        set("attention.layer_norm_rms_epsilon", float(self.rms_norm_eps));
        set("rope.freq_base", float(self.base()));
        if let (Some(window), true) = (self.sliding_window, self.slides()) {
            set("attention.sliding_window", Value::Uint(window));
        }
        if let ("linear", Some(factor)) = (self.rope().kind(), self.rope().factor) {
            set("rope.scaling.type", text("linear"));
            set("rope.scaling.factor", float(factor));
        }
        Ok(metadata)
    }

    /// The heads of a tensor whose rows GGUF has in another order.
    pub fn heads_to_interleave(&self, name: &str) -> Option<usize> {
        let (_, part) = name.strip_prefix("blk.")?.split_once('.')?;
        let heads = match part {
            "attn_q.weight" | "attn_q.bias" => self.num_attention_heads,
            "attn_k.weight" | "attn_k.bias" => self.kv_heads(),
            _ => return None,
        };
        (self.family() == Ok("llama")).then_some(heads as usize)
    }

    /// What frequencies are divided by, as Llama 3 stretches them: the slow ones by the whole
    /// factor, the fast ones not at all.
    pub fn rope_factors(&self) -> Option<Vec<f32>> {
        let rope = self.rope();
        let (factor, low, high, context) = match rope.kind() {
            "llama3" => (
                rope.factor?,
                rope.low_freq_factor?,
                rope.high_freq_factor?,
                rope.original_max_position_embeddings?,
            ),
            _ => return None,
        };
        let head = self.head_dim().ok()?;
        let of = |pair: u64| {
            let frequency = libm::pow(self.base(), -2.0 * pair as f64 / head as f64);
            let turns = context * frequency / (2.0 * std::f64::consts::PI);
            let smooth = ((turns - low) / (high - low)).clamp(0.0, 1.0);
            (1.0 / ((1.0 - smooth) / factor + smooth)) as f32
        };
        Some((0..head / 2).map(of).collect())
    }

    fn family(&self) -> Result<&'static str, String> {
        match &*self.model_type {
            "llama" | "mistral" => Ok("llama"),
            "qwen2" => Ok("qwen2"),
            "qwen3" => Ok("qwen3"),
            other => Err(format!(
                "model_type {other:?} is not supported; known: llama, mistral, qwen2, qwen3"
            )),
        }
    }

    fn check(&self) -> Result<(), String> {
        if self.mlp_bias {
            return Err("mlp_bias is not supported".to_owned());
        }
        match self.hidden_act.as_deref() {
            None | Some("silu") => {}
            Some(other) => {
                return Err(format!(
                    "hidden_act {other:?} is not supported; known: silu"
                ));
            }
        }
        let rope = self.rope();
        match rope.kind() {
            "default" => Ok(()),
            "linear" if rope.factor.is_some() => Ok(()),
            "llama3" if self.rope_factors().is_some() => Ok(()),
            other => Err(format!(
                "rope scaling {other:?} is not supported, or lacks its factors; known: linear, llama3"
            )),
        }
    }

    fn rope(&self) -> Rope {
        let newer = self.rope_parameters.as_ref();
        newer
            .or(self.rope_scaling.as_ref())
            .cloned()
            .unwrap_or_default()
    }

    fn base(&self) -> f64 {
        self.rope()
            .rope_theta
            .or(self.rope_theta)
            .unwrap_or(10_000.0)
    }

    /// Mistral slides wherever it has a window; Qwen says whether it does.
    fn slides(&self) -> bool {
        self.use_sliding_window
            .unwrap_or(self.model_type == "mistral")
    }

    fn kv_heads(&self) -> u64 {
        self.num_key_value_heads.unwrap_or(self.num_attention_heads)
    }

    fn head_dim(&self) -> Result<u64, String> {
        let even = self.hidden_size.checked_div(self.num_attention_heads);
        let head = self.head_dim.or(even);
        head.ok_or_else(|| "num_attention_heads is 0".to_owned())
    }
}

/// As 32 bits hold it: other runtimes refuse a key with 64.
fn float(value: f64) -> Value {
    Value::Float(f64::from(value as f32))
}
