//! CoSAlign: the data-centric alignment method of the paper, native only.
//!
//! Stage by stage, each a function from records to records: [`configs`] draws safety configs
//! for prompts whose risks are known, [`candidates`] asks a system for responses under them,
//! [`label`] finds the risks in each response, [`pairs`] scores responses under a config and
//! pairs the better with the worse. Files between the stages are JSON Lines of [`records`].
//! Deliberately absent, so far: the taxonomy's making, training and export.

pub mod candidates;
pub mod configs;
pub mod label;
pub mod pairs;
pub mod records;
mod templates;
