//! `tokenizer.json` and `tokenizer_config.json`: tokens, merges and the chat template.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value as Json;

use super::super::base::{CONTROL, NORMAL, UNUSED, USER_DEFINED};
use super::{bad, json};
use crate::error::{Error, Result};
use crate::gguf::{Metadata, Value};

/// The patterns by which pre-tokenizers are known, and their names in GGUF files.
const PATTERNS: [(&str, &str); 2] = [
    (
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
        "llama-bpe",
    ),
    (
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
        "qwen2",
    ),
];

#[derive(Deserialize)]
struct File {
    model: Model,
    #[serde(default)]
    added_tokens: Vec<Added>,
    #[serde(default)]
    pre_tokenizer: Json,
    #[serde(default)]
    post_processor: Json,
}

#[derive(Deserialize)]
struct Model {
    vocab: BTreeMap<String, usize>,
    merges: Vec<Merge>,
    #[serde(default)]
    byte_fallback: bool,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Merge {
    Text(String),
    Pair(String, String),
}

impl Merge {
    fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Pair(left, right) => format!("{left} {right}"),
        }
    }
}

#[derive(Deserialize)]
struct Added {
    id: usize,
    content: String,
    #[serde(default)]
    special: bool,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Settings {
    bos_token: Option<Named>,
    eos_token: Option<Named>,
    add_bos_token: Option<bool>,
    chat_template: Option<Template>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Named {
    Text(String),
    Token { content: String },
}

impl Named {
    fn text(&self) -> &str {
        match self {
            Self::Text(text) | Self::Token { content: text } => text,
        }
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Template {
    One(String),
    Several(Vec<NamedTemplate>),
}

#[derive(Deserialize)]
struct NamedTemplate {
    name: String,
    template: String,
}

/// Adds the tokenizer and the chat template of the folder to the metadata; there will be
/// `size` tokens, as the embedding has rows.
pub(super) fn describe(folder: &Path, size: usize, metadata: &mut Metadata) -> Result<()> {
    let path = folder.join("tokenizer.json");
    let file: File = json(&path)?;
    let refuse = |detail: String| bad(&path, &detail);
    if file.model.byte_fallback {
        let detail = "a SentencePiece vocabulary is not supported; convert the model to GGUF";
        return Err(refuse(detail.to_owned()));
    }
    let pre = pre(&file.pre_tokenizer).map_err(refuse)?;
    let (tokens, kinds) = tokens(&file, size).map_err(refuse)?;
    let settings = settings(folder)?;
    let id = |token: &Named| tokens.iter().position(|own| own == token.text());
    let (bos, eos) = (settings.bos_token.as_ref(), settings.eos_token.as_ref());
    for (key, token) in [
        ("bos_token_id", bos.and_then(id)),
        ("eos_token_id", eos.and_then(id)),
    ] {
        if let Some(id) = token {
            metadata.set(&format!("tokenizer.ggml.{key}"), Value::Uint(id as u64));
        }
    }
    let adds_bos = settings.add_bos_token.unwrap_or_else(|| {
        bos.is_some_and(|bos| strings(&file.post_processor, "id").contains(&bos.text()))
    });
    let merges = file.model.merges.iter().map(Merge::text).collect();
    for (key, value) in [
        ("model", Value::String("gpt2".to_owned())),
        ("pre", Value::String(pre.to_owned())),
        ("merges", Value::Strings(merges)),
        ("tokens", Value::Strings(tokens)),
        ("token_type", Value::Ints(kinds)),
        ("add_bos_token", Value::Bool(adds_bos)),
    ] {
        metadata.set(&format!("tokenizer.ggml.{key}"), value);
    }
    if let Some(template) = template(folder, settings.chat_template)? {
        metadata.set("tokenizer.chat_template", Value::String(template));
    }
    Ok(())
}

/// All tokens by id, with their kinds; ids that nobody has are unused.
fn tokens(file: &File, size: usize) -> Result<(Vec<String>, Vec<i64>), String> {
    let mut tokens: Vec<String> = (0..size).map(|id| format!("<|unused{id}|>")).collect();
    let mut kinds = vec![UNUSED; size];
    let normal = file
        .model
        .vocab
        .iter()
        .map(|(token, &id)| (id, token, NORMAL));
    let added = file.added_tokens.iter().map(|token| {
        let kind = if token.special { CONTROL } else { USER_DEFINED };
        (token.id, &token.content, kind)
    });
    for (id, token, kind) in normal.chain(added) {
        if id >= size {
            return Err(format!(
                "token {token:?} has id {id}; the model has {size} tokens"
            ));
        }
        token.clone_into(&mut tokens[id]);
        kinds[id] = kind;
    }
    Ok((tokens, kinds))
}

/// The name in GGUF files of how text is cut before merging.
fn pre(found: &Json) -> Result<&'static str, String> {
    let patterns = strings(found, "Regex");
    let kinds = strings(found, "type");
    let known = PATTERNS.iter().find(|(pattern, _)| patterns == [*pattern]);
    let says = |setting: &str| found.to_string().contains(setting);
    let by_gpt2 = kinds.contains(&"ByteLevel") && !says(r#""use_regex":false"#);
    match known {
        Some((_, name)) => Ok(name),
        None if kinds == ["ByteLevel"] && by_gpt2 => Ok("gpt-2"),
        None if kinds.contains(&"Digits") && by_gpt2 && says(r#""individual_digits":true"#) => {
            Ok("smollm")
        }
        None => Err(format!(
            "this pre-tokenizer is not supported; known: those of GPT-2, Llama 3, Qwen2 and SmolLM: {found}"
        )),
    }
}

/// The texts under this key, wherever they stand.
fn strings<'j>(json: &'j Json, key: &str) -> Vec<&'j str> {
    match json {
        Json::Array(items) => items.iter().flat_map(|item| strings(item, key)).collect(),
        Json::Object(entries) => entries
            .iter()
            .flat_map(|(name, value)| match value {
                Json::String(text) if name == key => vec![&**text],
                _ => strings(value, key),
            })
            .collect(),
        _ => Vec::new(),
    }
}

fn settings(folder: &Path) -> Result<Settings> {
    let path = folder.join("tokenizer_config.json");
    if path.exists() {
        json(&path)
    } else {
        Ok(Settings::default())
    }
}

/// The template of the settings, or the one in a file of its own.
fn template(folder: &Path, set: Option<Template>) -> Result<Option<String>> {
    let path = folder.join("chat_template.jinja");
    match set {
        Some(Template::One(text)) => Ok(Some(text)),
        Some(Template::Several(all)) => {
            let main = all.into_iter().find(|one| one.name == "default");
            Ok(main.map(|one| one.template))
        }
        None if path.exists() => {
            let text = fs::read_to_string(&path);
            text.map(Some).map_err(|error| Error::io(&path, &error))
        }
        None => Ok(None),
    }
}
