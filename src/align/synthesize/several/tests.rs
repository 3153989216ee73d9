//! What is read in sentences on several topics.

use std::collections::BTreeSet;

use super::super::content::Wording;
use super::super::policy::Policy;
use super::super::tests::{content, draw, topic};
use super::*;

/// Wordings of which the meaning can be told.
fn wording() -> Wording {
    let one = |text: &str| vec![text.to_owned()];
    Wording {
        both: vec![
            "{T} xgood, {U} xbad.".to_owned(),
            "{U} xill, {T} xwell.".to_owned(),
        ],
        all_but: one("All but {T} is xgood."),
        nothing_but: one("Good: {T} xalone."),
        openers: one("You are {P}."),
        allow: one("{T} xopen."),
        deny: one("{T} xshut."),
        ..content().wording
    }
}

/// `xea, xoon and xun` are each this.
fn each(names: &str, says: &str) -> Vec<String> {
    let names = names.replace(" and ", ",").replace(" or ", ",");
    let names = names.split(',').map(str::trim).filter(|it| !it.is_empty());
    names
        .map(|name| format!("{} {says}", name.to_lowercase()))
        .collect()
}

/// What such a sentence says.
fn meaning(sentence: &str) -> Option<String> {
    let inner = |start: &str, end: &str| sentence.strip_prefix(start)?.strip_suffix(end);
    let told = if let Some(names) = inner("All but ", " is xgood.") {
        [each(names, "no"), vec!["else yes".to_owned()]]
    } else if let Some(names) = inner("Good: ", " xalone.") {
        [each(names, "yes"), vec!["else no".to_owned()]]
    } else if let Some((yes, no)) = inner("", " xbad.").and_then(|it| it.split_once(" xgood, ")) {
        [each(yes, "yes"), each(no, "no")]
    } else if let Some((no, yes)) = inner("", " xwell.").and_then(|it| it.split_once(" xill, ")) {
        [each(no, "no"), each(yes, "yes")]
    } else if let Some(names) = inner("", " xopen.") {
        [each(names, "yes"), Vec::new()]
    } else {
        [each(inner("", " xshut.")?, "no"), Vec::new()]
    };
    Some(told.concat().join(", "))
}

#[test]
fn what_is_said_of_several_topics_is_read_of_each() {
    let wording = wording();
    let topics = ["xea", "xoon", "xun", "xtar", "xky"].map(|name| topic(name, &[name], Vec::new()));
    let all: Vec<&Topic> = topics.iter().collect();
    let mut seen = BTreeSet::new();
    for number in 0..1200 {
        let draw = &mut draw(number, Part::Learned).composing(true);
        let policy = Policy::draw(&all, &wording, draw);
        for reading in &policy.readings {
            let shown = reading.shown.lines().last().unwrap_or_default();
            let Some(means) = meaning(shown.trim_start_matches("- ")) else {
                continue;
            };
            assert_eq!(reading.alone.as_ref(), Some(&means), "{shown}");
            let words = shown.rsplit(' ').next().map(str::to_owned);
            seen.insert((words, means.split(", ").count()));
        }
    }
    // Three topics or more in one rule, up to two on each side, and up to four beside all others.
    for (words, counts) in [
        ("xopen.", 1..5),
        ("xshut.", 1..5),
        ("xbad.", 2..5),
        ("xwell.", 2..5),
        ("xgood.", 2..6),
        ("xalone.", 2..6),
    ] {
        let all = counts.map(|count| (Some(words.to_owned()), count));
        let missing: Vec<_> = all.filter(|it| !seen.contains(it)).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}

#[test]
fn what_is_held_out_has_two_topics_at_most_and_no_new_forms() {
    let topics = ["xea", "xoon", "xun"].map(|name| topic(name, &[name], Vec::new()));
    let all: Vec<&Topic> = topics.iter().collect();
    for number in 0..300 {
        let draw = &mut draw(number, Part::HeldOut).composing(true);
        let policy = Policy::draw(&all, &wording(), draw);
        let says = policy.readings.iter().filter_map(|it| it.says.as_deref());
        assert!(says.into_iter().all(|it| it.split(", ").count() <= 2));
        let forms = [" xgood", " xwell.", " xalone."];
        assert!(!forms.iter().any(|form| policy.text.contains(form)));
    }
}
