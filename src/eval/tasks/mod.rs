//! Data sets: one file a format. What a record means is decided here, once.

mod builtin;
mod choice;
mod collect;
mod cosalign;
mod cosapien;
mod prose;
mod refusals;
mod specbench;

pub use builtin::{BUILTIN, builtin};
pub use choice::Question;
pub use specbench::Specifications;

use super::records::Record;
use super::sample::{Sample, Scenario, Task};
use crate::error::{Error, Result};
use crate::safety::{SafetyConfig, Taxonomy};
use collect::Collector;

/// A data set, by what it measures.
#[derive(Debug, Clone)]
pub enum Data {
    /// Prompts under configs, whose responses are judged.
    Responses(Task),
    /// Multiple-choice questions: does control cost knowledge?
    Choice(Vec<Question>),
    /// Texts: does control cost language? Measured as perplexity.
    Prose(Vec<String>),
}

/// How a file is read.
#[derive(Debug, Clone)]
pub struct ReadOptions {
    /// For the report and for messages.
    pub name: String,
    /// Prompts of each config at most, drawn by `seed`.
    pub limit: Option<usize>,
    /// Same seed, same prompts.
    pub seed: u64,
    /// The config for data sets that have none.
    pub config: Option<SafetyConfig>,
    /// The scenarios of a SpecBench file.
    pub specifications: Option<Specifications>,
    /// The categories of categorical configs.
    pub taxonomy: Taxonomy,
}

/// What one record adds to a task: a scenario without samples, and a sample in it.
struct Entry {
    scenario: Scenario,
    sample: Sample,
}

/// A format whose records are prompts.
trait Format {
    /// The prompts of one record.
    fn entries(&self, record: &Record) -> Result<Vec<Entry>>;
}

/// Reads a data set; its columns tell the format.
///
/// # Errors
/// The records' own, and `BadRecord` where columns, types or ids are not as the format wants
/// them, or where the file is empty.
pub fn read(
    records: impl IntoIterator<Item = Result<Record>>,
    options: &ReadOptions,
) -> Result<Data> {
    let mut records = records.into_iter().peekable();
    let first = match records.peek() {
        Some(Ok(record)) => record.clone(),
        Some(Err(error)) => return Err(error.clone()),
        None => {
            return Err(Error::BadRecord {
                at: options.name.clone(),
                detail: "holds no records".to_owned(),
            });
        }
    };
    let has = |column: &str| first.fields.contains_key(column);
    if has("question") && has("choices") {
        return choice::read(records, options).map(Data::Choice);
    }
    if !has("prompt") && has("text") {
        return prose::read(records, options).map(Data::Prose);
    }
    let format = format_of(&first, options)?;
    let mut collector = Collector::new(options);
    for record in records {
        let record = record?;
        for entry in format.entries(&record)? {
            collector.add(&record, entry)?;
        }
    }
    collector.finish().map(Data::Responses)
}

/// The format of prompts that has the columns of a record.
fn format_of(first: &Record, options: &ReadOptions) -> Result<Box<dyn Format>> {
    let has = |column: &str| first.fields.contains_key(column);
    Ok(if has("adversarial_prompt") {
        Box::new(specbench::SpecBench::new(options)?)
    } else if has("situation") {
        Box::new(cosalign::CosAlign::new(options))
    } else if has("scenario") {
        Box::new(cosapien::CoSApien)
    } else if has("prompt") && (has("hazard") || has("label")) {
        Box::new(refusals::Refusals::new(options))
    } else {
        return Err(first.error(format!(
            "columns {} are of no known format; known: prompt, scenario, type (CoSApien); prompt, \
             mode, situation, config or allowed (CoSAlign-Test); prompt, adversarial_prompt, label, \
             scenario (SpecBench); prompt, label or hazard (XSTest, AILuminate); question, choices, \
             answer (multiple choice); text (perplexity)",
            first.fields.keys().cloned().collect::<Vec<_>>().join(", ")
        )));
    })
}
