//! From the bytes of model files to a [`ChatModel`].

use super::hashing::{Hashing, hex};
use super::{Authority, ChatModel, ConfigReader, EXCHANGES_KEY, ModelInfo};
use crate::backend::Backend;
use crate::error::{Error, Result};
use crate::gguf::{Header, Metadata, Reader, Sink, TensorInfo};
use crate::model::loader::{LoadOptions, Loader};
use crate::safety::{Frame, KnownTopic};
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
    files: Files<B>,
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
            files: Files {
                loader: Loader::new(backend, options.load),
                chat: None,
            },
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
        reader.push(&chunk, &mut self.files)?;
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
        Ok((self.files_done, self.files.loader.shards().1))
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
        let loaded = self.files.loader.finish()?;
        let chat = self
            .files
            .chat
            .ok_or_else(|| wrong_state("no header has come"))?;
        Ok(ChatModel {
            template: chat.template,
            frame: chat.frame,
            exchanges: chat.exchanges,
            reader: ConfigReader::default(),
            info: ModelInfo {
                name: chat.name,
                license: chat.license,
                topics: chat.topics,
                parameters: loaded.parameters,
                quantization: loaded.quantization,
                sha256: found,
            },
            transformer: loaded.transformer,
            tokenizer: chat.tokenizer,
            authority: self.authority,
        })
    }
}

/// What of a model's files is kept.
struct Files<B: Backend> {
    loader: Loader<B>,
    chat: Option<Chat>,
}

/// What a header says beside the shape of the weights.
struct Chat {
    tokenizer: Tokenizer,
    template: ChatTemplate,
    frame: Frame,
    exchanges: Option<usize>,
    name: Option<String>,
    license: Option<String>,
    topics: Vec<KnownTopic>,
}

impl<B: Backend> Sink for Files<B> {
    /// The tokenizer is made before the weights come: what is wrong with it is told before they
    /// are downloaded, and they take the room that was needed for making it.
    fn header(&mut self, header: &Header) -> Result<()> {
        self.loader.header(header)?;
        if self.chat.is_none() {
            self.chat = Some(Chat::from_metadata(&header.metadata)?);
        }
        Ok(())
    }

    fn part_bytes(&self, info: &TensorInfo) -> u64 {
        self.loader.part_bytes(info)
    }

    fn tensor(&mut self, info: &TensorInfo, bytes: &[u8]) -> Result<()> {
        self.loader.tensor(info, bytes)
    }
}

impl Chat {
    fn from_metadata(metadata: &Metadata) -> Result<Self> {
        let tokenizer = Tokenizer::from_metadata(metadata)?;
        let text = |key| Ok::<_, Error>(metadata.opt_str(key)?.map(str::to_owned));
        Ok(Self {
            template: ChatTemplate::from_metadata(metadata, &tokenizer)?,
            frame: Frame::parse(metadata.opt_str(Frame::KEY)?)?,
            exchanges: metadata.opt_u32(EXCHANGES_KEY)?.map(|most| most as usize),
            name: text("general.name")?,
            license: text("general.license")?,
            topics: KnownTopic::parse_all(
                metadata.opt_strings(KnownTopic::KEY)?.unwrap_or_default(),
            )?,
            tokenizer,
        })
    }
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
