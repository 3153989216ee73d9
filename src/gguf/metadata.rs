//! The key-value part of a GGUF file, with typed getters that name the key they miss.

use std::collections::BTreeMap;

use crate::error::{Error, Result};

/// One metadata value. Integers and floats of every width are widened, arrays are typed.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Any unsigned integer.
    Uint(u64),
    /// Any signed integer.
    Int(i64),
    /// `f32` or `f64`.
    Float(f64),
    /// A truth value.
    Bool(bool),
    /// UTF-8 text.
    String(String),
    /// An array of text.
    Strings(Vec<String>),
    /// An array of integers of any width that fit an `i64`.
    Ints(Vec<i64>),
    /// An array of floats.
    Floats(Vec<f32>),
    /// An array of truth values.
    Bools(Vec<bool>),
}

/// All metadata of a file, by key.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Metadata(pub BTreeMap<String, Value>);

impl Metadata {
    /// The raw value, if the key is there.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(key)
    }

    /// Sets a value, replacing what was there.
    pub fn set(&mut self, key: &str, value: Value) -> &mut Self {
        self.0.insert(key.to_owned(), value);
        self
    }

    /// Text under `key`, or `None` where the key is absent.
    ///
    /// # Errors
    /// `BadMetadata` where the value is not text.
    pub fn opt_str(&self, key: &str) -> Result<Option<&str>> {
        self.typed(key, "text", |value| match value {
            Value::String(text) => Some(text.as_str()),
            _ => None,
        })
    }

    /// A non-negative integer under `key`.
    ///
    /// # Errors
    /// `BadMetadata` where the value is not an integer that fits.
    pub fn opt_u32(&self, key: &str) -> Result<Option<u32>> {
        self.typed(key, "an integer from 0 to 2^32-1", |value| match *value {
            Value::Uint(number) => u32::try_from(number).ok(),
            Value::Int(number) => u32::try_from(number).ok(),
            _ => None,
        })
    }

    /// A finite float under `key`.
    ///
    /// # Errors
    /// `BadMetadata` where the value is not a finite number.
    pub fn opt_f32(&self, key: &str) -> Result<Option<f32>> {
        self.typed(key, "a finite number", |value| match *value {
            Value::Float(number) if number.is_finite() => Some(number as f32),
            _ => None,
        })
    }

    /// A truth value under `key`.
    ///
    /// # Errors
    /// `BadMetadata` where the value is not a truth value.
    pub fn opt_bool(&self, key: &str) -> Result<Option<bool>> {
        self.typed(key, "true or false", |value| match *value {
            Value::Bool(truth) => Some(truth),
            _ => None,
        })
    }

    /// An array of text under `key`.
    ///
    /// # Errors
    /// `BadMetadata` where the value is not an array of text.
    pub fn opt_strings(&self, key: &str) -> Result<Option<&[String]>> {
        self.typed(key, "an array of text", |value| match value {
            Value::Strings(items) => Some(items.as_slice()),
            _ => None,
        })
    }

    /// An array of integers under `key`.
    ///
    /// # Errors
    /// `BadMetadata` where the value is not an array of integers.
    pub fn opt_ints(&self, key: &str) -> Result<Option<&[i64]>> {
        self.typed(key, "an array of integers", |value| match value {
            Value::Ints(items) => Some(items.as_slice()),
            _ => None,
        })
    }

    /// An array of floats under `key`.
    ///
    /// # Errors
    /// `BadMetadata` where the value is not an array of floats.
    pub fn opt_floats(&self, key: &str) -> Result<Option<&[f32]>> {
        self.typed(key, "an array of floats", |value| match value {
            Value::Floats(items) => Some(items.as_slice()),
            _ => None,
        })
    }

    /// `found`, or an error that names the key. Reads as
    /// `metadata.required("llama.block_count", metadata.opt_u32("llama.block_count")?)`.
    ///
    /// # Errors
    /// `MissingMetadata` where `found` is `None`.
    pub fn required<T>(key: &str, found: Option<T>) -> Result<T> {
        found.ok_or_else(|| Error::MissingMetadata {
            key: key.to_owned(),
        })
    }

    fn typed<'a, T>(
        &'a self,
        key: &str,
        wanted: &str,
        convert: impl Fn(&'a Value) -> Option<T>,
    ) -> Result<Option<T>> {
        let Some(value) = self.0.get(key) else {
            return Ok(None);
        };
        convert(value).map(Some).ok_or_else(|| Error::BadMetadata {
            key: key.to_owned(),
            detail: format!("expected {wanted}"),
        })
    }
}
