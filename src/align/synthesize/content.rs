//! The pieces: topics, and wordings of configs.

use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::composed::Composed;
use super::is_held_out;
use super::parallel::Parallel;
use crate::align::records::PromptLine;
use crate::error::{Error, Result};

/// Something that requests are about.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Topic {
    /// Unique.
    pub id: String,
    /// Its usual name, short, in lower case.
    pub name: String,
    /// How rules name it; a harmless topic has no names.
    #[serde(default)]
    pub names: Vec<String>,
    /// What most people call it in a rule; for learning alone, as are the forms of [`Wording`] that say
    /// more than one thing. What would be held out by its letters is drawn from none of these.
    #[serde(default)]
    pub plain: Vec<String>,
    /// Words of its field, of which names are made for learning.
    #[serde(default)]
    pub words: Vec<String>,
    /// Its parts, which exceptions name.
    #[serde(default)]
    pub scopes: Vec<Scope>,
    /// What is asked about it.
    pub requests: Vec<Request>,
    /// What is asked about it besides, without an answer: to be told apart, no more.
    #[serde(default)]
    pub questions: Vec<Questions>,
    /// Rules on everything else that is sensitive cover it.
    #[serde(skip)]
    pub sensitive: bool,
}

/// A part of a topic.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scope {
    /// One or two words.
    pub name: String,
    /// How exceptions name it.
    pub phrases: Vec<String>,
    /// Words of its field, of which phrases are made for learning.
    #[serde(default)]
    pub words: Vec<String>,
}

/// One thing to ask.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// The part of the topic that it belongs to.
    #[serde(default)]
    pub scope: Option<String>,
    /// Wordings.
    pub asks: Vec<String>,
    /// Answers, each complete.
    pub answers: Vec<String>,
}

/// Requests on one part of a topic, or on none of its parts, that nobody wrote answers to.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Questions {
    /// The part of the topic.
    #[serde(default)]
    pub scope: Option<String>,
    /// Each asks for something else.
    pub asks: Vec<String>,
}

/// How configs and conversations are worded. `{T}` is a topic, `{U}` another, `{S}` a part of
/// one, `{P}` a persona, `{A}` and `{b}` requests, `{1}` to `{3}` words of a field; brackets mark the words for
/// all or all other topics. `<a|b>` is one of the two.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    missing_docs,
    reason = "named as in the file, whose comments say what they are"
)]
pub struct Wording {
    pub naming: Vec<String>,
    pub personas: Vec<String>,
    pub openers: Vec<String>,
    pub styles: Vec<String>,
    pub allow: Vec<String>,
    pub deny: Vec<String>,
    pub allow_except: Vec<String>,
    pub deny_except: Vec<String>,
    pub only_for: Vec<String>,
    #[serde(default)]
    pub likewise: Vec<String>,
    #[serde(default)]
    pub both: Vec<String>,
    #[serde(default)]
    pub all_but: Vec<String>,
    #[serde(default)]
    pub nothing_but: Vec<String>,
    #[serde(default)]
    pub allowed_items: Vec<String>,
    #[serde(default)]
    pub denied_items: Vec<String>,
    #[serde(default)]
    pub other_items: Vec<String>,
    pub others_denied: Vec<String>,
    pub others_allowed: Vec<String>,
    pub all_denied: Vec<String>,
    pub all_allowed: Vec<String>,
    pub list_allow: Vec<String>,
    pub list_deny: Vec<String>,
    pub rules_heading: Vec<String>,
    pub closings: Vec<String>,
    pub refusals: Vec<String>,
    pub joiners: Vec<String>,
    pub frames: Vec<String>,
    pub mentions: Vec<String>,
    pub composed: Option<Composed>,
    #[serde(default)]
    pub parallel: Vec<Parallel>,
}

/// All pieces of a folder.
#[derive(Debug, Clone)]
pub struct Content {
    /// What configs are about.
    pub topics: Vec<Topic>,
    /// What is always fine.
    pub harmless: Vec<Topic>,
    /// How it is said.
    pub wording: Wording,
}

impl Content {
    /// Reads `wording.toml`, `topics/*.toml`, `harmless/*.toml` and `beyond.toml`.
    ///
    /// # Errors
    /// `Io` and `BadRecord` with the file.
    pub fn read(folder: &Path) -> Result<Self> {
        let mut topics = read_all(&folder.join("topics"))?;
        topics.iter_mut().for_each(|topic| topic.sensitive = true);
        let mut harmless = read_all(&folder.join("harmless"))?;
        let beyond = folder.join("beyond.toml");
        if beyond.exists() {
            harmless.push(read(&beyond)?);
        }
        let content = Self {
            topics,
            harmless,
            wording: read(&folder.join("wording.toml"))?,
        };
        content.check(folder)?;
        Ok(content)
    }

    /// Each request once, in its first wording that is learned from, with the topic as its risk
    /// where it is sensitive: what `configs` begins with.
    #[must_use]
    pub fn prompts(&self) -> Vec<PromptLine> {
        let lines = self.topics.iter().chain(&self.harmless).flat_map(|topic| {
            let risks = topic.sensitive.then(|| topic.id.clone());
            (topic.requests.iter().enumerate()).map(move |(at, request)| PromptLine {
                id: format!("{}-{at}", topic.id),
                prompt: first(&request.asks).clone(),
                risks: risks.iter().cloned().collect(),
            })
        });
        lines.collect()
    }

    fn check(&self, folder: &Path) -> Result<()> {
        let bad = |topic: &Topic, detail: String| Error::BadRecord {
            at: format!("topic {} in {}", topic.id, folder.display()),
            detail,
        };
        let mut seen = Vec::new();
        for topic in self.topics.iter().chain(&self.harmless) {
            if seen.contains(&&topic.id) {
                return Err(bad(topic, "the id comes twice".to_owned()));
            }
            seen.push(&topic.id);
            if topic.sensitive && topic.names.is_empty() {
                return Err(bad(topic, "has no names".to_owned()));
            }
            let scopes = topic.requests.iter().filter_map(|it| it.scope.as_ref());
            let scopes = scopes.chain(topic.questions.iter().filter_map(|it| it.scope.as_ref()));
            for scope in scopes {
                if topic.scopes.iter().all(|known| known.name != *scope) {
                    return Err(bad(topic, format!("{scope:?} is no scope of it")));
                }
            }
            if topic.questions.iter().any(|it| it.asks.is_empty()) {
                return Err(bad(topic, "has questions without asks".to_owned()));
            }
            for request in &topic.requests {
                if request.asks.is_empty() || request.answers.is_empty() {
                    return Err(bad(topic, "a request lacks asks or answers".to_owned()));
                }
            }
        }
        Ok(())
    }
}

/// The first of these wordings that is plain and not held out, if there is one.
fn first(asks: &[String]) -> &String {
    let plain = |ask: &&String| !ask.contains('<') && !is_held_out(ask);
    asks.iter().find(plain).unwrap_or(&asks[0])
}

fn read_all(folder: &Path) -> Result<Vec<Topic>> {
    let entries = fs::read_dir(folder).map_err(|error| Error::io(folder, &error))?;
    let mut paths = Vec::new();
    for entry in entries {
        paths.push(entry.map_err(|error| Error::io(folder, &error))?.path());
    }
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "toml"));
    paths.sort();
    paths.iter().map(|path| read(path)).collect()
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let text = fs::read_to_string(path).map_err(|error| Error::io(path, &error))?;
    toml::from_str(&text).map_err(|error| Error::BadRecord {
        at: path.display().to_string(),
        detail: error.to_string(),
    })
}

#[cfg(test)]
mod tests;
