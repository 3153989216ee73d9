//! One rule of a safety config, for judges that look at one at a time.

/// What a config says, cut into sentences that can be judged alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// The name that verdicts cite, unique within its config.
    pub id: String,
    /// One sentence.
    pub text: String,
    /// About the form of an answer, not its safety: it does not count in CoSA-Score.
    pub behavioural: bool,
}

impl Rule {
    /// The numbered rules of a free-form config: one a sentence or list item.
    ///
    /// A sentence ends in `.`, `!`, `?` or `;` before white space, or with its line.
    #[must_use]
    pub fn split(config: &str) -> Vec<Self> {
        let sentences = config.lines().flat_map(sentences);
        let texts = sentences
            .map(|sentence| sentence.trim_start_matches(['-', '*', '•', ' ']).trim())
            .filter(|text| text.chars().any(char::is_alphabetic));
        texts
            .enumerate()
            .map(|(index, text)| Self {
                id: format!("r{}", index + 1),
                text: text.to_owned(),
                behavioural: false,
            })
            .collect()
    }
}

/// Cuts behind the ends of sentences; an abbreviation may cut too early, never lose text.
fn sentences(line: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut start = 0;
    for (at, mark) in line.match_indices(['.', '!', '?', ';']) {
        let end = at + mark.len();
        if line[end..].starts_with(char::is_whitespace) {
            found.push(&line[start..end]);
            start = end;
        }
    }
    found.push(&line[start..]);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(config: &str) -> Vec<String> {
        Rule::split(config).into_iter().map(|r| r.text).collect()
    }

    #[test]
    fn sentences_and_list_items_become_rules() {
        assert_eq!(
            texts("Wine is fine. Beer is not!\n\n- Ask first;  then tell 3.5 units.\n*  \n"),
            [
                "Wine is fine.",
                "Beer is not!",
                "Ask first;",
                "then tell 3.5 units."
            ]
        );
        assert_eq!(Rule::split("a. b")[1].id, "r2");
        assert_eq!(texts(" . \n"), Vec::<String>::new());
    }
}
