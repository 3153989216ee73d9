//! Which module may look at which, and which outside crates stay in which rooms.

use proc_macro2::TokenTree;

use crate::{
    source::{Source, Violation},
    tokens::{Word, words},
};

/// Each room with the rooms below it, as in the code map. Nobody imports `web` or `bin`.
const BELOW: [(&str, &[&str]); 12] = [
    ("error", &[]),
    ("safety", &["error"]),
    ("quant", &["error"]),
    ("gguf", &["error", "quant"]),
    ("backend", &["error", "quant"]),
    ("text", &["error", "gguf"]),
    ("model", &["error", "quant", "gguf", "backend"]),
    (
        "generate",
        &["error", "quant", "gguf", "backend", "model", "text"],
    ),
    (
        "guard",
        &[
            "error", "quant", "gguf", "backend", "model", "text", "generate", "safety",
        ],
    ),
    (
        "eval",
        &[
            "error", "quant", "gguf", "backend", "model", "text", "generate", "safety", "guard",
        ],
    ),
    (
        "align",
        &[
            "error", "quant", "gguf", "model", "text", "generate", "safety", "eval",
        ],
    ),
    (
        "web",
        &[
            "error", "quant", "gguf", "backend", "model", "text", "generate", "safety", "guard",
            "eval",
        ],
    ),
];

/// Outside crates with the places that may name them, and why.
const OUTSIDE: [(&str, &[&str], &str); 2] = [
    (
        "wasm_bindgen js_sys web_sys",
        &[
            "src/web/",
            "src/web.rs",
            "src/backend/webgpu",
            "src/backend/cpu/pool.rs",
        ],
        "the engine must run natively; only web/, webgpu and the thread pool know the browser",
    ),
    (
        "candle_core candle_nn candle_transformers",
        &["src/align/"],
        "candle trains; elsewhere it would be in the browser's download, and no oracle of the tests",
    ),
];

/// What a pure module does not name.
const IMPURE: [&str; 9] = [
    "fs",
    "net",
    "env",
    "process",
    "thread",
    "io",
    "SystemTime",
    "Instant",
    "rand",
];

/// Modules use only what lies below them, so each can be read with only those in mind.
pub fn modules(source: &Source) -> Vec<Violation> {
    let module = source.module();
    let Some(room) = module.first().filter(|room| **room != "bin") else {
        return Vec::new();
    };
    let Some((_, below)) = BELOW.iter().find(|(name, _)| name == room) else {
        return vec![source.violation(1, format!("room {room} is not in the table of directions"))];
    };
    let mut found = Vec::new();
    words(source, &mut |word| {
        for used in used_rooms(word, module.len()) {
            let named = BELOW.iter().any(|(name, _)| *name == used) || used == "bin";
            if named && used != *room && !word.in_tests && !below.contains(&used.as_str()) {
                let reason = format!("{room} may use {below:?} but not {used}: no circles");
                found.push(source.violation(word.line, reason));
            }
        }
    });
    found
}

/// The rooms that a path beginning at this word leads into: more than one for `crate::{..}`.
fn used_rooms(word: &Word<'_>, module_depth: usize) -> Vec<String> {
    let steps = match word.text.as_str() {
        "crate" => 0,
        // Only the path's first `super` counts, with those that follow it.
        "super" if word.near(-1) != ":" => supers(word),
        _ => return Vec::new(),
    };
    if word.text == "super" && steps < module_depth + word.depth {
        return Vec::new();
    }
    let next = word.place + 3 * steps.max(1);
    match word.tokens.get(next) {
        Some(TokenTree::Group(group)) => heads(group.stream().into_iter().collect()),
        Some(TokenTree::Ident(name)) if word.near(1) == ":" => vec![name.to_string()],
        _ => Vec::new(),
    }
}

/// How many `super` follow each other from this word on.
fn supers(word: &Word<'_>) -> usize {
    (0..)
        .take_while(|step| word.near(3 * step) == "super")
        .count()
}

/// The first word of each entry in a `use` group.
fn heads(tokens: Vec<TokenTree>) -> Vec<String> {
    let entries = tokens.split(|token| token.to_string() == ",");
    entries
        .filter_map(|entry| entry.first().map(ToString::to_string))
        .collect()
}

/// Outside crates that belong to an edge stay at that edge.
pub fn outside_crates(source: &Source) -> Vec<Violation> {
    let mut found = Vec::new();
    words(source, &mut |word| {
        for (crates, places, reason) in OUTSIDE {
            let named = crates.split(' ').any(|name| word.text == name);
            let allowed = places.iter().any(|place| source.path.starts_with(place));
            if named && !allowed && !word.in_tests {
                found.push(source.violation(word.line, format!("{}: {reason}", word.text)));
            }
        }
    });
    found
}

/// The safety domain decides by its input alone, so a decision can be repeated.
pub fn safety_is_pure(source: &Source) -> Vec<Violation> {
    let mut found = Vec::new();
    if source.module().first() != Some(&"safety") {
        return found;
    }
    words(source, &mut |word| {
        let path = word.near(-1) == ":" || word.near(1) == ":";
        if path && IMPURE.contains(&word.text.as_str()) && !word.in_tests {
            let reason = format!("safety is pure: no {} (I/O, clock, randomness)", word.text);
            found.push(source.violation(word.line, reason));
        }
    });
    found
}

#[test]
fn looking_upwards_is_found_in_every_spelling() {
    for text in [
        "use crate::model::Transformer;",
        "use crate::{error::Error, model};",
        "fn f() { crate::model::load() }",
        "fn f() { vec![crate::model::A] }",
        "use super::super::model::A;",
        "mod inner { use super::super::super::model::A; }",
    ] {
        let found = modules(&Source::new("src/quant/q4.rs", text));
        assert_eq!(found.len(), 1, "{text}: {found:?}");
    }
    let text = "use super::model::A; use super::super::error::Error; use crate::quant::B;
        #[cfg(test)] mod tests { use crate::model::A; }";
    assert!(modules(&Source::new("src/quant/q4.rs", text)).is_empty());
    assert_eq!(
        modules(&Source::new("src/quant/mod.rs", "use super::web::X;")).len(),
        1
    );
    assert_eq!(modules(&Source::new("src/attic/mod.rs", "")).len(), 1);
    assert!(modules(&Source::new("src/lib.rs", "pub use crate::web::X;")).is_empty());
}

#[test]
fn every_room_of_the_crate_is_below_none_of_its_own_users() {
    for (room, below) in BELOW {
        for lower in below {
            let (_, lowest) = BELOW.iter().find(|(name, _)| name == lower).unwrap();
            assert!(!lowest.contains(&room), "{room} and {lower} make a circle");
        }
    }
}

#[test]
fn an_outside_crate_in_the_wrong_room_is_found() {
    let text = "use wasm_bindgen::JsValue;\nfn f() { candle_core::Device::Cpu }";
    assert_eq!(
        outside_crates(&Source::new("src/model/mod.rs", text)).len(),
        2
    );
    assert_eq!(
        outside_crates(&Source::new("src/web/mod.rs", text)).len(),
        1
    );
    assert_eq!(
        outside_crates(&Source::new("src/align/mod.rs", text)).len(),
        1
    );
}

#[test]
fn an_impure_safety_module_is_found() {
    let text = "use std::fs;\nfn f() { std::time::Instant::now() }";
    assert_eq!(
        safety_is_pure(&Source::new("src/safety/config.rs", text)).len(),
        2
    );
    assert!(safety_is_pure(&Source::new("src/guard/mod.rs", text)).is_empty());
}
