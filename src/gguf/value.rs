//! Metadata values as they stand in the file.

use super::cursor::{Cursor, Step, Stop};
use super::metadata::Value;
use crate::error::Error;

/// The longest text in bytes; whole tokenizers in JSON are stored as one text.
const MAX_TEXT: u64 = 64 << 20;

/// A value type; numbers carry their width in bytes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    Uint(u8),
    Int(u8),
    Float(u8),
    Bool,
    Text,
    Array,
}

impl Kind {
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Step<Self> {
        Ok(match cursor.u32()? {
            0 => Self::Uint(1),
            1 => Self::Int(1),
            2 => Self::Uint(2),
            3 => Self::Int(2),
            4 => Self::Uint(4),
            5 => Self::Int(4),
            6 => Self::Float(4),
            7 => Self::Bool,
            8 => Self::Text,
            9 => Self::Array,
            10 => Self::Uint(8),
            11 => Self::Int(8),
            12 => Self::Float(8),
            other => return Err(Stop::Bad(format!("unknown value type {other}"))),
        })
    }

    /// The fewest bytes that a value of this type takes.
    pub(super) fn min_bytes(self) -> u64 {
        match self {
            Self::Uint(width) | Self::Int(width) | Self::Float(width) => u64::from(width),
            Self::Bool => 1,
            Self::Text | Self::Array => 8,
        }
    }

    /// One value that is not an array.
    pub(super) fn scalar(self, cursor: &mut Cursor<'_>) -> Step<Value> {
        Ok(match self {
            Self::Uint(width) => Value::Uint(cursor.uint(width)?),
            Self::Int(width) => Value::Int(sign_extend(cursor.uint(width)?, width)),
            Self::Float(4) => Value::Float(f64::from(f32::from_bits(cursor.u32()?))),
            Self::Float(_) => Value::Float(f64::from_bits(cursor.u64()?)),
            Self::Bool => Value::Bool(truth(cursor)?),
            Self::Text => Value::String(cursor.string(MAX_TEXT)?),
            Self::Array => return Err(Stop::Bad("an array of arrays".to_owned())),
        })
    }
}

/// An array whose elements are still arriving.
#[derive(Debug)]
pub(super) struct PartialArray {
    kind: Kind,
    remaining: u64,
    items: Value,
}

impl PartialArray {
    /// The element type and count; room is made only as elements come.
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Step<Self> {
        let kind = Kind::read(cursor)?;
        let items = match kind {
            Kind::Uint(_) | Kind::Int(_) => Value::Ints(Vec::new()),
            Kind::Float(_) => Value::Floats(Vec::new()),
            Kind::Bool => Value::Bools(Vec::new()),
            Kind::Text => Value::Strings(Vec::new()),
            Kind::Array => return Err(Stop::Bad("an array of arrays".to_owned())),
        };
        let remaining = cursor.u64()?;
        Ok(Self {
            kind,
            remaining,
            items,
        })
    }

    pub(super) fn remaining(&self) -> u64 {
        self.remaining
    }

    /// The fewest bytes that the missing elements take.
    pub(super) fn min_bytes(&self) -> u64 {
        self.remaining.saturating_mul(self.kind.min_bytes())
    }

    /// Reads the next element.
    pub(super) fn step(&mut self, cursor: &mut Cursor<'_>) -> Step<()> {
        match (&mut self.items, self.kind.scalar(cursor)?) {
            (Value::Ints(items), Value::Int(item)) => append(items, item)?,
            (Value::Ints(items), Value::Uint(item)) => {
                let item = i64::try_from(item)
                    .map_err(|_| Stop::Bad(format!("{item} in an array of integers")))?;
                append(items, item)?;
            }
            (Value::Floats(items), Value::Float(item)) => append(items, item as f32)?,
            (Value::Bools(items), Value::Bool(item)) => append(items, item)?,
            (Value::Strings(items), Value::String(item)) => append(items, item)?,
            // `read` chose the container by the element type.
            _ => return Err(Stop::Bad("an array of mixed types".to_owned())),
        }
        self.remaining -= 1;
        Ok(())
    }

    pub(super) fn into_value(self) -> Value {
        self.items
    }
}

fn append<T>(items: &mut Vec<T>, item: T) -> Step<()> {
    items.try_reserve(1).map_err(|_| Error::OutOfMemory {
        bytes: (items.len() as u64 + 1) * size_of::<T>() as u64,
        what: "a metadata array".to_owned(),
    })?;
    items.push(item);
    Ok(())
}

fn sign_extend(number: u64, width: u8) -> i64 {
    let shift = 64 - 8 * u32::from(width);
    ((number << shift) as i64) >> shift
}

fn truth(cursor: &mut Cursor<'_>) -> Step<bool> {
    match cursor.uint(1)? {
        0 => Ok(false),
        1 => Ok(true),
        other => Err(Stop::Bad(format!("{other} as a truth value"))),
    }
}
