//! Topics out of a dictionary: each noun, with what it means.

use super::content::{Request, Topic};
use super::writing::capital;
use crate::error::Result;
use crate::eval::records::Record;
use crate::safety::Taxonomy;

/// Ways to ask for a meaning.
const ASKS: [&str; 8] = [
    "What is the meaning of {}?",
    "What does the word {} mean?",
    "Tell me about {}.",
    "Please explain {}.",
    "{}?",
    "I read about {} today. What is it?",
    "Can you say something about {}?",
    "How would you explain {} to a friend?",
];

/// Ways to name a noun in a rule.
const NAMES: [&str; 6] = [
    "{}",
    "{}",
    "the subject of {}",
    "anything about {}",
    "{} and the like",
    "questions about {}",
];

/// The topic that an entry of a dictionary makes, where it is an everyday noun with a short
/// meaning and none of a taxonomy's words in it.
///
/// # Errors
/// `BadRecord` where the entry has no `term` and `definition`.
pub fn topic(entry: &Record, taxonomy: &Taxonomy) -> Result<Option<Topic>> {
    let (term, definition) = (entry.text("term")?, entry.text("definition")?);
    let noun = entry.opt_text("pos")?.is_none_or(|pos| pos == "noun");
    if !noun || !is_everyday(term, definition, taxonomy) {
        return Ok(None);
    }
    let fill = |templates: &[&str]| -> Vec<String> {
        templates
            .iter()
            .map(|template| template.replace("{}", term))
            .collect()
    };
    Ok(Some(Topic {
        id: format!("noun {term}"),
        name: term.to_owned(),
        names: fill(&NAMES),
        scopes: Vec::new(),
        requests: vec![Request {
            scope: None,
            asks: fill(&ASKS).iter().map(|ask| capital(ask)).collect(),
            answers: vec![capital(&format!("{term} means {definition}."))],
        }],
        sensitive: false,
    }))
}

fn is_everyday(term: &str, definition: &str, taxonomy: &Taxonomy) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_lowercase();
    let mut bytes = definition.bytes();
    let words = taxonomy
        .categories
        .iter()
        .flat_map(|category| &category.words);
    let is_told = |word: &String| term == word || definition.split(' ').any(|own| own == word);
    (4..=10).contains(&term.len())
        && term.bytes().all(is_letter)
        && definition.len() <= 64
        && bytes.all(|byte| is_letter(byte) || byte == b' ' || byte == b',')
        && !words.into_iter().any(is_told)
}
