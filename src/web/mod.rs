//! The wasm-bindgen edge: convert and call.
//!
//! No arithmetic and no policy. Built with `wasm-bindgen --target web` and driven by
//! `pkg/worker.js`; the evaluation is a module of its own, driven by `pkg/evaluation.js`, so
//! that nobody downloads it for a chat. Every error is a JavaScript `Error` with a `code`.

#[cfg(feature = "engine")]
mod engine;
#[cfg(feature = "evaluation")]
mod evaluation;
#[cfg(feature = "engine")]
mod loader;
#[cfg(feature = "engine")]
mod options;
#[cfg(feature = "engine")]
mod threads;
#[cfg(feature = "engine")]
mod wire;

#[cfg(feature = "engine")]
pub use engine::Engine;
#[cfg(feature = "evaluation")]
pub use evaluation::Evaluation;
#[cfg(feature = "engine")]
pub use loader::Loader;

use js_sys::Reflect;
use serde::Serialize;
use serde_wasm_bindgen::Serializer;
use wasm_bindgen::prelude::*;

use crate::error::Error;

type JsResult<T> = Result<T, JsValue>;

#[wasm_bindgen]
extern "C" {
    /// Milliseconds since the worker began.
    #[cfg(feature = "engine")]
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

/// A plain object; `None` is `null`.
fn to_js<T: Serialize>(value: &T) -> JsResult<JsValue> {
    let serializer = Serializer::new()
        .serialize_maps_as_objects(true)
        .serialize_missing_as_null(true);
    Ok(value.serialize(&serializer)?)
}
