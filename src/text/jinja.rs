//! The Jinja environment that chat templates are written for, as `transformers` sets it up,
//! with bounds on what a template may use up.
//!
//! Known gap: minijinja 3.1 charges no fuel for turning a list into text inside an expression
//! (`'' ~ list`), so a hostile template can still exhaust memory there. It cannot reach content.

use minijinja::machinery::{Token, tokenize};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Value, ValueKind};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, Output, State, escape_formatter};
use minijinja_contrib::pycompat;

use super::json::tojson;

/// Half of minijinja's own limit, for the smaller stack of a browser.
const MAX_RECURSION: usize = 250;

/// The most tokens in one tag; real templates have up to 40.
const MAX_TAG: usize = 400;
/// The most `elif` in a template; real templates have up to 20.
const MAX_ELIF: usize = 200;

/// The name under which the one template is kept.
pub(super) const NAME: &str = "chat template";

/// An environment that holds `source` as [`NAME`]. What it renders without more is not
/// bounded: set the fuel.
pub(super) fn environment(source: &str) -> Result<Environment<'static>, Error> {
    let mut environment = Environment::new();
    let syntax = SyntaxConfig::builder()
        .trim_blocks(true)
        .lstrip_blocks(true)
        .build()?;
    check_chains(source, syntax.clone())?;
    environment.set_syntax(syntax);
    environment.set_formatter(print);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_recursion_limit(MAX_RECURSION);
    environment.set_unknown_method_callback(pycompat::unknown_method_callback);
    environment.add_filter("tojson", tojson);
    environment.add_function("raise_exception", raise_exception);
    environment.add_template_owned(NAME, without_generation_marks(source))?;
    Ok(environment)
}

/// Lists and maps are refused: no prompt shows them, and a template can nest them deeper, or
/// share them more often, than printing them can bear.
fn print(out: &mut Output, state: &mut State, value: &Value) -> Result<(), Error> {
    match value.kind() {
        ValueKind::Seq | ValueKind::Map | ValueKind::Iterable => {
            let what = "lists and maps cannot be printed; use tojson";
            Err(Error::new(ErrorKind::InvalidOperation, what))
        }
        _ => escape_formatter(out, state, value),
    }
}

/// Refuses long chains, such as `a+a+a…`: minijinja bounds how deep brackets and blocks
/// nest, but builds chains into trees as deep as they are long, and walks those recursively.
fn check_chains(source: &str, syntax: SyntaxConfig) -> Result<(), Error> {
    let (mut tag, mut elifs) = (0, 0);
    for token in tokenize(source, false, syntax) {
        match token?.0 {
            Token::VariableStart | Token::BlockStart => tag = 0,
            Token::Ident("elif") => elifs += 1,
            _ => tag += 1,
        }
        if tag > MAX_TAG || elifs > MAX_ELIF {
            let what = "a tag or a chain of elif is too long";
            return Err(Error::new(ErrorKind::SyntaxError, what));
        }
    }
    Ok(())
}

/// Makes `strftime_now` tell the time `now`, in seconds since 1970.
pub(super) fn set_now(environment: &mut Environment<'static>, now: i64) {
    environment.add_function("strftime_now", move |format: &str| strftime(now, format));
}

fn strftime(now: i64, format: &str) -> Result<String, Error> {
    let wrong = |what: String| Error::new(ErrorKind::InvalidOperation, what);
    let format = time::format_description::parse_strftime_owned(format)
        .map_err(|error| wrong(format!("strftime_now: {error}")))?;
    time::OffsetDateTime::from_unix_timestamp(now)
        .map_err(|error| wrong(format!("strftime_now: {error}")))?
        .format(&format)
        .map_err(|error| wrong(format!("strftime_now: {error}")))
}

fn raise_exception(message: &str) -> Result<Value, Error> {
    Err(Error::new(ErrorKind::InvalidOperation, message.to_owned()))
}

/// `{% generation %}` marks the assistant's words for training; it renders nothing.
fn without_generation_marks(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    while let Some((before, after)) = rest.split_once("{%") {
        let Some((tag, after)) = after.split_once("%}") else {
            break;
        };
        let word = tag.trim_matches(|c: char| c.is_whitespace() || c == '-' || c == '+');
        let tag = match word {
            "generation" => tag.replace(word, "if true"),
            "endgeneration" => tag.replace(word, "endif"),
            _ => tag.to_owned(),
        };
        out.extend([before, "{%", &tag, "%}"]);
        rest = after;
    }
    out + rest
}
