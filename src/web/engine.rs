//! `Engine` as JavaScript sees it.

use wasm_bindgen::prelude::*;

use super::wire::{Info, SafetyConfig, Step, Transcript};
use super::{JsResult, options, performance_now, throw, to_js};
use crate::backend::{Backend as _, cpu::Cpu};
use crate::guard::{ChatModel, Session};
use crate::text::StreamDecoder;

/// A loaded model and its conversations.
#[wasm_bindgen]
pub struct Engine {
    session: Session<Cpu>,
}

impl Engine {
    pub(super) fn new(model: ChatModel<Cpu>) -> Self {
        Self {
            session: Session::new(model),
        }
    }
}

#[wasm_bindgen]
impl Engine {
    /// Facts about the model and where it runs.
    pub fn info(&self) -> JsResult<JsValue> {
        let model = self.session.model();
        let config = &model.transformer.config;
        to_js(&Info {
            architecture: config.family.name,
            name: model.info.name.as_deref(),
            quantization: &model.info.quantization.to_string(),
            parameters: model.info.parameters as f64,
            context_length: config.context_length,
            trained_context_length: config.trained_context_length,
            vocabulary_size: config.vocab_size,
            backend: model.transformer.backend().name(),
            backend_detail: model.transformer.backend().detail(),
            threads: model.transformer.backend().threads(),
            sha256: &model.info.sha256,
            weight_bytes: model.transformer.weight_bytes(),
            safety_frame: model.frame.name(),
            license: model.info.license.as_deref(),
            topics: &model.info.topics,
        })
    }

    /// Opens a conversation under `null`, a text, or `{ name?, text }`.
    #[wasm_bindgen(js_name = createChat)]
    pub fn create_chat(&mut self, safety_config: &JsValue) -> JsResult<u32> {
        let config = options::safety_config(safety_config).map_err(throw)?;
        self.session.create_chat(config).map_err(throw)
    }

    /// Switches the config; returns `{ name?, text, hash }` or `null`.
    #[wasm_bindgen(js_name = setSafetyConfig)]
    pub fn set_safety_config(&mut self, chat: u32, safety_config: &JsValue) -> JsResult<JsValue> {
        let config = options::safety_config(safety_config).map_err(throw)?;
        let wire = to_js(&config.as_ref().map(SafetyConfig::from))?;
        self.session
            .set_safety_config(chat, config)
            .map_err(throw)?;
        Ok(wire)
    }

    /// How the model reads the config in force:
    /// `{ rules: [{ rule, readAs, probability, sure, alternatives, decides }, ...], told }`.
    pub fn reading(&self, chat: u32) -> JsResult<JsValue> {
        let chat = self.session.chat(chat).map_err(throw)?;
        to_js(&chat.read(self.session.model(), "").map_err(throw)?)
    }

    /// Begins an answer; [`Engine::step`] makes it.
    pub fn send(&mut self, chat: u32, text: &str, options: &JsValue) -> JsResult<()> {
        let options = options::generate_options(options).map_err(throw)?;
        self.session
            .send(chat, text, options, &performance_now)
            .map_err(throw)
    }

    /// Begins a continuation of plain text.
    pub fn complete(&mut self, text: &str, options: &JsValue) -> JsResult<()> {
        let options = options::generate_options(options).map_err(throw)?;
        self.session
            .complete(text, options, &performance_now)
            .map_err(throw)
    }

    /// Begins an answer to `[{ role, content }, ...]`, outside any conversation.
    pub fn respond(&mut self, messages: JsValue, options: &JsValue) -> JsResult<()> {
        let turns = options::turns(messages).map_err(throw)?;
        let options = options::generate_options(options).map_err(throw)?;
        self.session
            .respond(&turns, options, &performance_now)
            .map_err(throw)
    }

    /// One prefill chunk or one decode step.
    pub fn step(&mut self) -> JsResult<JsValue> {
        let step = self.session.step(&performance_now).map_err(throw)?;
        to_js(&Step::from(step))
    }

    /// Ends what runs.
    pub fn abort(&mut self) {
        self.session.abort();
    }

    /// Removes the last message and its answer; returns the user's text or `null`.
    pub fn retract(&mut self, chat: u32) -> JsResult<JsValue> {
        let text = self.session.retract(chat).map_err(throw)?;
        to_js(&text)
    }

    /// Everything said, and for each answer how it was made.
    pub fn transcript(&self, chat: u32) -> JsResult<JsValue> {
        let conversation = self.session.chat(chat).map_err(throw)?;
        let sha256 = &self.session.model().info.sha256;
        to_js(&Transcript::new(sha256, conversation.exchanges()))
    }

    /// Closes a conversation; what runs in it ends.
    #[wasm_bindgen(js_name = closeChat)]
    pub fn close_chat(&mut self, chat: u32) {
        self.session.close_chat(chat);
    }

    /// Token ids of plain text.
    pub fn tokenize(&self, text: &str) -> JsResult<Vec<u32>> {
        self.session
            .model()
            .tokenizer
            .encode_text(text)
            .map_err(throw)
    }

    /// The text of token ids; control tokens have none.
    pub fn detokenize(&self, ids: &[u32]) -> String {
        let tokenizer = &self.session.model().tokenizer;
        let mut decoder = StreamDecoder::new();
        let mut text: String = ids.iter().map(|&id| decoder.push(tokenizer, id)).collect();
        text.push_str(&decoder.finish());
        text
    }

    /// Bytes of the module's whole memory, which never shrinks.
    #[wasm_bindgen(js_name = memoryBytes)]
    pub fn memory_bytes(&self) -> f64 {
        let pages = core::arch::wasm32::memory_size(0);
        pages as f64 * 65_536.0
    }
}
