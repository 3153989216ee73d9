//! The wasm-bindgen edge: convert and call.
//!
//! No arithmetic and no policy. Built with `wasm-bindgen --target web` and driven by
//! `pkg/worker.js`. Every error is a JavaScript `Error` with a `code`.

mod engine;
mod evaluation;
mod loader;
mod options;
mod threads;
mod wire;

pub use engine::Engine;
pub use evaluation::Evaluation;
pub use loader::Loader;

use js_sys::Reflect;
use wasm_bindgen::prelude::*;

use crate::error::Error;

type JsResult<T> = Result<T, JsValue>;

#[wasm_bindgen]
extern "C" {
    /// Milliseconds since the worker began.
    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    fn performance_now() -> f64;
}

/// Makes a panic readable in the console. Runs when the module is instantiated.
#[wasm_bindgen(start)]
pub fn start() {
    console_error_panic_hook::set_once();
}

/// A JavaScript `Error` with the stable name of its cause.
fn throw(error: Error) -> JsValue {
    let thrown = js_sys::Error::new(&error.to_string());
    // Setting a property of a fresh object cannot fail.
    let _ = Reflect::set(&thrown, &"code".into(), &error.code().into());
    thrown.into()
}
