//! Rules on single words of the code, read as tokens: comments and strings don't count.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

use crate::source::{Source, Violation};

/// A word with what comes before and after it, where it stands outside of tests or in them.
pub struct Word<'a> {
    pub text: String,
    pub line: usize,
    /// How many inline modules surround it.
    pub depth: usize,
    pub in_tests: bool,
    /// The tokens around it, and its place among them.
    pub tokens: &'a [TokenTree],
    pub place: usize,
}

impl Word<'_> {
    /// The token at a distance, as text; empty where there is none.
    pub fn near(&self, distance: isize) -> String {
        let place = self.place.checked_add_signed(distance);
        let token = place.and_then(|place| self.tokens.get(place));
        token.map(ToString::to_string).unwrap_or_default()
    }
}

/// Calls `visit` for every word of a source, also those inside macros.
pub fn words(source: &Source, visit: &mut dyn FnMut(&Word<'_>)) {
    let stream: TokenStream = match source.text.parse() {
        Ok(stream) => stream,
        Err(error) => panic!("{}: {error}", source.path),
    };
    walk(stream, 0, source.is_tests(), visit);
}

fn walk(stream: TokenStream, depth: usize, in_tests: bool, visit: &mut dyn FnMut(&Word<'_>)) {
    let tokens: Vec<TokenTree> = stream.into_iter().collect();
    let mut test_next = false;
    for (place, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Ident(ident) => visit(&Word {
                text: ident.to_string(),
                line: ident.span().start().line,
                depth,
                in_tests: in_tests || test_next,
                tokens: &tokens,
                place,
            }),
            TokenTree::Group(group) if marks_test(group) => test_next = true,
            TokenTree::Group(group) => {
                let module = place >= 2 && tokens[place - 2].to_string() == "mod";
                let body = group.delimiter() == Delimiter::Brace;
                let deeper = depth + usize::from(body && module);
                walk(group.stream(), deeper, in_tests || test_next, visit);
                test_next &= !body;
            }
            TokenTree::Punct(punct) if punct.as_char() == ';' => test_next = false,
            _ => (),
        }
    }
}

/// `[cfg(test)]` or `[test]`, which make the next item a test.
fn marks_test(group: &Group) -> bool {
    let text = group.stream().to_string().replace(' ', "");
    group.delimiter() == Delimiter::Bracket && (text == "cfg(test)" || text == "test")
}

/// One violation for each word that `bad` gives a reason for.
fn each_word(source: &Source, bad: impl Fn(&Word<'_>) -> Option<String>) -> Vec<Violation> {
    let mut found = Vec::new();
    words(source, &mut |word| {
        if let Some(reason) = bad(word) {
            found.push(source.violation(word.line, reason));
        }
    });
    found
}

/// `unsafe` only where speed needs it, so that the rest need not be read with that care.
pub fn unsafe_code(source: &Source) -> Vec<Violation> {
    let allowed = ["src/backend/cpu", "src/quant/"];
    if allowed.iter().any(|room| source.path.starts_with(room)) {
        return Vec::new();
    }
    each_word(source, |word| {
        (word.text == "unsafe").then(|| {
            "unsafe stands only in backend/cpu and quant, where each block is argued".to_owned()
        })
    })
}

/// A test that cannot run says so and returns; an ignored one is forgotten.
pub fn ignored_tests(source: &Source) -> Vec<Violation> {
    each_word(source, |word| {
        let alone = word.tokens.len() == 1 || word.near(1) == "=";
        let attribute = word.text == "ignore" && word.place == 0 && alone;
        attribute.then(|| "no #[ignore]: print why the test is skipped and return".to_owned())
    })
}

/// A caller gets an error it can act on; in the browser a panic ends the engine.
pub fn panics(source: &Source) -> Vec<Violation> {
    each_word(source, |word| {
        let method = matches!(word.text.as_str(), "unwrap" | "expect")
            && word.near(-1) == "."
            && word.near(1).starts_with('(');
        (method && !word.in_tests).then(|| {
            let text = &word.text;
            format!(".{text}() ends the engine where an error could be returned")
        })
    })
}

#[test]
fn unsafe_outside_its_rooms_is_found() {
    let text = "// unsafe\nfn f() { let s = \"unsafe\"; }\nfn g() { unsafe { h() } }";
    let found = unsafe_code(&Source::new("src/text/mod.rs", text));
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].line, 3);
    assert!(unsafe_code(&Source::new("src/backend/cpu/pool.rs", text)).is_empty());
}

#[test]
fn ignored_tests_are_found() {
    for attribute in ["#[ignore]", "#[ignore = \"slow\"]"] {
        let text = format!("#[test]\n{attribute}\nfn f() {{ ignore(); }}");
        let found = ignored_tests(&Source::new("tests/a.rs", &text));
        assert_eq!(found.len(), 1, "{attribute}");
        assert_eq!(found[0].line, 2);
    }
}

#[test]
fn panics_outside_tests_are_found() {
    let text = "fn f() { a.unwrap(); b.unwrap_or(1); }
        #[cfg(test)] mod tests { fn g() { a.unwrap(); } }
        #[cfg(test)] mod other;
        fn h() { c().expect(\"x\") }";
    let found = panics(&Source::new("src/a.rs", text));
    let lines: Vec<usize> = found.iter().map(|violation| violation.line).collect();
    assert_eq!(lines, [1, 4]);
    assert!(panics(&Source::new("src/tests.rs", text)).is_empty());
}
