//! A report for people: Markdown for a terminal or a repository, one HTML page for a browser.

use minijinja::value::{Serde, Value};
use minijinja::{Environment, context};

use super::Report;
use crate::error::{Error, Result};
use crate::eval::line::Line;

/// The report as Markdown: the table of set-ups and what stands beside it.
///
/// # Errors
/// `Template` where the template and the report do not fit each other.
pub fn markdown(report: &Report) -> Result<String> {
    render(
        "report.md.j2",
        context! { report => Value::from(Serde(report)) },
    )
}

/// The report as one HTML page that needs nothing else, with every response in it.
///
/// # Errors
/// As [`markdown`].
pub fn html(report: &Report, lines: &[Line]) -> Result<String> {
    let report = Value::from(Serde(report));
    let lines = Value::from(Serde(lines));
    render("report.html.j2", context! { report, lines })
}

fn render(name: &str, values: Value) -> Result<String> {
    let mut environment = Environment::new();
    let failed = |error: minijinja::Error| Error::Template {
        detail: format!("{name}: {error:#}"),
    };
    let templates = [
        ("report.md.j2", include_str!("report.md.j2")),
        ("report.html.j2", include_str!("report.html.j2")),
    ];
    for (name, source) in templates {
        environment.add_template(name, source).map_err(failed)?;
    }
    let template = environment.get_template(name).map_err(failed)?;
    template.render(values).map_err(failed)
}
