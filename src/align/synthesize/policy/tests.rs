//! What is read in a config, and what it decides.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;

use super::super::content::Scope;
use super::super::parallel::Parallel;
use super::super::tests::{content, draw, topic};
use super::super::{Part, is_held_out};
use super::*;
use crate::safety::{Rule, RuleReading};

/// The rules of `policy` that decide in this rationale, in lower case.
fn named(policy: &Policy, clause: &str) -> Vec<String> {
    let says = |it: &Reading| safety::Reading::certain(it.says.as_deref().unwrap_or_default());
    let readings: Vec<_> = policy.readings.iter().map(says).collect();
    let read = RuleReading::all(&policy.text, &readings, clause);
    let decides = read.into_iter().filter(|rule| rule.decides);
    decides.map(|rule| rule.rule.to_lowercase()).collect()
}

#[test]
fn the_rule_that_decides_is_the_one_in_which_its_topic_stands() {
    let content = content();
    let scope = Scope {
        name: "tides".to_owned(),
        phrases: vec!["ebb and flow".to_owned()],
        words: Vec::new(),
    };
    let topics = [
        topic("sea", &["xea"], vec![scope]),
        topic("moon", &["xoon", "xoonlight"], Vec::new()),
        topic("sun", &["xun"], Vec::new()),
    ];
    let all: Vec<&Topic> = topics.iter().collect();
    let mut seen = BTreeSet::new();
    for number in 0..400 {
        let draw = &mut draw(number, Part::Learned).composing(number % 3 > 0);
        let policy = Policy::draw(&all, &content.wording, draw);
        let rules = Rule::split(&policy.text);
        for (topic, word) in topics.iter().zip(["xea", "xoon", "xun"]) {
            let decision = policy.decide(topic, (number % 2 == 0).then_some("tides"));
            let named = named(&policy, &decision.clause);
            assert_eq!(named.len(), 1, "{decision:?}: {:?}", policy.readings);
            // A template may go on behind the topic's sentence, in words that stand elsewhere
            // too; it is read where it ends.
            let mut places = (1..=rules.len()).map(|end| &rules[end.saturating_sub(3)..end]);
            let stands = places.any(|it| {
                let texts: Vec<String> = it.iter().map(|it| it.text.to_lowercase()).collect();
                texts.last() == named.first()
                    && texts
                        .iter()
                        .any(|text| [word, &*topic.name].iter().any(|it| text.contains(it)))
            });
            assert!(stands, "{decision:?}: {}", policy.text);
            let excepted = decision.clause.contains("except tides");
            let says = decision
                .clause
                .starts_with(&format!("About {} yes", topic.id));
            let fits = decision.clause.contains("This is tides");
            assert_eq!(excepted, decision.clause.contains(" tides. So "));
            assert_eq!(decision.allowed, says != fits);
            seen.insert((topic.id.clone(), says, excepted));
        }
    }
    // Both stances of each topic, and of one with its exception.
    assert_eq!(seen.len(), 8, "{seen:?}");
}

#[test]
fn a_rule_is_read_where_it_ends() {
    let mut content = content();
    for templates in [
        &mut content.wording.allow_except,
        &mut content.wording.deny_except,
        &mut content.wording.only_for,
    ] {
        *templates = vec!["Look at {T}. Turn to {S}.".to_owned()];
    }
    let scope = Scope {
        name: "tides".to_owned(),
        phrases: vec!["ebb".to_owned()],
        words: Vec::new(),
    };
    let sea = topic("sea", &["xea"], vec![scope]);
    let mut seen = 0;
    for number in 0..100 {
        let policy = Policy::draw(&[&sea], &content.wording, &mut draw(number, Part::Learned));
        let ends = |it: &Reading, words: &str| it.shown.to_lowercase().ends_with(words);
        let Some(at) = policy
            .readings
            .iter()
            .position(|it| ends(it, "turn to ebb."))
        else {
            continue;
        };
        let [begun, ended] = [&policy.readings[at - 1], &policy.readings[at]];
        assert!(
            ends(begun, "look at xea.") && begun.says.is_none(),
            "{policy:?}"
        );
        // A list item is shown as one line.
        let whole = ended.shown.replace(". Turn", ".\nTurn").to_lowercase();
        assert!(whole.ends_with("look at xea.\nturn to ebb."), "{policy:?}");
        let says = ended.says.as_deref().unwrap();
        assert!(says.starts_with("sea ") && says.ends_with(" except tides"));
        assert!(policy.summary().starts_with(&format!("{says}, else ")));
        seen += 1;
    }
    assert!(seen > 10, "{seen}");
}

#[test]
fn a_topic_without_a_rule_follows_the_default() {
    let mut content = content();
    // No sentence on the others names a topic.
    content.wording.all_but.clear();
    let [sea, moon] =
        [("sea", "xea"), ("moon", "xoon")].map(|(id, name)| topic(id, &[name], Vec::new()));
    for number in 0..100 {
        let draw = &mut draw(number, Part::Learned).composing(number % 2 == 0);
        let policy = Policy::draw(&[&sea], &content.wording, draw);
        let decision = policy.decide(&moon, None);
        let so = if decision.allowed { "yes" } else { "no" };
        assert_eq!(decision.clause, format!("About moon else {so}. So {so}."));
        let rules = named(&policy, &decision.clause);
        assert!(
            rules.len() == 1 && !rules[0].contains("xea"),
            "{rules:?}: {}",
            policy.text
        );
    }
}

/// A set whose sentences can be told, and the wording that has no other.
fn marked(wording: &mut Wording) {
    let text = |text: &str| text.to_owned();
    wording.composed = None;
    wording.parallel = vec![Parallel {
        allow: text("Xes {T}."),
        deny: text("Xo {T}."),
        allow_except: text("Xes {T}, not {S}."),
        deny_except: text("Xo {T}, but {S}."),
        others: text("the rest"),
    }];
}

#[test]
fn some_configs_that_are_learned_have_rules_of_one_form() {
    let mut content = content();
    marked(&mut content.wording);
    let topics = ["sea", "moon", "sun"].map(|id| topic(id, &[id], Vec::new()));
    let all: Vec<&Topic> = topics.iter().collect();
    let whole = |part, wording: &Wording| {
        let mut whole = 0;
        for number in 0..300 {
            let policy = Policy::draw(&all, wording, &mut draw(number, part));
            let marks = |it: &&Reading| it.shown.contains("Xo ") || it.shown.contains("Xes ");
            let marked = policy.readings.iter().filter(marks).count();
            // Lists have sentences of their own, but for the one on all other topics.
            whole += usize::from(marked >= 2);
            if part == Part::HeldOut {
                assert_eq!(marked, 0, "{}", policy.text);
            }
        }
        whole
    };
    let learned = whole(Part::Learned, &content.wording);
    assert!((50..130).contains(&learned), "{learned}");
    whole(Part::HeldOut, &content.wording);
    // A set that says what is held out is not used.
    let mut forms = (0..).map(|at| format!("X<o|e {at}> {{T}}."));
    let held_out = forms.find(|it| is_held_out(it)).unwrap();
    content.wording.deny.push(held_out);
    assert_eq!(whole(Part::Learned, &content.wording), 0);
}

#[test]
fn plain_configs_are_in_the_first_form_and_the_topics_own_names() {
    let mut content = content();
    marked(&mut content.wording);
    let tides = Scope {
        name: "tides".to_owned(),
        phrases: vec!["ebb and flow".to_owned()],
        words: Vec::new(),
    };
    let sea = topic("sea", &["the ocean"], vec![tides]);
    let mut seen = BTreeSet::new();
    for number in 0..200 {
        let part = [Part::Learned, Part::HeldOut][number as usize % 2];
        let draw = &mut draw(number, part).plainly(true);
        let policy = Policy::draw(&[&sea], &content.wording, draw);
        let says = |it: &Reading| {
            let rule = it.shown.lines().last()?.trim_start_matches("- ");
            Some((rule.to_owned(), it.says.clone()?))
        };
        let rules = policy.readings.iter().filter_map(says);
        let is_marked = |rule: &str| rule.starts_with("Xes ") || rule.starts_with("Xo ");
        seen.extend(rules.filter(|(rule, _)| is_marked(rule)));
    }
    let meant = [
        ("Xes sea, not tides.", "sea yes except tides"),
        ("Xes sea.", "sea yes"),
        ("Xes the rest.", "else yes"),
        ("Xo sea, but tides.", "sea no except tides"),
        ("Xo sea.", "sea no"),
        ("Xo the rest.", "else no"),
    ];
    let meant = meant.map(|(rule, says)| (rule.to_owned(), says.to_owned()));
    assert_eq!(seen, BTreeSet::from(meant));
}

#[test]
fn what_holds_for_the_topic_before_too_is_said_by_no_sentence_alone() {
    let mut content = content();
    content.wording.likewise = vec!["Likewise {T}!".to_owned()];
    let topics = ["sea", "moon", "sun"].map(|id| topic(id, &[&format!("x{id}")], Vec::new()));
    let all: Vec<&Topic> = topics.iter().collect();
    let mut seen = 0;
    for number in 0..600 {
        let part = [Part::Learned, Part::HeldOut][number as usize % 2];
        let policy = Policy::draw(&all, &content.wording, &mut draw(number, part));
        for (at, read) in policy.readings.iter().enumerate() {
            if !read.shown.ends_with('!') || !read.shown.contains("ikewise x") {
                continue;
            }
            let says = read.says.as_deref().unwrap();
            let stance = |says: &str| says.rsplit_once(' ').unwrap().1.to_owned();
            let before = policy.readings[at - 1].says.as_deref().unwrap();
            assert_eq!(stance(says), stance(before), "{policy:?}");
            assert_eq!(read.alone.as_deref(), Some("-"));
            assert_eq!(part, Part::Learned);
            seen += 1;
        }
    }
    assert!((20..150).contains(&seen), "{seen}");
}
