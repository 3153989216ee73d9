//! The digest of a model's bytes, taken on another thread where there is one.
//!
//! SHA-256 is slower than all else that loading does, so it must not wait for the rest, nor
//! the rest for it.

use std::fmt::Write as _;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use sha2::{Digest as _, Sha256};

use crate::backend::Backend;
use crate::error::{Error, Result};

/// Chunks that may wait to be hashed. Browsers make them up to some megabytes large, and the
/// module's memory never shrinks again.
const WAITING: usize = 4;

/// A hash in the making.
pub(super) enum Hashing {
    Here(Box<Sha256>),
    Aside {
        chunks: SyncSender<Vec<u8>>,
        digest: Receiver<[u8; 32]>,
    },
}

impl Hashing {
    /// Begins, on a thread of `backend` if it has one to spare.
    pub fn new<B: Backend>(backend: &B) -> Self {
        let (chunks, to_hash) = sync_channel::<Vec<u8>>(WAITING);
        // One place, made now: at the end of a load memory is fullest.
        let (done, digest) = sync_channel(1);
        let task = move || {
            let mut hasher = Sha256::new();
            to_hash.into_iter().for_each(|chunk| hasher.update(chunk));
            // Nobody listens where the load has failed.
            let _ = done.send(hasher.finalize().into());
        };
        match backend.spawn(Box::new(task)) {
            None => Self::Aside { chunks, digest },
            Some(_) => Self::Here(Box::default()),
        }
    }

    /// The next bytes.
    pub fn update(&mut self, chunk: Vec<u8>) -> Result<()> {
        match self {
            Self::Here(hasher) => hasher.update(chunk),
            Self::Aside { chunks, .. } => chunks.send(chunk).map_err(|_| lost())?,
        }
        Ok(())
    }

    /// The digest of all bytes.
    pub fn finish(self) -> Result<[u8; 32]> {
        match self {
            Self::Here(hasher) => Ok(hasher.finalize().into()),
            Self::Aside { chunks, digest } => {
                drop(chunks); // the end of the bytes
                digest.recv().map_err(|_| lost())
            }
        }
    }
}

fn lost() -> Error {
    Error::WrongState {
        detail: "the thread that hashes the model ended early; load the model again".to_owned(),
    }
}

/// Lower-case hex.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
