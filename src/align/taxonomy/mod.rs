//! Risk categories out of prompts, the first stage of the method.
//!
//! [`embed`] gives each prompt a vector, [`cluster`] finds dense groups among the vectors, and
//! [`propose`] asks a model what a group is about. What comes out is a draft: a person edits
//! it before `configs` draws from it.

pub mod cluster;
pub mod embed;
pub mod propose;

#[cfg(test)]
mod tests;
