//! The form of a reading: statements on topics.

use super::OTHERS;

/// What is said of one topic.
#[derive(PartialEq)]
pub struct Statement<'r> {
    pub whole: &'r str,
    pub topic: &'r str,
    pub allows: bool,
    pub except: Option<&'r str>,
}

impl Statement<'_> {
    /// Whether it keeps nothing back.
    pub fn allows_all(&self) -> bool {
        self.allows && self.except.is_none()
    }
}

/// What a reading says; `None` where any of it is not of this form.
pub fn statements(reading: &str) -> Option<Vec<Statement<'_>>> {
    let statements = reading.split(", ").filter(|&said| said != "-");
    statements.map(statement).collect()
}

pub fn statement(whole: &str) -> Option<Statement<'_>> {
    let (said, except) = match whole.split_once(" except ") {
        Some((said, except)) => (said, Some(except)),
        None => (whole, None),
    };
    let (topic, says) = said.rsplit_once(' ')?;
    let allows = match says {
        "yes" => true,
        "no" => false,
        _ => return None,
    };
    let understood = match topic {
        // A request cannot be known for a part of all other topics.
        OTHERS => except.is_none(),
        _ => is_name(topic) && except.is_none_or(is_name),
    };
    understood.then_some(Statement {
        whole,
        topic,
        allows,
        except,
    })
}

/// Whether it can be the name of a topic or a part: words with a space between, none of which is
/// one of a statement. Where a comma was forgotten, two statements look like one.
pub fn is_name(text: &str) -> bool {
    let said = ["", "yes", "no", "except", OTHERS, "-"];
    let is_word = |word: &str| !said.iter().any(|it| word.eq_ignore_ascii_case(it));
    !text.contains([',', '.', '\n']) && text.split(' ').all(is_word)
}
