//! What JavaScript sees: plain objects, apart from the domain types.

use serde::Serialize;

use crate::generate::{self, Channel, GenerateOptions};
use crate::guard;
use crate::safety;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Files {
    pub files_done: usize,
    pub files_total: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Info<'a> {
    pub architecture: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<&'a str>,
    pub quantization: &'a str,
    pub parameters: f64,
    pub context_length: usize,
    pub trained_context_length: usize,
    pub vocabulary_size: usize,
    pub backend: &'a str,
    pub backend_detail: &'a str,
    pub threads: usize,
    pub sha256: &'a str,
    pub weight_bytes: usize,
    pub safety_frame: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub license: Option<&'a str>,
    #[serde(skip_serializing_if = "<[safety::KnownTopic]>::is_empty")]
    pub topics: &'a [safety::KnownTopic],
}

#[derive(Serialize)]
pub(super) struct SafetyConfig<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    text: &'a str,
    hash: String,
}

impl<'a> From<&'a safety::SafetyConfig> for SafetyConfig<'a> {
    fn from(config: &'a safety::SafetyConfig) -> Self {
        Self {
            name: config.name(),
            text: config.text(),
            hash: config.hash(),
        }
    }
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "camelCase")]
pub(super) enum Step {
    Prefill {
        done: usize,
        total: usize,
        cached: usize,
    },
    Text {
        channel: &'static str,
        text: String,
    },
    #[serde(rename_all = "camelCase")]
    Done {
        finish_reason: &'static str,
        stats: Stats,
    },
}

impl From<generate::Step> for Step {
    fn from(step: generate::Step) -> Self {
        match step {
            generate::Step::Prefill {
                done,
                total,
                cached,
            } => Self::Prefill {
                done,
                total,
                cached,
            },
            generate::Step::Text { channel, text } => Self::Text {
                channel: match channel {
                    Channel::Answer => "answer",
                    Channel::Reasoning => "reasoning",
                },
                text,
            },
            generate::Step::Done {
                finish_reason,
                stats,
            } => Self::Done {
                finish_reason: finish_reason.name(),
                stats: stats.into(),
            },
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Stats {
    prompt_tokens: usize,
    cached_tokens: usize,
    prefill_ms: f64,
    decoded_tokens: usize,
    decode_ms: f64,
    time_to_first_token_ms: f64,
    dropped_turns: usize,
    tokens_in_context: usize,
    context_length: usize,
}

impl From<generate::Stats> for Stats {
    fn from(stats: generate::Stats) -> Self {
        Self {
            prompt_tokens: stats.prompt_tokens,
            cached_tokens: stats.cached_tokens,
            prefill_ms: stats.prefill_ms,
            decoded_tokens: stats.decoded_tokens,
            decode_ms: stats.decode_ms,
            time_to_first_token_ms: stats.time_to_first_token_ms,
            dropped_turns: stats.dropped_turns,
            tokens_in_context: stats.tokens_in_context,
            context_length: stats.context_length,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Sampling<'a> {
    max_tokens: usize,
    temperature: f64,
    top_k: usize,
    top_p: f64,
    min_p: f64,
    repetition_penalty: f64,
    seed: u64,
    stop: &'a [String],
    ignore_eos: bool,
}

impl<'a> From<&'a GenerateOptions> for Sampling<'a> {
    fn from(options: &'a GenerateOptions) -> Self {
        Self {
            max_tokens: options.max_tokens,
            temperature: options.temperature,
            top_k: options.top_k,
            top_p: options.top_p,
            min_p: options.min_p,
            repetition_penalty: options.repetition_penalty,
            seed: options.seed,
            stop: &options.stop,
            ignore_eos: options.ignore_eos,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Transcript<'a> {
    model_sha256: &'a str,
    messages: Vec<Message<'a>>,
}

#[derive(Serialize)]
#[serde(tag = "role", rename_all = "camelCase")]
enum Message<'a> {
    User {
        content: &'a str,
    },
    #[serde(rename_all = "camelCase")]
    Assistant {
        content: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        reasoning: Option<&'a str>,
        #[serde(skip_serializing_if = "<[safety::RuleReading]>::is_empty")]
        rules: &'a [safety::RuleReading],
        safety_config: Option<SafetyConfig<'a>>,
        seed: u64,
        sampling: Sampling<'a>,
        finish_reason: &'static str,
        stats: Stats,
    },
}

impl<'a> Transcript<'a> {
    pub fn new(model_sha256: &'a str, exchanges: &'a [guard::Exchange]) -> Self {
        let pair = |exchange: &'a guard::Exchange| {
            [
                Message::User {
                    content: &exchange.user,
                },
                Message::assistant(&exchange.answer),
            ]
        };
        Self {
            model_sha256,
            messages: exchanges.iter().flat_map(pair).collect(),
        }
    }
}

impl<'a> Message<'a> {
    fn assistant(answer: &'a guard::Answer) -> Self {
        Self::Assistant {
            content: &answer.content,
            reasoning: answer.reasoning.as_deref(),
            rules: &answer.rules,
            safety_config: answer.safety_config.as_ref().map(SafetyConfig::from),
            seed: answer.options.seed,
            sampling: Sampling::from(&answer.options),
            finish_reason: answer.finish_reason.name(),
            stats: answer.stats.into(),
        }
    }
}
