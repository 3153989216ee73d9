//! Files written byte by byte, so that they can lie.

/// A file in the making, field by field.
#[derive(Clone, Default)]
pub struct Raw(pub Vec<u8>);

impl Raw {
    /// A version 3 file that announces these counts.
    pub fn new(tensors: u64, keys: u64) -> Self {
        Self(b"GGUF".to_vec()).u32(3).u64(tensors).u64(keys)
    }

    pub fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    pub fn u32(self, number: u32) -> Self {
        self.bytes(&number.to_le_bytes())
    }

    pub fn u64(self, number: u64) -> Self {
        self.bytes(&number.to_le_bytes())
    }

    pub fn text(self, text: &str) -> Self {
        self.u64(text.len() as u64).bytes(text.as_bytes())
    }

    /// A key and the number of its value's type.
    pub fn key(self, key: &str, kind: u32) -> Self {
        self.text(key).u32(kind)
    }

    /// A directory entry.
    pub fn tensor(self, name: &str, shape: &[u64], kind: u32, offset: u64) -> Self {
        let entry = self.text(name).u32(shape.len() as u32);
        let entry = shape.iter().fold(entry, |entry, dim| entry.u64(*dim));
        entry.u32(kind).u64(offset)
    }

    /// Zeros up to the data section and `len` bytes of it.
    pub fn data(mut self, len: usize) -> Self {
        self.0.resize(self.0.len().next_multiple_of(32) + len, 0);
        self
    }
}
