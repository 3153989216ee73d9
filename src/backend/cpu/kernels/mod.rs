//! One operation a file, written once over [`super::lanes::Lanes`].

pub mod attend;
pub mod elementwise;
pub mod matmul_f32;
pub mod matmul_i8;
