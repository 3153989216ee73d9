//! From the bytes of model files to a [`ChatModel`].

use super::hashing::{Hashing, hex};
use super::{Authority, ChatModel, ModelInfo};
use crate::backend::Backend;
use crate::error::{Error, Result};
use crate::gguf::{Metadata, Reader};
use crate::model::loader::{LoadOptions, LoadedModel, Loader};
use crate::safety::Frame;
use crate::text::{ChatTemplate, Tokenizer};

/// What the caller demands of the model.
#[derive(Debug, Clone, Default)]
pub struct ChatLoadOptions {
    /// For the weights.
    pub load: LoadOptions,
    /// SHA-256 of all files' bytes, one after another, in hex.
    pub sha256: Option<String>,
    /// Who may set configs.
    pub authority: Authority,
}

/// Takes the bytes of one file after another as they come, hashing on the way.
pub struct ChatLoader<B: Backend> {
    loader: Loader<B>,
    /// The file that is being read.
    reader: Option<Reader>,
    files_done: usize,
    hashing: Hashing,
    expected: Option<String>,
    authority: Authority,
}

impl<B: Backend> ChatLoader<B> {
    /// A loader that has seen nothing yet.
    ///
    /// # Errors
    /// `InvalidOption` where the digest is not 64 hex digits or the context length is 0.
    pub fn new(backend: B, options: ChatLoadOptions) -> Result<Self> {
        let expected = options.sha256.map(|hex| hex.trim().to_lowercase());
        if let Some(hex) = &expected
            && (hex.len() != 64 || !hex.bytes().all(|digit| digit.is_ascii_hexdigit()))
        {
            return Err(invalid("sha256", "must be 64 hex digits"));
        }
        if options.load.context_length == Some(0) {
            return Err(invalid("contextLength", "must be at least 1"));
        }
        Ok(Self {
            hashing: Hashing::new(&backend),
            loader: Loader::new(backend, options.load),
            reader: None,
            files_done: 0,
            expected,
            authority: options.authority,
        })
    }

    /// Begins a file; shards come in their order.
    ///
    /// # Errors
    /// `WrongState` where the file before has not ended.
    pub fn begin_file(&mut self, total_bytes: Option<u64>) -> Result<()> {
        if self.reader.is_some() {
            return Err(wrong_state("the file before has not ended"));
        }
        self.reader = Some(Reader::new(total_bytes));
        Ok(())
    }

    /// The next bytes of the file.
    ///
    /// # Errors
    /// What is wrong with them, as soon as it is known; `WrongState` outside a file.
    pub fn push(&mut self, chunk: Vec<u8>) -> Result<()> {
        let Some(reader) = &mut self.reader else {
            return Err(wrong_state("no file was begun"));
        };
        reader.push(&chunk, &mut self.loader)?;
        self.hashing.update(chunk)
    }

    /// Ends the file. Returns files done and files that the model has.
    ///
    /// # Errors
    /// `TruncatedGguf` where bytes are missing; `WrongState` outside a file.
    pub fn end_file(&mut self) -> Result<(usize, usize)> {
        let Some(reader) = self.reader.take() else {
            return Err(wrong_state("no file was begun"));
        };
        reader.finish()?;
        self.files_done += 1;
        Ok((self.files_done, self.loader.shards().1))
    }

    /// The model.
    ///
    /// # Errors
    /// `DigestMismatch`, `WrongState` where files are missing, and what is wrong with
    /// weights, tokenizer, template or frame.
    pub fn finish(self) -> Result<ChatModel<B>> {
        if self.reader.is_some() {
            return Err(wrong_state("the file has not ended"));
        }
        let found = hex(&self.hashing.finish()?);
        if let Some(expected) = self.expected.filter(|expected| *expected != found) {
            return Err(Error::DigestMismatch { expected, found });
        }
        chat_model(self.loader.finish()?, self.authority, found)
    }
}

fn chat_model<B: Backend>(
    loaded: LoadedModel<B>,
    authority: Authority,
    sha256: String,
) -> Result<ChatModel<B>> {
    let metadata: &Metadata = &loaded.metadata;
    let tokenizer = Tokenizer::from_metadata(metadata)?;
    let text = |key| Ok::<_, Error>(metadata.opt_str(key)?.map(str::to_owned));
    Ok(ChatModel {
        template: ChatTemplate::from_metadata(metadata, &tokenizer)?,
        frame: Frame::parse(metadata.opt_str(Frame::KEY)?)?,
        info: ModelInfo {
            name: text("general.name")?,
            license: text("general.license")?,
            parameters: loaded.parameters,
            quantization: loaded.quantization,
            sha256,
        },
        transformer: loaded.transformer,
        tokenizer,
        authority,
    })
}

fn invalid(name: &str, detail: &str) -> Error {
    Error::InvalidOption {
        name: name.to_owned(),
        detail: detail.to_owned(),
    }
}

fn wrong_state(detail: &str) -> Error {
    Error::WrongState {
        detail: detail.to_owned(),
    }
}
