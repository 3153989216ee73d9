//! Options from JavaScript, each key checked by name.

use js_sys::{Array, Object};
use serde::de::DeserializeOwned;
use wasm_bindgen::{JsCast as _, JsValue};

use crate::backend::cpu::KvType;
use crate::error::{Error, Result};
use crate::generate::GenerateOptions;
use crate::guard::{Authority, ChatLoadOptions};
use crate::safety::SafetyConfig;
use crate::text::{Message, Role};

/// Of `Loader`'s constructor.
pub(super) fn load_options(value: &JsValue) -> Result<(ChatLoadOptions, KvType)> {
    let mut options = ChatLoadOptions::default();
    let mut kv_type = KvType::default();
    for (key, value) in fields("options", value)? {
        match key.as_str() {
            "contextLength" => options.load.context_length = Some(convert(&key, value)?),
            "sha256" => options.sha256 = Some(convert(&key, value)?),
            "authority" => options.authority = Authority::key(&convert::<String>(&key, value)?)?,
            "kvCache" => kv_type = kv_cache(&key, &convert::<String>(&key, value)?)?,
            _ => return Err(unknown(key, "contextLength, sha256, authority, kvCache")),
        }
    }
    Ok((options, kv_type))
}

fn kv_cache(key: &str, name: &str) -> Result<KvType> {
    match name {
        "int8" => Ok(KvType::Int8),
        "f32" => Ok(KvType::F32),
        _ => Err(invalid(key, "must be 'int8' or 'f32'".to_owned())),
    }
}

/// Of `send` and `complete`.
pub(super) fn generate_options(value: &JsValue) -> Result<GenerateOptions> {
    const KNOWN: &str = "maxTokens, temperature, topK, topP, minP, repetitionPenalty, seed, \
                         stop, ignoreEos";
    let mut options = GenerateOptions::default();
    for (key, value) in fields("options", value)? {
        match key.as_str() {
            "maxTokens" => options.max_tokens = convert(&key, value)?,
            "temperature" => options.temperature = convert(&key, value)?,
            "topK" => options.top_k = convert(&key, value)?,
            "topP" => options.top_p = convert(&key, value)?,
            "minP" => options.min_p = convert(&key, value)?,
            "repetitionPenalty" => options.repetition_penalty = convert(&key, value)?,
            "seed" => options.seed = convert(&key, value)?,
            "stop" => options.stop = convert(&key, value)?,
            "ignoreEos" => options.ignore_eos = convert(&key, value)?,
            _ => return Err(unknown(key, KNOWN)),
        }
    }
    options.validate()?;
    Ok(options)
}

/// Of `respond`: a system message at most, in front, then user and assistant in turns.
pub(super) fn turns(value: JsValue) -> Result<Vec<Message>> {
    #[derive(serde::Deserialize)]
    struct Turn {
        role: String,
        content: String,
    }
    let turns: Vec<Turn> = convert("messages", value)?;
    let message = |turn: Turn| {
        let role = Role::parse(&turn.role);
        let role = role.ok_or_else(|| {
            let detail = format!(
                "role {:?} is not known; known: system, user, assistant",
                turn.role
            );
            invalid("messages", detail)
        });
        role.map(|role| Message::new(role, turn.content))
    };
    let turns: Vec<Message> = turns.into_iter().map(message).collect::<Result<_>>()?;
    match turns.last() {
        Some(last) if last.role == Role::User => Ok(turns),
        _ => Err(invalid(
            "messages",
            "must end with a message of the user".to_owned(),
        )),
    }
}

/// `null`, a text, or `{ name?, text }`. A config that was lost on its way here, `undefined`,
/// must not be taken for none.
pub(super) fn safety_config(value: &JsValue) -> Result<Option<SafetyConfig>> {
    if value.is_null() {
        return Ok(None);
    }
    if value.is_undefined() {
        return Err(Error::InvalidSafetyConfig {
            detail: "it is undefined; give null for no config".to_owned(),
        });
    }
    if let Some(text) = value.as_string() {
        return SafetyConfig::new(None, &text).map(Some);
    }
    let invalid = |error: Error| Error::InvalidSafetyConfig {
        detail: error.to_string(),
    };
    let (mut name, mut text) = (None::<String>, String::new());
    for (key, value) in fields("safetyConfig", value).map_err(invalid)? {
        match key.as_str() {
            "name" => name = Some(convert(&key, value).map_err(invalid)?),
            "text" => text = convert(&key, value).map_err(invalid)?,
            _ => return Err(invalid(unknown(key, "name, text"))),
        }
    }
    SafetyConfig::new(name.as_deref(), &text).map(Some)
}

/// The defined own properties of an object; none of `undefined` and `null`.
fn fields(name: &str, value: &JsValue) -> Result<Vec<(String, JsValue)>> {
    if value.is_null() || value.is_undefined() {
        return Ok(Vec::new());
    }
    if Array::is_array(value) {
        return Err(invalid(name, "must be an object".to_owned()));
    }
    let object = value
        .dyn_ref::<Object>()
        .ok_or_else(|| invalid(name, "must be an object".to_owned()))?;
    let entries = Object::entries(object);
    let pairs = entries.iter().map(|entry| {
        let pair: Array = entry.unchecked_into();
        (pair.get(0).as_string().unwrap_or_default(), pair.get(1))
    });
    Ok(pairs
        .filter(|(_, value)| !value.is_undefined() && !value.is_null())
        .collect())
}

fn convert<T: DeserializeOwned>(key: &str, value: JsValue) -> Result<T> {
    serde_wasm_bindgen::from_value(value).map_err(|error| invalid(key, error.to_string()))
}

fn unknown(key: String, known: &str) -> Error {
    invalid(&key, format!("is not known; known: {known}"))
}

fn invalid(name: &str, detail: String) -> Error {
    Error::InvalidOption {
        name: name.to_owned(),
        detail,
    }
}
