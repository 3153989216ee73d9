//! What an endpoint's answer is: a text, or a failure that may pass or will not.

use std::io::Read as _;
use std::time::Duration;

use serde_json::Value;
use ureq::Body;
use ureq::http::{Response, header};

use crate::eval::records::excerpt;

/// The longest answer that is read, in bytes.
const MAX_BODY: u64 = 4 << 20;
/// As much as is read of a body that is only shown, in bytes.
const SHOWN_BODY: u64 = 16 << 10;
/// How much of a body is shown, in characters.
const SHOWN: usize = 200;

/// Why there is no text.
#[derive(Debug, Default)]
pub(super) struct Failure {
    /// What happened, in our words.
    cause: String,
    /// What the server wrote; empty if nothing.
    body: String,
    /// Whether the same question may have an answer later.
    pub may_pass: bool,
    /// How long the server asks to wait.
    pub retry_after: Option<Duration>,
}

impl Failure {
    fn lasting(cause: impl Into<String>) -> Self {
        Self {
            cause: cause.into(),
            ..Self::default()
        }
    }

    fn passing(cause: impl Into<String>) -> Self {
        Self {
            may_pass: true,
            ..Self::lasting(cause)
        }
    }

    fn with_body(self, body: &[u8]) -> Self {
        Self {
            body: String::from_utf8_lossy(body).into_owned(),
            ..self
        }
    }

    /// The failure as a message, without the key: some servers repeat it.
    pub fn told(&self, key: Option<&str>) -> String {
        // The key is looked for where control characters are gone and nothing is cut yet.
        let shown = |text: &str, characters| {
            let text = excerpt(text, usize::MAX);
            let text = key.map_or(text.clone(), |key| text.replace(key, "[key]"));
            excerpt(&text, characters)
        };
        let cause = shown(&self.cause, 2 * SHOWN);
        match shown(self.body.trim(), SHOWN) {
            body if body.is_empty() => cause,
            body => format!("{cause}: {body}"),
        }
    }
}

impl From<ureq::Error> for Failure {
    fn from(error: ureq::Error) -> Self {
        use ureq::Error::{
            BodyExceedsLimit, ConnectionFailed, HostNotFound, Io, Protocol, Timeout,
        };
        match error {
            Timeout(_) => Self::passing("no whole answer in time"),
            BodyExceedsLimit(limit) => {
                Self::lasting(format!("the answer is longer than {limit} bytes"))
            }
            Io(_) | Protocol(_) | ConnectionFailed | HostNotFound => {
                Self::passing(error.to_string())
            }
            _ => Self::lasting(error.to_string()),
        }
    }
}

/// What a server answered, where it was JSON.
pub(super) struct Answer {
    body: Vec<u8>,
    json: Value,
}

impl Answer {
    /// Reads it, unless the status says that there is none.
    pub fn of(mut response: Response<Body>) -> Result<Self, Failure> {
        let status = response.status();
        if !status.is_success() {
            return Err(refusal(response));
        }
        let body = response.body_mut().with_config().limit(MAX_BODY);
        let body = body.read_to_vec()?;
        match serde_json::from_slice(&body) {
            Ok(json) => Ok(Self { body, json }),
            Err(_) => {
                let found = match body.trim_ascii_start().first() {
                    None => "nothing",
                    Some(b'<') => "a web page",
                    Some(_) => "no whole JSON",
                };
                let cause = format!("HTTP {status} with {found} instead of an answer");
                Err(Failure::passing(cause).with_body(&body))
            }
        }
    }

    /// What `read` finds in it.
    pub fn read<T>(&self, read: impl Fn(&Value) -> Result<T, Failure>) -> Result<T, Failure> {
        read(&self.json).map_err(|failure| failure.with_body(&self.body))
    }
}

/// The text of a chat model's answer.
pub(super) fn text(answer: &Value) -> Result<String, Failure> {
    // Relays report what went wrong behind them like this, with status 200.
    let Some(choice) = answer.pointer("/choices/0") else {
        return Err(Failure::passing("the JSON has no choices"));
    };
    match choice.pointer("/message/content") {
        Some(Value::String(text)) => Ok(text.clone()),
        _ => {
            let reason = choice["finish_reason"].as_str().unwrap_or("none given");
            let cause = format!("the message has no text (finish reason: {reason})");
            Err(Failure::lasting(cause))
        }
    }
}

/// The vectors of an embedding model's answer, which may come in any order.
pub(super) fn vectors(answer: &Value, count: usize) -> Result<Vec<Vec<f32>>, Failure> {
    let mut found = vec![Vec::new(); count];
    for item in answer["data"].as_array().into_iter().flatten() {
        let at = item["index"]
            .as_u64()
            .and_then(|at| usize::try_from(at).ok());
        let numbers = item["embedding"].as_array().into_iter().flatten();
        let vector: Option<Vec<f32>> = numbers.map(|n| Some(n.as_f64()? as f32)).collect();
        if let (Some(place), Some(vector)) = (at.and_then(|at| found.get_mut(at)), vector) {
            *place = vector;
        }
    }
    let width = found.first().map_or(0, Vec::len);
    if width == 0 || found.iter().any(|vector| vector.len() != width) {
        let cause = format!("the JSON does not hold {count} vectors of one length");
        return Err(Failure::lasting(cause));
    }
    Ok(found)
}

/// What a status other than success means.
fn refusal(mut response: Response<Body>) -> Failure {
    let mut body = Vec::new();
    let reader = response.body_mut().as_reader();
    // The status says it all; of the body, whatever can be had is shown.
    let _ = reader.take(SHOWN_BODY).read_to_end(&mut body);
    let status = response.status();
    let header = |name| response.headers().get(name)?.to_str().ok();
    let failure = match status.as_u16() {
        300..400 => Failure::lasting(format!(
            "HTTP {status}: it points to {}, which is not followed; give the address that is meant",
            header(header::LOCATION).unwrap_or("nowhere")
        )),
        404 => Failure::lasting(format!(
            "HTTP {status}: is the base address right (most end in /v1), and the model's name"
        )),
        408 | 429 | 500.. => Failure {
            // A date, the other form of this header, is left to the back-off.
            retry_after: header(header::RETRY_AFTER)
                .and_then(|seconds| seconds.trim().parse().ok())
                .map(Duration::from_secs),
            ..Failure::passing(format!("HTTP {status}"))
        },
        _ => Failure::lasting(format!("HTTP {status}")),
    };
    failure.with_body(&body)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use serde_json::json;

    use super::*;

    #[test]
    fn a_key_is_never_told() {
        let body = format!("{} wrong key s3\u{0}cret", "x".repeat(187));
        let failure = Failure::lasting("to http://host/s3cret").with_body(body.as_bytes());
        let told = failure.told(Some("s3cret"));
        assert_eq!(
            told,
            format!("to http://host/[key]: {} wrong key [k…", "x".repeat(187))
        );
        assert!(failure.told(None).contains("/s3cret"));
    }

    #[test]
    fn a_text_is_found_or_its_absence_told() {
        let answer = |content: Value| json!({"choices": [{"message": {"content": content}, "finish_reason": "length"}]});
        assert_eq!(text(&answer("hi".into())).unwrap(), "hi");
        assert_eq!(text(&answer("".into())).unwrap(), "");
        let failure = text(&answer(Value::Null)).unwrap_err();
        assert!(!failure.may_pass && failure.cause.contains("length"));
        assert!(text(&json!({"choices": []})).unwrap_err().may_pass);
        assert!(text(&json!({"error": {"code": 502}})).unwrap_err().may_pass);
        assert!(text(&json!([])).unwrap_err().may_pass);
    }
}
