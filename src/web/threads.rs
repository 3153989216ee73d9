//! Helper threads: what one needs to begin, and its work.

use std::sync::{Arc, LazyLock};

use js_sys::Array;
use wasm_bindgen::prelude::*;

use crate::backend::cpu::pool::Pool;

/// One for all threads of the module: they share its memory.
static POOL: LazyLock<Arc<Pool>> = LazyLock::new(Arc::default);

pub(super) fn pool() -> Arc<Pool> {
    Arc::clone(&POOL)
}

/// `[module, memory]`, with which another worker joins this one's.
#[wasm_bindgen(js_name = threadParts)]
#[must_use]
pub fn thread_parts() -> Array {
    Array::of2(&wasm_bindgen::module(), &wasm_bindgen::memory())
}

/// Works for the engine until [`stop_helpers`].
#[wasm_bindgen(js_name = runHelper)]
pub fn run_helper() {
    POOL.helper().run();
}

/// Lets all helpers return. Without it a browser would try for seconds before it kills them.
#[wasm_bindgen(js_name = stopHelpers)]
pub fn stop_helpers() {
    POOL.end();
}
