//! What is read in the items of lists.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};

use super::super::Part;
use super::super::content::{Scope, Topic, Wording};
use super::super::policy::Policy;
use super::super::tests::{content, draw, topic};

#[test]
fn items_of_lists_are_read_below_their_headings() {
    let one = |text: &str| vec![text.to_owned()];
    let wording = Wording {
        list_allow: one("Xood:"),
        list_deny: one("Xad:"),
        allowed_items: one("{T} xsave {S}"),
        denied_items: one("{T} xbut {S}"),
        other_items: one("xall else"),
        ..content().wording
    };
    let tides = Scope {
        name: "tides".to_owned(),
        phrases: one("ebb and flow"),
        words: Vec::new(),
    };
    let topics = [
        topic("sea", &["xea"], vec![tides]),
        topic("moon", &["xoon"], Vec::new()),
        topic("sun", &["xun"], Vec::new()),
    ];
    let all: Vec<&Topic> = topics.iter().collect();
    let mut seen = BTreeSet::new();
    for number in 0..600 {
        let draw = &mut draw(number, Part::Learned).composing(true);
        let policy = Policy::draw(&all, &wording, draw);
        for reading in &policy.readings {
            let Some((heading, item)) = reading.shown.split_once(":\n- ") else {
                continue;
            };
            let (word, says) = match heading {
                "Xood" => (" xsave ", "yes"),
                "Xad" => (" xbut ", "no"),
                _ => continue,
            };
            let names = item.split(word).next().unwrap();
            let mut means: Vec<String> = [
                ("ea", "sea"),
                ("oon", "moon"),
                ("un", "sun"),
                ("xall", "else"),
            ]
            .into_iter()
            .filter_map(|(word, name)| {
                Some((names.to_lowercase().find(word)?, format!("{name} {says}")))
            })
            .collect::<BTreeMap<_, _>>()
            .into_values()
            .collect();
            if item.contains(word) {
                means = vec![means.concat() + " except tides"];
            }
            assert_eq!(
                reading.says.as_deref(),
                Some(&*means.join(", ")),
                "{}",
                reading.shown
            );
            seen.insert((
                says,
                item.contains(word),
                means.len(),
                item.contains("xall"),
            ));
        }
    }
    // A topic, one with an exception, two topics and all others, in each list.
    assert_eq!(seen.len(), 8, "{seen:?}");
}
