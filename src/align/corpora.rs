//! Corpora of the usual record forms as lines to train on.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng as _;
use serde::Deserialize;
use serde_json::Value;

use super::records::{TrainLine, TurnLine};
use crate::error::{Error, Result};
use crate::eval::records::Record;
use crate::eval::statistics;
use crate::safety::Taxonomy;

/// A record's fields: prose, dialogue, question and answer, or an entry of a dictionary.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum CorpusLine {
    Dialogue {
        messages: Vec<TurnLine>,
    },
    Question {
        question: String,
        answer: String,
        context: Option<String>,
    },
    Entry {
        term: String,
        definition: String,
        #[serde(default)]
        examples: Vec<String>,
    },
    Prose {
        text: String,
    },
}

/// A record as a line to train on. The forms: `text`; `messages`; `question` and `answer`,
/// with a `context` perhaps; `term` and `definition`, with `examples` perhaps.
///
/// # Errors
/// `BadRecord` for another form.
pub fn train_line(record: &Record) -> Result<TrainLine> {
    let fields = Value::Object(record.fields.clone());
    let line = serde_json::from_value(fields).map_err(|_| Error::BadRecord {
        at: record.at.clone(),
        detail: "needs text; messages; question and answer; or term and definition".to_owned(),
    })?;
    Ok(of(line))
}

/// Puts lines into the order that a seed gives.
pub fn shuffle(lines: &mut [TrainLine], seed: u64) {
    statistics::shuffle(lines, &mut ChaCha8Rng::seed_from_u64(seed));
}

fn of(record: CorpusLine) -> TrainLine {
    match record {
        CorpusLine::Dialogue { messages } => TrainLine::Chat { messages },
        CorpusLine::Question {
            question,
            answer,
            context,
        } => {
            let question = match context {
                Some(context) => format!("{context}\n{question}"),
                None => question,
            };
            let messages = vec![
                TurnLine::new("user", question),
                TurnLine::new("assistant", answer),
            ];
            TrainLine::Chat { messages }
        }
        CorpusLine::Entry {
            term,
            definition,
            examples,
        } => {
            let examples = examples.iter().map(|example| format!("\n- {example}"));
            TrainLine::Text {
                text: format!("{term}: {definition}{}", examples.collect::<String>()),
            }
        }
        CorpusLine::Prose { text } => TrainLine::Text { text },
    }
}

/// Bytes of a line's words.
#[must_use]
pub fn size(line: &TrainLine) -> usize {
    match line {
        TrainLine::Text { text } => text.len(),
        TrainLine::Chat { messages } => messages.iter().map(|turn| turn.content.len()).sum(),
    }
}

/// Whether no turn of the assistant holds a word of a risk category: dialogues in which it
/// does would teach to answer without a look at the config.
#[must_use]
pub fn is_harmless(line: &TrainLine, taxonomy: &Taxonomy) -> bool {
    let TrainLine::Chat { messages } = line else {
        return true;
    };
    let words: Vec<&str> = taxonomy
        .categories
        .iter()
        .flat_map(|c| c.words.iter().map(String::as_str))
        .collect();
    let clear = |turn: &TurnLine| {
        let text = turn.content.to_lowercase();
        let mut own = text.split(|c: char| !c.is_alphanumeric());
        !own.any(|word| words.contains(&word))
    };
    messages.iter().all(clear)
}
