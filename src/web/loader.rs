//! `Loader` as JavaScript sees it.

use wasm_bindgen::prelude::*;

use super::wire::Files;
use super::{Engine, JsResult, options, threads, throw, to_js};
use crate::backend::cpu::Cpu;
use crate::guard::ChatLoader;

/// Takes a model's bytes as they come.
#[wasm_bindgen]
pub struct Loader {
    loader: ChatLoader<Cpu>,
}

#[wasm_bindgen]
impl Loader {
    /// A loader with `{ contextLength?, sha256?, authority?, kvCache? }`, on the threads
    /// that run by now and those that join later.
    #[wasm_bindgen(constructor)]
    pub fn new(options: &JsValue) -> JsResult<Loader> {
        let (options, kv_type) = options::load_options(options).map_err(throw)?;
        let loader = ChatLoader::new(Cpu::with(threads::pool(), kv_type), options);
        let loader = loader.map_err(throw)?;
        Ok(Self { loader })
    }

    /// Begins a file; a negative or absent size is unknown.
    #[wasm_bindgen(js_name = beginFile)]
    pub fn begin_file(&mut self, total_bytes: Option<f64>) -> JsResult<()> {
        let total = total_bytes.filter(|bytes| *bytes >= 0.0);
        self.loader
            .begin_file(total.map(|bytes| bytes as u64))
            .map_err(throw)
    }

    /// The next bytes; throws as soon as they are known to be wrong.
    pub fn push(&mut self, chunk: Vec<u8>) -> JsResult<()> {
        self.loader.push(chunk).map_err(throw)
    }

    /// Ends the file: `{ filesDone, filesTotal }`.
    #[wasm_bindgen(js_name = endFile)]
    pub fn end_file(&mut self) -> JsResult<JsValue> {
        let (files_done, files_total) = self.loader.end_file().map_err(throw)?;
        to_js(&Files {
            files_done,
            files_total,
        })
    }

    /// The engine; the loader is gone.
    pub fn finish(self) -> JsResult<Engine> {
        self.loader.finish().map(Engine::new).map_err(throw)
    }
}
