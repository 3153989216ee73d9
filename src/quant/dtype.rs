//! The storage types of tensors, with their sizes.

/// How a tensor's weights are stored. The discriminant is ggml's type number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u32)]
#[expect(
    non_camel_case_types,
    reason = "the field's names are written with underscores"
)]
pub enum Dtype {
    /// 32-bit float.
    F32 = 0,
    /// 16-bit float.
    F16 = 1,
    /// 4-bit codes, 32 a block, scale.
    Q4_0 = 2,
    /// 4-bit codes, 32 a block, scale and minimum.
    Q4_1 = 3,
    /// 5-bit codes, 32 a block, scale.
    Q5_0 = 6,
    /// 5-bit codes, 32 a block, scale and minimum.
    Q5_1 = 7,
    /// 8-bit codes, 32 a block, scale.
    Q8_0 = 8,
    /// 2-bit codes, 16 groups of 16 a block.
    Q2_K = 10,
    /// 3-bit codes, 16 groups of 16 a block.
    Q3_K = 11,
    /// 4-bit codes, 8 groups of 32 a block.
    Q4_K = 12,
    /// 5-bit codes, 8 groups of 32 a block.
    Q5_K = 13,
    /// 6-bit codes, 16 groups of 16 a block.
    Q6_K = 14,
    /// bfloat16.
    BF16 = 30,
}

impl Dtype {
    /// Every supported type.
    pub const ALL: [Self; 13] = [
        Self::F32,
        Self::F16,
        Self::BF16,
        Self::Q4_0,
        Self::Q4_1,
        Self::Q5_0,
        Self::Q5_1,
        Self::Q8_0,
        Self::Q2_K,
        Self::Q3_K,
        Self::Q4_K,
        Self::Q5_K,
        Self::Q6_K,
    ];

    /// The type with ggml's number `id`, if it is supported.
    #[must_use]
    pub fn from_ggml(id: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|dtype| *dtype as u32 == id)
    }

    /// Weights in one block.
    #[must_use]
    pub const fn block_len(self) -> usize {
        match self {
            Self::F32 | Self::F16 | Self::BF16 => 1,
            Self::Q4_0 | Self::Q4_1 | Self::Q5_0 | Self::Q5_1 | Self::Q8_0 => 32,
            Self::Q2_K | Self::Q3_K | Self::Q4_K | Self::Q5_K | Self::Q6_K => 256,
        }
    }

    /// Bytes of one block.
    #[must_use]
    pub const fn block_bytes(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F16 | Self::BF16 => 2,
            Self::Q4_0 => 18,
            Self::Q4_1 => 20,
            Self::Q5_0 => 22,
            Self::Q5_1 => 24,
            Self::Q8_0 => 34,
            Self::Q2_K => 84,
            Self::Q3_K => 110,
            Self::Q4_K => 144,
            Self::Q5_K => 176,
            Self::Q6_K => 210,
        }
    }

    /// Bytes of a row of `len` weights, or `None` where `len` is not a whole number of blocks.
    #[must_use]
    pub fn row_bytes(self, len: u64) -> Option<u64> {
        let block = self.block_len() as u64;
        if !len.is_multiple_of(block) {
            return None;
        }
        (len / block).checked_mul(self.block_bytes() as u64)
    }
}

impl std::fmt::Display for Dtype {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Debug::fmt(self, f)
    }
}
