//! CoSAlign: the data-centric alignment method of the paper, native only.
//!
//! Stage by stage, each a function from records to records: [`taxonomy`] drafts the risk
//! categories of many prompts, [`configs`] draws safety configs
//! for prompts whose risks are known, [`candidates`] asks a system for responses under them,
//! [`label`] finds the risks in each response, [`pairs`] scores responses under a config and
//! pairs the better with the worse; [`mistakes`] pairs a model's wrong answers with right ones
//! that are known. Files between the stages are JSON Lines of [`records`].
//! [`sft`] and [`dpo`] say what [`train`] makes smaller,
//! [`base`] makes a model from nothing, [`widen`] a wider one of it and [`deepen`] a deeper one,
//! [`average`] the mean of two, [`export`] a file to be shipped; [`provenance`] tells in it how it came to be.

pub mod average;
pub mod base;
pub mod candidates;
pub mod configs;
pub mod corpora;
pub mod deepen;
pub mod dpo;
pub mod export;
mod floats;
pub mod label;
pub mod mistakes;
pub mod pairs;
pub mod provenance;
mod random;
pub mod records;
pub mod sft;
pub mod synthesize;
pub mod taxonomy;
mod templates;
pub mod train;
mod transformers;
pub mod widen;
