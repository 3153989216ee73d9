//! What can go wrong, one variant per cause that a caller can act on.

use std::path::Path;

/// The result of every fallible call in this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A cause, with the names and numbers needed to act on it.
///
/// The message says what happened, where, and what to do; [`Error::code`] is the
/// stable machine-readable name that the JavaScript face shows as `CosaError.code`.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The bytes are not a GGUF file at all.
    #[error("not a GGUF file: it starts with {found}; give a .gguf model file")]
    NotGguf {
        /// What the first bytes look like, for example "an HTML page".
        found: String,
    },
    /// The file is GGUF, but something in it cannot be true.
    #[error("malformed GGUF at {at}: {detail}")]
    MalformedGguf {
        /// The section or entry, for example "tensor blk.0.attn_q.weight".
        at: String,
        /// What is wrong there.
        detail: String,
    },
    /// The file ends before the data it announces.
    #[error(
        "the GGUF file is cut short in {at}: {needed} bytes needed, {found} there; download it again"
    )]
    TruncatedGguf {
        /// The section or entry that is incomplete.
        at: String,
        /// Bytes the file must have.
        needed: u64,
        /// Bytes the file has.
        found: u64,
    },
    /// A tensor is stored in a block format that this engine does not read.
    #[error("tensor {tensor} has type {dtype}, which is not supported; known types: {known}")]
    UnsupportedTensorType {
        /// The tensor's name.
        tensor: String,
        /// The type's name, or its number where it has none.
        dtype: String,
        /// The supported types.
        known: String,
    },
    /// The model family is not one that the transformer knows.
    #[error("model architecture {found:?} is not supported; known: {known}")]
    UnsupportedArchitecture {
        /// `general.architecture` of the file.
        found: String,
        /// The supported families.
        known: String,
    },
    /// A metadata key that the engine needs is absent.
    #[error("the GGUF file lacks the metadata key {key}")]
    MissingMetadata {
        /// The key.
        key: String,
    },
    /// A metadata value has the wrong type or an impossible value.
    #[error("metadata key {key}: {detail}")]
    BadMetadata {
        /// The key.
        key: String,
        /// What is wrong with the value.
        detail: String,
    },
    /// A tensor that the family needs is absent.
    #[error("the GGUF file lacks the tensor {tensor}")]
    MissingTensor {
        /// The tensor's name.
        tensor: String,
    },
    /// A tensor has another shape than its family and metadata demand.
    #[error("tensor {tensor} has shape {found:?}, expected {expected:?}")]
    ShapeMismatch {
        /// The tensor's name.
        tensor: String,
        /// The shape that the metadata demands, in GGUF order (row length first).
        expected: Vec<u64>,
        /// The shape in the file.
        found: Vec<u64>,
    },
    /// Weights or activations hold NaN or infinity.
    #[error("{what} holds NaN or infinity; the model file is damaged")]
    NonFinite {
        /// Where it was found.
        what: String,
    },
    /// The tokenizer in the file cannot be built or used.
    #[error("tokenizer: {detail}")]
    Tokenizer {
        /// What is wrong.
        detail: String,
    },
    /// The chat template does not parse, does not end, or raises.
    #[error("chat template: {detail}")]
    Template {
        /// What is wrong.
        detail: String,
    },
    /// The safety config alone leaves no room for a question and an answer, or takes too long to
    /// be read.
    #[error(
        "the safety config needs {needed} tokens with the chat frame, but there is room for {available}; shorten the config or load the model with a larger contextLength"
    )]
    ConfigTooLong {
        /// Tokens of the config in its frame.
        needed: usize,
        /// Tokens of context usable for a prompt.
        available: usize,
    },
    /// The newest message does not fit, even with all older turns dropped.
    #[error(
        "the message needs {needed} tokens together with the safety config, but the context holds {available}; shorten the message"
    )]
    MessageTooLong {
        /// Tokens of the config and this message.
        needed: usize,
        /// Tokens of context usable for a prompt.
        available: usize,
    },
    /// A safety config that cannot be accepted as it is.
    #[error("safety config: {detail}")]
    InvalidSafetyConfig {
        /// What is wrong.
        detail: String,
    },
    /// A config is not acceptable to the authority that the model was loaded with.
    #[error("unauthorized: {detail}")]
    Unauthorized {
        /// What is missing or wrong.
        detail: String,
    },
    /// An option or argument has an impossible value.
    #[error("option {name}: {detail}")]
    InvalidOption {
        /// The option's name.
        name: String,
        /// What is wrong with it.
        detail: String,
    },
    /// The bytes read do not have the digest that the caller asked for.
    #[error(
        "the model's SHA-256 is {found}, but {expected} was asked for; the file was changed or is another one"
    )]
    DigestMismatch {
        /// The digest asked for.
        expected: String,
        /// The digest of the bytes read.
        found: String,
    },
    /// An allocation was refused.
    #[error(
        "out of memory: {bytes} bytes for {what}; open a smaller model, or one of fewer bits a weight, or lower the context length"
    )]
    OutOfMemory {
        /// Bytes asked for.
        bytes: u64,
        /// What they were for.
        what: String,
    },
    /// The model cannot fit, as its header already says.
    #[error(
        "the model takes {needed} bytes of memory, and at most {available} are to be had; open a smaller one, or one of fewer bits a weight"
    )]
    ModelTooLarge {
        /// What its weights take.
        needed: u64,
        /// What this machine or browser can give.
        available: u64,
    },
    /// The call came at a moment when it cannot be served.
    #[error("{detail}")]
    WrongState {
        /// What is under way, and what to do.
        detail: String,
    },
    /// A record of an evaluation or training file cannot be used.
    #[error("{at}: {detail}")]
    BadRecord {
        /// The file and line.
        at: String,
        /// What is wrong and what is expected.
        detail: String,
    },
    /// Training cannot go on (native only).
    #[error("training: {detail}")]
    Training {
        /// What happened, at which step, and what was kept.
        detail: String,
    },
    /// A server that the user named gave no usable answer (native only).
    #[error("endpoint {url}: {detail}")]
    Endpoint {
        /// The address that was asked.
        url: String,
        /// What came instead, after how many tries.
        detail: String,
    },
    /// Reading or writing a file failed (native only).
    #[error("{path}: {detail}")]
    Io {
        /// The file.
        path: String,
        /// The system's message.
        detail: String,
    },
}

impl Error {
    /// What the system says of a file.
    #[must_use]
    pub fn io(path: &Path, error: &std::io::Error) -> Self {
        Self::Io {
            path: path.display().to_string(),
            detail: error.to_string(),
        }
    }

    /// The stable, machine-readable name of the cause.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotGguf { .. } => "not_gguf",
            Self::MalformedGguf { .. } => "malformed_gguf",
            Self::TruncatedGguf { .. } => "truncated_gguf",
            Self::UnsupportedTensorType { .. } => "unsupported_tensor_type",
            Self::UnsupportedArchitecture { .. } => "unsupported_architecture",
            Self::MissingMetadata { .. } => "missing_metadata",
            Self::BadMetadata { .. } => "bad_metadata",
            Self::MissingTensor { .. } => "missing_tensor",
            Self::ShapeMismatch { .. } => "shape_mismatch",
            Self::NonFinite { .. } => "non_finite",
            Self::Tokenizer { .. } => "tokenizer",
            Self::Template { .. } => "template",
            Self::ConfigTooLong { .. } => "config_too_long",
            Self::MessageTooLong { .. } => "message_too_long",
            Self::InvalidSafetyConfig { .. } => "invalid_safety_config",
            Self::Unauthorized { .. } => "unauthorized",
            Self::InvalidOption { .. } => "invalid_option",
            Self::DigestMismatch { .. } => "digest_mismatch",
            Self::OutOfMemory { .. } | Self::ModelTooLarge { .. } => "out_of_memory",
            Self::WrongState { .. } => "wrong_state",
            Self::BadRecord { .. } => "bad_record",
            Self::Training { .. } => "training",
            Self::Endpoint { .. } => "endpoint",
            Self::Io { .. } => "io",
        }
    }
}

/// `InvalidOption` with that name and detail, unless the condition holds.
pub(crate) fn require(holds: bool, name: &str, detail: &str) -> Result<()> {
    if holds {
        return Ok(());
    }
    Err(Error::InvalidOption {
        name: name.to_owned(),
        detail: detail.to_owned(),
    })
}
