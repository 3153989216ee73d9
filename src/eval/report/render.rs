//! A report for people: Markdown for a terminal or a repository, one HTML page for a browser.
//!
//! Responses, ids and reasons are hostile text. The page escapes all that it prints; what
//! Markdown prints goes through the filter `cell`.

use std::collections::BTreeMap;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, Value};
use minijinja::{AutoEscape, Environment, context, escape_formatter};
use serde::Serialize;

use super::Report;
use crate::error::{Error, Result};
use crate::eval::line::{Line, Verdicts};
use crate::safety::{Outcome, PromptType};

/// The report as Markdown: the table of set-ups and what stands beside it.
///
/// # Errors
/// `Template` where the template and the report do not fit each other.
pub fn markdown(report: &Report) -> Result<String> {
    let report = Value::from(Serde(report));
    Ok(aligned(&render("report.md.j2", context! { report })?))
}

/// The report as one HTML page that needs nothing else, with every response in it.
///
/// # Errors
/// As [`markdown`].
pub fn html(report: &Report, lines: &[Line]) -> Result<String> {
    let rows = Value::from(Serde(&rows(report, lines)));
    let report = Value::from(Serde(report));
    render("report.html.j2", context! { report, rows })
}

fn render(name: &str, values: Value) -> Result<String> {
    let failed = |error: minijinja::Error| Error::Template {
        detail: format!("{name}: {error:#}"),
    };
    let environment = environment().map_err(failed)?;
    let template = environment.get_template(name).map_err(failed)?;
    template.render(values).map_err(failed)
}

fn environment() -> std::result::Result<Environment<'static>, minijinja::Error> {
    let mut environment = Environment::new();
    environment.set_syntax(
        SyntaxConfig::builder()
            .trim_blocks(true)
            .lstrip_blocks(true)
            .keep_trailing_newline(true)
            .build()?,
    );
    environment.set_auto_escape_callback(|name| match name {
        "report.md.j2" => AutoEscape::None,
        _ => AutoEscape::Html,
    });
    // What is not known prints as nothing.
    environment.set_formatter(|out, state, value| match value.is_none() {
        true => Ok(()),
        false => escape_formatter(out, state, value),
    });
    environment.add_filter("score", |value: Value| fixed(&value, 3));
    environment.add_filter("percent", |value: Value| fixed(&value, 1));
    environment.add_filter("difference", difference);
    environment.add_filter("p_value", p_value);
    environment.add_filter("cell", cell);
    environment.add_filter("merged", |Serde(reasons): Serde<_>| {
        Value::from(Serde(merged(&reasons)))
    });
    environment.add_function("axis", |low: f64, high: f64, most: f64| {
        Value::from(Serde(axis(low, high, most)))
    });
    environment.add_template("report.md.j2", include_str!("report.md.j2"))?;
    environment.add_template("report.html.j2", include_str!("report.html.j2"))?;
    Ok(environment)
}

/// A number with so many decimals and a real minus sign; a dash where there is none.
fn fixed(value: &Value, places: usize) -> String {
    match f64::try_from(value.clone()) {
        Ok(number) if number.is_finite() => {
            let digits = format!("{:.places$}", number.abs());
            // What rounds to zero has no sign.
            let is_zero = digits.chars().all(|digit| matches!(digit, '0' | '.'));
            let sign = if number < 0.0 && !is_zero { "−" } else { "" };
            format!("{sign}{digits}")
        }
        _ => "–".to_owned(),
    }
}

/// A score with its sign, be it plus or minus.
fn difference(value: Value) -> String {
    let text = fixed(&value, 3);
    let is_positive = f64::try_from(value).is_ok_and(|number| number > 0.0) && text != "0.000";
    if is_positive {
        format!("+{text}")
    } else {
        text
    }
}

fn p_value(value: f64) -> String {
    if value < 0.001 {
        "< 0.001".to_owned()
    } else {
        fixed(&Value::from(value), 3)
    }
}

/// One line of plain text for Markdown and for a terminal: no markup, no HTML, no control
/// characters, and none that turn the direction of text.
fn cell(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '\\' | '`' | '*' | '[' | ']' | '|' | '~' => safe.extend(['\\', character]),
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {}
            '\u{2028}' | '\u{2029}' => safe.push(' '),
            _ if character.is_control() => safe.push(' '),
            _ => safe.push(character),
        }
    }
    safe.trim().to_owned()
}

/// A reason with how often it came.
#[derive(Serialize)]
struct Reason {
    text: String,
    count: usize,
}

/// Reasons that differ only in their numbers become one, with `…` where they differ; the most
/// frequent come first.
fn merged(reasons: &BTreeMap<String, usize>) -> Vec<Reason> {
    let mut kinds: BTreeMap<String, (Vec<&str>, usize)> = BTreeMap::new();
    for (reason, count) in reasons {
        let kind = reason.chars().filter(|c| !c.is_ascii_digit()).collect();
        let words = || reason.split(' ');
        let (common, total) = kinds.entry(kind).or_insert((words().collect(), 0));
        for (known, word) in common.iter_mut().zip(words()) {
            if *known != word {
                *known = "…";
            }
        }
        *total += count;
    }
    let kinds = kinds.into_values().map(|(words, count)| Reason {
        text: words.join(" "),
        count,
    });
    let mut all: Vec<Reason> = kinds.collect();
    all.sort_by_key(|reason| std::cmp::Reverse(reason.count));
    all
}

/// Where a plot begins and ends, and its round numbers.
#[derive(Serialize)]
struct Axis {
    low: f64,
    high: f64,
    ticks: Vec<Tick>,
}

#[derive(Serialize)]
struct Tick {
    value: f64,
    label: String,
}

/// The shortest axis of round steps, about so many at most, that holds 0, `low` and `high`.
fn axis(low: f64, high: f64, most: f64) -> Axis {
    let (low, high) = (low.min(0.0), high.max(0.0));
    let span = (high - low).max(1e-6);
    let power = 10_f64.powf((span / most).log10().floor());
    let steps = [1.0, 2.0, 5.0].map(|factor| factor * power);
    let step = steps.into_iter().find(|step| span / step <= most);
    let step = step.unwrap_or(10.0 * power);
    let from = (low / step - 1e-9).floor();
    let count = ((high / step - 1e-9).ceil() - from).max(1.0);
    let places = match step {
        0.999.. => 0,
        0.0999.. => 1,
        _ => 2,
    };
    let tick = |index| (from + index) * step;
    let indices = (0..=20_u8)
        .map(f64::from)
        .take_while(|&index| index <= count);
    Axis {
        low: tick(0.0),
        high: tick(count),
        ticks: indices
            .map(tick)
            .map(|value| Tick {
                value,
                label: fixed(&Value::from(value), places),
            })
            .collect(),
    }
}

/// A line with its place among the responses.
#[derive(Serialize)]
struct Row<'a> {
    /// Which of the report's configs; above all of them, one that the flip test edited.
    config: usize,
    /// Its prompts in the order of the lines.
    prompt: usize,
    /// Which of the report's set-ups.
    setup: usize,
    kind: Option<&'static str>,
    outcome: &'static str,
    line: &'a Line,
}

/// The lines of the report's set-ups, sorted by config, prompt and set-up. Of two for the
/// same, the later counts, as in the numbers.
fn rows<'a>(report: &Report, lines: &'a [Line]) -> Vec<Row<'a>> {
    let mut configs: Vec<&str> = report.configs.iter().map(|one| one.id.as_str()).collect();
    let mut rows = BTreeMap::new();
    let mut prompts = BTreeMap::new();
    for line in lines {
        let setup = report.setups.iter().position(|one| one.name == line.setup);
        let Some(setup) = setup else {
            continue;
        };
        let known = configs.iter().rposition(|&id| id == line.config_id);
        let config = known.unwrap_or_else(|| {
            configs.push(&line.config_id);
            configs.len() - 1
        });
        let next = prompts.len();
        let prompt = *prompts.entry((config, &line.prompt_id)).or_insert(next);
        let kind = line.kind.as_deref().and_then(PromptType::parse);
        let row = Row {
            config,
            prompt,
            setup,
            kind: kind.map(PromptType::name),
            outcome: outcome(line, kind),
            line,
        };
        rows.insert((config, prompt, setup), row);
    }
    rows.into_values().collect()
}

/// Without a type, nobody knows whether a refusal is right.
fn outcome(line: &Line, kind: Option<PromptType>) -> &'static str {
    let verdict = line.verdicts.as_ref().map(Verdicts::to_verdict);
    match (
        Outcome::of(kind.unwrap_or(PromptType::Safe), verdict.as_ref()),
        kind,
    ) {
        (Outcome::Right, None) => "answered",
        (Outcome::OverRefusal, None) => "refused",
        (outcome, _) => outcome.name(),
    }
}

/// Pads the cells of tables, so that they stand in columns in a terminal too.
fn aligned(text: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    let all: Vec<&str> = text.lines().collect();
    for block in all.chunk_by(|a, b| a.starts_with('|') == b.starts_with('|')) {
        if block[0].starts_with('|') {
            lines.extend(table(block));
        } else {
            lines.extend(block.iter().map(|&line| line.to_owned()));
        }
    }
    lines.join("\n") + "\n"
}

fn table(lines: &[&str]) -> Vec<String> {
    let cells = |line: &&'_ str| line.split(" | ").map(str::to_owned).collect();
    let mut rows: Vec<Vec<String>> = lines.iter().map(cells).collect();
    for column in 0..rows.iter().map(Vec::len).max().unwrap_or(0) {
        let cells = || rows.iter().filter_map(|row| row.get(column));
        let width = cells().map(|cell| cell.chars().count()).max().unwrap_or(0);
        let to_the_right = cells().nth(1).is_some_and(|cell| cell.starts_with("---:"));
        for cell in rows.iter_mut().filter_map(|row| row.get_mut(column)) {
            *cell = match to_the_right {
                true => format!("{cell:>width$}"),
                false => format!("{cell:width$}"),
            };
        }
    }
    rows.iter().map(|row| row.join(" | ")).collect()
}
