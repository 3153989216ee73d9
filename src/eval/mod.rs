//! CoSA-Score: how well a system follows safety configs.
//!
//! [`tasks`] read configs and prompts into a [`sample::Task`]; [`setups`] make prompts of
//! them; a [`systems::System`] answers; a [`judges::Judge`] gives verdicts; a [`run::Run`]
//! yields [`line::Line`]s, and a [`report`] adds them up.

pub mod capability;
#[cfg(not(target_arch = "wasm32"))]
pub mod endpoint;
pub mod judges;
pub mod line;
mod plan;
pub mod records;
pub mod report;
pub mod run;
pub mod sample;
pub mod setups;
pub mod statistics;
pub mod systems;
pub mod tasks;
