//! CoSA-Score: how well a system follows safety configs.
//!
//! A [`sample::Task`] holds configs and prompts; [`setups`] make prompts of them; a
//! [`systems::System`] answers; a [`judges::Judge`] gives verdicts; a run writes
//! [`line::Line`]s, and a report adds them up.

pub mod judges;
pub mod line;
mod plan;
pub mod run;
pub mod sample;
pub mod setups;
pub mod statistics;
pub mod systems;
