//! Tensor type numbers, with the names of those that are not supported.

use crate::quant::Dtype;

/// The supported type, or the name of the one that is not.
pub(super) fn from_ggml(id: u32) -> Result<Dtype, String> {
    Dtype::from_ggml(id).ok_or_else(|| match unsupported_name(id) {
        Some(name) => name.to_owned(),
        None => format!("number {id}"),
    })
}

/// The supported types, for an error message.
pub(super) fn known() -> String {
    let names: Vec<String> = Dtype::ALL.iter().map(ToString::to_string).collect();
    names.join(", ")
}

/// ggml's names, also of types that it has dropped since.
fn unsupported_name(id: u32) -> Option<&'static str> {
    Some(match id {
        4 => "Q4_2",
        5 => "Q4_3",
        9 => "Q8_1",
        15 => "Q8_K",
        16 => "IQ2_XXS",
        17 => "IQ2_XS",
        18 => "IQ3_XXS",
        19 => "IQ1_S",
        20 => "IQ4_NL",
        21 => "IQ3_S",
        22 => "IQ2_S",
        23 => "IQ4_XS",
        24 => "I8",
        25 => "I16",
        26 => "I32",
        27 => "I64",
        28 => "F64",
        29 => "IQ1_M",
        31 => "Q4_0_4_4",
        32 => "Q4_0_4_8",
        33 => "Q4_0_8_8",
        34 => "TQ1_0",
        35 => "TQ2_0",
        36 => "IQ4_NL_4_4",
        37 => "IQ4_NL_4_8",
        38 => "IQ4_NL_8_8",
        39 => "MXFP4",
        40 => "NVFP4",
        41 => "Q1_0",
        _ => return None,
    })
}
