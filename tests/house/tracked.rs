//! Rules on every tracked text file, whatever its language.
//!
//! The forbidden words are put together from halves, so that this file does not hold them.

use crate::source::{Source, Violation};

/// A word, whether it must stand alone, and why it is forbidden.
struct Forbidden {
    word: &'static str,
    kind: Kind,
    reason: &'static str,
}

/// What must not stand in front of the word for it to count.
enum Kind {
    /// Counts anywhere.
    Anywhere,
    /// A path from the root: not the middle of a longer path or an address.
    Path,
    /// A word of its own.
    Alone,
}

const REGISTRY: &str = "no registry host: a reader's own configuration says where packages are";
const MACHINE: &str = "no absolute path: it exists on one machine only";
const LATER: &str = "no note for later: open an issue or do it";
const AUTHOR: &str = "text is about the program, not about who wrote it";

const FORBIDDEN: [Forbidden; 13] = [
    anywhere(concat!("registry.npm", "js.org"), REGISTRY),
    anywhere(concat!("registry.yarn", "pkg.com"), REGISTRY),
    anywhere(concat!("index.cra", "tes.io"), REGISTRY),
    anywhere(concat!("static.cra", "tes.io"), REGISTRY),
    anywhere(concat!("static.rust", "-lang.org"), REGISTRY),
    anywhere(concat!("files.python", "hosted.org"), REGISTRY),
    path(concat!("/wo", "rk/")),
    path(concat!("/ro", "ot/")),
    path(concat!("/ho", "me/")),
    alone(concat!("TO", "DO"), LATER),
    alone(concat!("FIX", "ME"), LATER),
    anywhere(concat!("agent ses", "sion"), AUTHOR),
    anywhere(concat!("sub", "agent"), AUTHOR),
];

const fn anywhere(word: &'static str, reason: &'static str) -> Forbidden {
    Forbidden {
        word,
        kind: Kind::Anywhere,
        reason,
    }
}

const fn path(word: &'static str) -> Forbidden {
    Forbidden {
        word,
        kind: Kind::Path,
        reason: MACHINE,
    }
}

const fn alone(word: &'static str, reason: &'static str) -> Forbidden {
    Forbidden {
        word,
        kind: Kind::Alone,
        reason,
    }
}

impl Forbidden {
    fn is_in(&self, line: &str) -> bool {
        line.match_indices(self.word).any(|(start, word)| {
            let before = line[..start].chars().next_back();
            let after = line[start + word.len()..].chars().next();
            let letter = |c: char| c.is_alphanumeric() || c == '_';
            match self.kind {
                Kind::Anywhere => true,
                Kind::Path => !before.is_some_and(|c| letter(c) || ".-~}*".contains(c)),
                Kind::Alone => !before.is_some_and(letter) && !after.is_some_and(letter),
            }
        })
    }
}

/// What a public repository must not say. Test data is the world's text, not ours.
pub fn text(source: &Source) -> Vec<Violation> {
    let exempt = source.path == "Cargo.lock" || source.path.starts_with("tests/data/");
    if exempt {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (number, line) in source.text.lines().enumerate() {
        for forbidden in FORBIDDEN.iter().filter(|forbidden| forbidden.is_in(line)) {
            let reason = format!("{}: {}", forbidden.word, forbidden.reason);
            found.push(source.violation(number + 1, reason));
        }
        if source.path.ends_with("package-lock.json") && line.contains("\"resolved\":") {
            found.push(source.violation(number + 1, format!("\"resolved\": {REGISTRY}")));
        }
    }
    found
}

#[test]
fn every_forbidden_word_is_found() {
    for forbidden in &FORBIDDEN {
        let text = format!("fine\n# see {} here\n", forbidden.word);
        let found = super::tracked::text(&Source::new("README.md", &text));
        assert!(
            found.iter().any(|violation| violation.line == 2),
            "{}",
            forbidden.word
        );
        assert!(super::tracked::text(&Source::new("Cargo.lock", &text)).is_empty());
    }
}

#[test]
fn longer_words_and_longer_paths_are_not_meant() {
    let text = [
        concat!("src/wo", "rk/mod.rs"),
        concat!("../wo", "rk/shared"),
        concat!("TO", "DOS, MYTO", "DO"),
    ];
    let found = super::tracked::text(&Source::new("README.md", &text.join("\n")));
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn a_lock_file_with_hosts_is_found() {
    let line = "  \"resolved\": \"https://example.org/marked.tgz\",";
    assert_eq!(text(&Source::new("tests/package-lock.json", line)).len(), 1);
}
