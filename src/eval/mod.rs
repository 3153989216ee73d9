//! CoSA-Score: how well a system follows safety configs.

pub mod records;
