//! Multiple choice, MMLU style: `question`, `choices` (a list) and `answer` (an index from 0, a
//! letter, or the text of a choice).

use serde_json::Value;

use super::ReadOptions;
use crate::error::Result;
use crate::eval::records::Record;

/// The letters that choices are shown with.
pub const LETTERS: [&str; 10] = ["A", "B", "C", "D", "E", "F", "G", "H", "I", "J"];

/// One question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The words.
    pub text: String,
    /// At least two, at most ten.
    pub choices: Vec<String>,
    /// Index of the right one.
    pub answer: usize,
}

impl Question {
    /// The question as it is put to a model.
    #[must_use]
    pub fn prompt(&self) -> String {
        let choices = LETTERS.iter().zip(&self.choices);
        let lines: Vec<String> = choices
            .map(|(letter, text)| format!("{letter}. {text}"))
            .collect();
        format!(
            "{}\n{}\nAnswer with the letter of the right choice.",
            self.text,
            lines.join("\n")
        )
    }

    /// The letters of its choices.
    #[must_use]
    pub fn letters(&self) -> &'static [&'static str] {
        &LETTERS[..self.choices.len()]
    }
}

pub(super) fn read(
    records: impl Iterator<Item = Result<Record>>,
    options: &ReadOptions,
) -> Result<Vec<Question>> {
    let limit = options.limit.unwrap_or(usize::MAX);
    records
        .take(limit)
        .map(|record| question(&record?))
        .collect()
}

fn question(record: &Record) -> Result<Question> {
    let choices: Vec<String> = record
        .texts("choices")?
        .into_iter()
        .map(str::to_owned)
        .collect();
    if !(2..=LETTERS.len()).contains(&choices.len()) {
        return Err(record.error(format!(
            "has {} choices; 2 to 10 are possible",
            choices.len()
        )));
    }
    let answer = match record.fields.get("answer") {
        Some(Value::Number(number)) => number.as_u64().and_then(|n| usize::try_from(n).ok()),
        Some(Value::String(text)) => {
            let letter = LETTERS.iter().position(|letter| *letter == text.trim());
            letter.or(choices.iter().position(|choice| choice == text))
        }
        _ => None,
    };
    let answer = answer
        .filter(|&index| index < choices.len())
        .ok_or_else(|| {
            record
                .error("column \"answer\" must be an index from 0, a letter, or one of the choices")
        })?;
    Ok(Question {
        text: record.text("question")?.to_owned(),
        choices,
        answer,
    })
}
