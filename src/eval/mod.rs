//! CoSA-Score: how well a system follows safety configs.

#[cfg(not(target_arch = "wasm32"))]
pub mod endpoint;
pub mod records;
