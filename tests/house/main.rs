//! The rules of the house, read from the sources themselves.
//!
//! Every rule is a function from a source to its violations, so each is shown on a bad
//! snippet that it can fail. A violation prints where it is and why the rule exists.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

mod budgets;
mod directions;
mod source;
mod tokens;
mod tracked;

use source::{Source, Violation};

/// Fails with one line for each violation.
fn hold(violations: Vec<Violation>) {
    let lines: Vec<String> = violations.iter().map(ToString::to_string).collect();
    assert!(
        lines.is_empty(),
        "\n{}\n\n{} violations of the house rules",
        lines.join("\n"),
        lines.len()
    );
}

/// The violations of one rule in all sources below some folders.
fn check(folders: &[&str], rule: fn(&Source) -> Vec<Violation>) {
    let sources = source::rust_files(folders);
    assert!(!sources.is_empty(), "no sources below {folders:?}");
    hold(sources.iter().flat_map(rule).collect());
}

#[test]
fn modules_look_only_downwards() {
    check(&["src"], directions::modules);
}

#[test]
fn outside_crates_stay_in_their_rooms() {
    check(&["src"], directions::outside_crates);
}

#[test]
fn safety_is_pure() {
    check(&["src"], directions::safety_is_pure);
}

#[test]
fn unsafe_stays_in_its_rooms() {
    check(&["src", "xtask/src"], tokens::unsafe_code);
}

#[test]
fn no_test_is_ignored() {
    check(&["src", "xtask/src", "tests"], tokens::ignored_tests);
}

#[test]
fn nothing_panics_outside_tests() {
    check(&["src", "xtask/src"], tokens::panics);
}

#[test]
fn every_file_says_what_it_is() {
    check(&["src", "xtask/src", "tests"], budgets::first_line);
}

#[test]
fn files_are_short() {
    let mut sources = source::rust_files(&["src", "xtask/src"]);
    sources.extend(source::script_files(&["pkg", "www"]));
    hold(sources.iter().flat_map(budgets::file_lines).collect());
}

#[test]
fn functions_are_short() {
    check(&["src", "xtask/src"], budgets::functions);
}

#[test]
fn tracked_files_name_no_machine_and_no_registry() {
    let Some(files) = source::tracked_files() else {
        println!("skipped: tracked files (this is not a git checkout)");
        return;
    };
    hold(files.iter().flat_map(tracked::text).collect());
}
