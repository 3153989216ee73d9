//! A chat model behind an OpenAI-compatible address that the user named.
//!
//! Nothing but that address is ever called: redirects are not followed, and a proxy of the
//! environment is used only where the user asks for it. Deliberately absent: streaming (an
//! evaluation reads whole answers) and reasoning, which such servers give apart or in a
//! `<think>` block that is left in the text.

mod answer;

use std::time::Duration;

use serde_json::{Value, json};
use ureq::http::Uri;
use ureq::{Agent, Proxy};

use crate::error::{Error, Result, require};
use crate::generate::GenerateOptions;
use crate::text::Message;
use answer::{Answer, Failure};

/// Which endpoint, and how long to try.
#[derive(Clone)]
pub struct EndpointOptions {
    /// The base address, for example `http://127.0.0.1:8000/v1`.
    pub url: String,
    /// The model's name there.
    pub model: String,
    /// Sent as a bearer token, and never shown.
    pub api_key: Option<String>,
    /// How long one try may take, from the connection to the last byte.
    pub timeout: Duration,
    /// How often to try before giving up; at least 1.
    pub tries: usize,
    /// The pause before the second try; each further one is twice as long.
    pub backoff: Duration,
    /// The longest pause, also where the server asks for a longer one.
    pub longest_pause: Duration,
    /// Whether the proxy that the environment names (`HTTPS_PROXY` and the like) is used.
    pub proxy_from_env: bool,
}

impl EndpointOptions {
    /// A model without a key: five tries of two minutes, with pauses of half a second and more.
    #[must_use]
    pub fn new(url: impl Into<String>, model: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            model: model.into(),
            api_key: None,
            timeout: Duration::from_secs(120),
            tries: 5,
            backoff: Duration::from_millis(500),
            longest_pause: Duration::from_secs(60),
            proxy_from_env: false,
        }
    }
}

/// A chat or embedding model on a server. Threads may share it and ask at the same time.
pub struct Endpoint {
    options: EndpointOptions,
    agent: Agent,
}

impl Endpoint {
    /// Makes ready; calls nothing yet.
    ///
    /// # Errors
    /// `InvalidOption` for an address that is not plain http(s), for a key that cannot be
    /// sent, and for no tries at all.
    pub fn new(options: EndpointOptions) -> Result<Self> {
        check(&options)?;
        let agent = Agent::config_builder()
            .timeout_global(Some(options.timeout))
            .max_redirects(0)
            .http_status_as_error(false)
            .proxy(options.proxy_from_env.then(Proxy::try_from_env).flatten())
            .user_agent(concat!("cosa/", env!("CARGO_PKG_VERSION")))
            .build()
            .into();
        Ok(Self { options, agent })
    }

    /// The answer to a conversation, as the server gives it.
    ///
    /// `top_k`, `min_p`, `repetition_penalty` and `ignore_eos`, which OpenAI's own servers do
    /// not know, are sent only where they are on. What may pass (no connection, no answer in
    /// time, 408, 429, 5xx, an answer that is no whole JSON) is tried again.
    ///
    /// # Errors
    /// `InvalidOption` for options out of their limits; `Endpoint` with what came instead of
    /// an answer, never with the key.
    pub fn chat(&self, messages: &[Message], options: &GenerateOptions) -> Result<String> {
        options.validate()?;
        let request = request(&self.options.model, messages, options);
        self.ask("chat/completions", &request, answer::text)
    }

    /// A vector for each text, as the server gives it. Tried again as [`Self::chat`].
    ///
    /// # Errors
    /// `Endpoint` with what came instead of as many vectors.
    pub fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>> {
        let request = json!({ "model": self.options.model, "input": texts });
        let read = |answer: &Value| answer::vectors(answer, texts.len());
        self.ask("embeddings", &request, read)
    }

    fn ask<T>(
        &self,
        path: &str,
        request: &Value,
        read: impl Fn(&Value) -> Result<T, Failure>,
    ) -> Result<T> {
        let url = format!("{}/{path}", self.options.url.trim_end_matches('/'));
        let mut attempt = 1;
        loop {
            match self
                .post(&url, request)
                .and_then(|answer| answer.read(&read))
            {
                Ok(found) => return Ok(found),
                Err(failure) if failure.may_pass && attempt < self.options.tries => {
                    std::thread::sleep(self.pause(attempt, failure.retry_after));
                    attempt += 1;
                }
                Err(failure) => return Err(self.error(url, &failure, attempt)),
            }
        }
    }

    fn post(&self, url: &str, request: &Value) -> Result<Answer, Failure> {
        let mut post = self.agent.post(url);
        if let Some(key) = &self.options.api_key {
            post = post.header("authorization", format!("Bearer {key}"));
        }
        Answer::of(post.send_json(request)?)
    }

    /// How long to wait after so many tries.
    fn pause(&self, tries: usize, asked_for: Option<Duration>) -> Duration {
        let doublings = u32::try_from(tries - 1).unwrap_or(u32::MAX);
        let factor = 2u32.saturating_pow(doublings);
        let backoff = self.options.backoff.saturating_mul(factor);
        backoff
            .max(asked_for.unwrap_or_default())
            .min(self.options.longest_pause)
    }

    fn error(&self, url: String, failure: &Failure, tries: usize) -> Error {
        let times = if tries == 1 { "try" } else { "tries" };
        let told = failure.told(self.options.api_key.as_deref());
        Error::Endpoint {
            url,
            detail: format!("{told} ({tries} {times})"),
        }
    }
}

fn request(model: &str, messages: &[Message], options: &GenerateOptions) -> Value {
    let message = |m: &Message| json!({ "role": m.role.name(), "content": m.content });
    let mut request = json!({
        "model": model,
        "messages": messages.iter().map(message).collect::<Vec<Value>>(),
        "max_tokens": options.max_tokens,
        "temperature": options.temperature,
        "top_p": options.top_p,
        "seed": options.seed,
        "n": 1,
    });
    let optional = [
        ("stop", !options.stop.is_empty(), json!(options.stop)),
        ("top_k", options.top_k > 0, json!(options.top_k)),
        ("min_p", options.min_p > 0.0, json!(options.min_p)),
        (
            "repetition_penalty",
            options.repetition_penalty != 1.0,
            json!(options.repetition_penalty),
        ),
        ("ignore_eos", options.ignore_eos, json!(true)),
    ];
    for (name, _, value) in optional.into_iter().filter(|(_, on, _)| *on) {
        request[name] = value;
    }
    request
}

fn check(options: &EndpointOptions) -> Result<()> {
    // The address is shown in every error, so nothing secret may be in it; and it is not
    // shown here, where it may have something.
    let uri: Option<Uri> = options.url.parse().ok();
    let plain = uri.is_some_and(|uri| {
        let authority = uri.authority().map(|authority| authority.as_str());
        matches!(uri.scheme_str(), Some("http" | "https"))
            && authority.is_some_and(|authority| !authority.contains('@'))
            && uri.query().is_none()
            && !options.url.contains('#')
    });
    require(
        plain,
        "url",
        "must be like http://host:8000/v1, without a name, a password, `?` or `#`",
    )?;
    let sendable = |key: &String| !key.is_empty() && key.bytes().all(|b| b.is_ascii_graphic());
    require(
        options.api_key.as_ref().is_none_or(sendable),
        "api key",
        "must be ASCII without spaces, and not empty",
    )?;
    require(options.tries > 0, "tries", "must be at least 1")?;
    require(!options.timeout.is_zero(), "timeout", "must be above 0")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::text::Role;

    fn options() -> EndpointOptions {
        EndpointOptions::new("http://127.0.0.1:9/v1/", "m")
    }

    #[test]
    fn what_cannot_be_asked_is_refused_without_showing_a_secret() {
        assert!(Endpoint::new(options()).is_ok());
        type Change = fn(&mut EndpointOptions);
        let cases: [(&str, Change); 11] = [
            ("url", |o| o.url = "127.0.0.1:8000".into()),
            ("url", |o| o.url = "ftp://secret/v1".into()),
            ("url", |o| o.url = "http://user:secret@host/v1".into()),
            ("url", |o| o.url = "http://host/v1?key=secret".into()),
            ("url", |o| o.url = "http://host/v1#secret".into()),
            ("url", |o| o.url = "http://a secret/".into()),
            ("api key", |o| o.api_key = Some(String::new())),
            ("api key", |o| o.api_key = Some("secret\n".into())),
            ("api key", |o| o.api_key = Some("sécret".into())),
            ("tries", |o| o.tries = 0),
            ("timeout", |o| o.timeout = Duration::ZERO),
        ];
        for (name, spoil) in cases {
            let mut options = options();
            spoil(&mut options);
            let error = Endpoint::new(options).err().unwrap();
            assert_eq!(error.code(), "invalid_option");
            let message = error.to_string();
            assert!(
                message.contains(name) && !message.contains("cret"),
                "{message}"
            );
        }
    }

    #[test]
    fn pauses_double_up_to_a_limit() {
        let endpoint = Endpoint::new(options()).unwrap();
        let pause = |tries, asked: Option<u64>| {
            endpoint
                .pause(tries, asked.map(Duration::from_secs))
                .as_millis()
        };
        assert_eq!([1, 2, 3].map(|tries| pause(tries, None)), [500, 1000, 2000]);
        assert_eq!(pause(usize::MAX, None), 60_000);
        assert_eq!(pause(1, Some(7)), 7000);
        assert_eq!(pause(1, Some(0)), 500);
        assert_eq!(pause(1, Some(u64::MAX)), 60_000);
    }

    #[test]
    fn only_what_is_on_is_sent_beyond_the_standard() {
        let messages = [
            Message::new(Role::System, "rules"),
            Message::new(Role::User, "hi"),
        ];
        let plain = request("m", &messages, &GenerateOptions::default());
        let expected = json!({
            "model": "m",
            "messages": [
                { "role": "system", "content": "rules" },
                { "role": "user", "content": "hi" },
            ],
            "max_tokens": 512, "temperature": 0.0, "top_p": 1.0, "seed": 0, "n": 1,
        });
        assert_eq!(plain, expected);
        let options = GenerateOptions {
            stop: vec!["\n".into()],
            top_k: 40,
            min_p: 0.5,
            repetition_penalty: 1.5,
            ignore_eos: true,
            ..GenerateOptions::default()
        };
        let full = request("m", &[], &options);
        assert_eq!(full["stop"], json!(["\n"]));
        assert_eq!(full["top_k"], 40);
        assert_eq!(full["min_p"], 0.5);
        assert_eq!(full["repetition_penalty"], 1.5);
        assert_eq!(full["ignore_eos"], true);
    }
}
