//! How long files and functions may be, and that every file says what it is.

use syn::{
    FnArg, ImplItemFn, ItemFn, ItemMod, Signature, TraitItemFn,
    spanned::Spanned,
    visit::{self, Visit},
};

use crate::source::{Source, Violation};

const FILE_LINES: usize = 300;
const FUNCTION_LINES: usize = 40;
const PARAMETERS: usize = 5;

/// Files over the budget, each with its reason.
const LONG_FILES: [(&str, &str); 0] = [];

/// Functions over the budget, each with its reason.
const LONG_FUNCTIONS: [(&str, &str, &str); 1] = [(
    "src/model/transformer.rs",
    "forward",
    "the whole transformer is read from top to bottom in one place",
)];

/// A file that cannot be read in one sitting holds more than one idea.
pub fn file_lines(source: &Source) -> Vec<Violation> {
    let lines = source.text.lines().count();
    let excused = LONG_FILES.iter().any(|(path, _)| *path == source.path);
    if lines <= FILE_LINES || excused {
        return Vec::new();
    }
    let reason = format!("{lines} lines, at most {FILE_LINES}: one idea a file");
    vec![source.violation(FILE_LINES + 1, reason)]
}

/// The first sentence of a file is what its reader decides by.
pub fn first_line(source: &Source) -> Vec<Violation> {
    if source.text.starts_with("//!") {
        return Vec::new();
    }
    vec![source.violation(1, "a file begins with `//!` and says what it is for")]
}

/// A function that fits a screen and takes few things can be checked by reading it.
pub fn functions(source: &Source) -> Vec<Violation> {
    let file = match syn::parse_file(&source.text) {
        Ok(file) => file,
        Err(error) => panic!("{}: {error}", source.path),
    };
    let mut functions = Functions {
        source,
        found: Vec::new(),
    };
    if !source.is_tests() {
        functions.visit_file(&file);
    }
    functions.found
}

struct Functions<'a> {
    source: &'a Source,
    found: Vec<Violation>,
}

impl Functions<'_> {
    fn check(&mut self, signature: &Signature, whole: proc_macro2::Span) {
        let name = signature.ident.to_string();
        let excused = |(path, function, _): &(&str, &str, &str)| {
            *path == self.source.path && *function == name
        };
        if LONG_FUNCTIONS.iter().any(excused) {
            return;
        }
        let line = signature.span().start().line;
        let lines = whole.end().line + 1 - line;
        if lines > FUNCTION_LINES {
            let reason =
                format!("{name} has {lines} lines, at most {FUNCTION_LINES}: name its steps");
            self.found.push(self.source.violation(line, reason));
        }
        let typed = |argument: &&FnArg| matches!(argument, FnArg::Typed(_));
        let parameters = signature.inputs.iter().filter(typed).count();
        if parameters > PARAMETERS {
            let reason = format!(
                "{name} has {parameters} parameters, at most {PARAMETERS}: callers mix them up"
            );
            self.found.push(self.source.violation(line, reason));
        }
    }
}

impl<'ast> Visit<'ast> for Functions<'_> {
    fn visit_item_fn(&mut self, item: &'ast ItemFn) {
        self.check(&item.sig, item.span());
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast ImplItemFn) {
        self.check(&item.sig, item.span());
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast TraitItemFn) {
        self.check(&item.sig, item.span());
        visit::visit_trait_item_fn(self, item);
    }

    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        let test = |attribute: &syn::Attribute| {
            attribute.path().is_ident("cfg")
                && attribute
                    .parse_args::<syn::Path>()
                    .is_ok_and(|path| path.is_ident("test"))
        };
        // Tests may be long tables.
        if !item.attrs.iter().any(test) {
            visit::visit_item_mod(self, item);
        }
    }
}

#[test]
fn a_long_file_is_found() {
    let text = "//! x\n".repeat(FILE_LINES + 1);
    assert_eq!(file_lines(&Source::new("src/a.rs", &text)).len(), 1);
    let text = "//! x\n".repeat(FILE_LINES);
    assert!(file_lines(&Source::new("src/a.rs", &text)).is_empty());
}

#[test]
fn a_file_without_a_first_sentence_is_found() {
    assert_eq!(
        first_line(&Source::new("src/a.rs", "use std::fs;")).len(),
        1
    );
    assert!(first_line(&Source::new("src/a.rs", "//! A file.")).is_empty());
}

#[test]
fn long_functions_are_found_wherever_they_stand() {
    let body = "a();\n".repeat(FUNCTION_LINES);
    for text in [
        format!("fn forward() {{\n{body}}}"),
        format!("impl A {{ fn f() {{\n{body}}} }}"),
        format!("trait A {{ fn f() {{\n{body}}} }}"),
        format!("mod b {{ fn f() {{\n{body}}} }}"),
    ] {
        assert_eq!(
            functions(&Source::new("src/a.rs", &text)).len(),
            1,
            "{text}"
        );
    }
    let tests = format!("#[cfg(test)] mod b {{ fn f() {{\n{body}}} }}");
    assert!(functions(&Source::new("src/a.rs", &tests)).is_empty());
    let forward = format!("fn forward() {{\n{body}}}");
    assert!(functions(&Source::new("src/model/transformer.rs", &forward)).is_empty());
}

#[test]
fn too_many_parameters_are_found() {
    let text = "fn f(a: A<B, C>, b: B, c: C, d: D, e: E, f: F) {}";
    assert_eq!(functions(&Source::new("src/a.rs", text)).len(), 1);
    let text = "impl X { fn f(&self, a: A<B, C>, b: B, c: C, d: D, e: E) {} }";
    assert!(functions(&Source::new("src/a.rs", text)).is_empty());
}
