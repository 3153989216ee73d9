//! One operation a file, written once over [`super::lanes::Lanes`].

pub mod attend;
mod attend_page;
pub mod elementwise;
pub mod matmul;
