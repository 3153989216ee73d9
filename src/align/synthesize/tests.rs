//! The written pieces, and what is put together from them.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;
use std::path::Path;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng as _;

use super::content::{Content, Scope, Topic};
use super::dialogue::{Dialogues, Difficulty};
use super::{Draw, Part};
use crate::align::records::TurnLine;
use crate::safety::Taxonomy;

pub(super) fn content() -> Content {
    Content::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/align/everyday")).unwrap()
}

pub(super) fn draw(number: u64, part: Part) -> Draw {
    let mut random = ChaCha8Rng::seed_from_u64(7);
    random.set_stream(number);
    Draw::new(random, part)
}

pub(super) const DIFFICULTY: Difficulty = Difficulty {
    rules: 5,
    exchanges: 3,
    dictionary: 0,
    answers: true,
    begun: false,
};

fn without_nouns(content: &Content, difficulty: Difficulty) -> Dialogues<'_> {
    Dialogues {
        content,
        nouns: &[],
        difficulty,
    }
}

fn dialogues(content: &Content, part: Part) -> Vec<Vec<TurnLine>> {
    drawn(content, part, DIFFICULTY)
}

pub(super) fn drawn(content: &Content, part: Part, difficulty: Difficulty) -> Vec<Vec<TurnLine>> {
    let dialogues = without_nouns(content, difficulty);
    (0..400)
        .map(|number| dialogues.draw(&mut draw(number, part)))
        .collect()
}

/// What this role says.
fn turns_of(role: &str, dialogues: &[Vec<TurnLine>]) -> BTreeSet<String> {
    let own = dialogues.iter().flatten().filter(|turn| turn.role == role);
    own.map(|turn| turn.content.clone()).collect()
}

/// A topic with these names and nothing else.
pub(super) fn topic(id: &str, names: &[&str], scopes: Vec<Scope>) -> Topic {
    Topic {
        id: id.to_owned(),
        name: id.to_owned(),
        names: names.iter().map(|name| (*name).to_owned()).collect(),
        plain: Vec::new(),
        words: Vec::new(),
        scopes,
        requests: Vec::new(),
        questions: Vec::new(),
        sensitive: true,
    }
}

#[test]
fn the_topics_are_those_of_the_everyday_taxonomy() {
    let json = include_str!("../../../pkg/benchmark/everyday_taxonomy.json");
    let taxonomy = Taxonomy::parse("everyday", json).unwrap();
    let known: BTreeSet<String> = taxonomy.categories.into_iter().map(|c| c.id).collect();
    let ours: BTreeSet<String> = content().topics.into_iter().map(|topic| topic.id).collect();
    assert_eq!(ours, known);
}

#[test]
fn rationales_follow_what_was_read_and_answers_follow_them() {
    let content = content();
    let refuses = |answer: &str| {
        let mut around = content
            .wording
            .refusals
            .iter()
            .filter_map(|r| r.split_once("{name}"));
        around.any(|(start, end)| answer.starts_with(start) && answer.ends_with(end))
    };
    let (mut seen, mut fits, mut of_others) = ([0; 2], [0; 2], 0);
    for turns in dialogues(&content, Part::Learned) {
        let config = turns[0].role == "system";
        for turn in turns.iter().filter(|turn| turn.role == "assistant") {
            let last = turns.last() == Some(turn);
            assert_eq!(last, turn.weight.is_none());
            assert_eq!(last, turn.reasoning_content.is_some());
            let Some(rationale) = turn.reasoning_content.as_deref() else {
                // Without a config nothing is refused, so this was under another one.
                of_others += usize::from(!config && refuses(&turn.content));
                continue;
            };
            assert!(rationale.starts_with("About "), "{rationale}");
            let read = turns[0].reasoning_content.as_deref();
            assert!(!config || read.is_some_and(|read| read.contains("else ")));
            for clause in rationale.split("About ").skip(1) {
                let says = clause.split('.').next().unwrap();
                let of_all = says.find(" else ").map(|at| &says[at + 1..]);
                let rule = of_all.unwrap_or(says);
                let head = rule.split(" except ").next().unwrap();
                let ruled = head.ends_with(" no") || head.ends_with(" yes");
                let mut rules = read
                    .iter()
                    .flat_map(|it| it.trim_end_matches('.').split(", "));
                assert!(
                    !ruled || rules.any(|it| it == rule),
                    "{rationale}: {read:?}"
                );
            }
            let denied = rationale.ends_with("no.");
            fits[0] += rationale.matches(". This is ").count();
            fits[1] += rationale.matches(". This is not ").count();
            let single = rationale.matches("About ").count() == 1;
            if single {
                let said = &turn.content;
                assert_eq!(refuses(said), denied, "{rationale} | {said}");
                seen[usize::from(denied)] += 1;
            }
        }
    }
    assert!(seen[0] > 100 && seen[1] > 100, "{seen:?}");
    assert!(of_others > 3, "{of_others}");
    assert!((3..=6).contains(&(10 * fits[1] / fits[0])), "{fits:?}");
}

#[test]
fn a_flip_turns_one_stance_and_what_is_wanted_and_nothing_else() {
    let content = content();
    let dialogues = without_nouns(&content, DIFFICULTY);
    let mut flips = 0;
    for number in 0..100 {
        let lines = dialogues.benchmark(number, 4, &mut draw(number, Part::HeldOut));
        let (plain, flipped) = lines.split_at(4);
        assert!(plain.iter().all(|line| line.flip_of.is_none()));
        let [flip] = flipped else {
            assert!(flipped.is_empty());
            continue;
        };
        let before = plain.iter().find(|line| line.id == flip.id).unwrap();
        assert_eq!(flip.flip_of.as_deref(), Some(&*before.config_id));
        assert_eq!(before.prompt, flip.prompt);
        assert_ne!(before.scenario, flip.scenario);
        let mut kinds = [&*before.kind, &*flip.kind];
        kinds.sort_unstable();
        assert_eq!(kinds, ["allowed", "disallowed"]);
        flips += 1;
    }
    assert!(flips > 60, "{flips}");
}

#[test]
fn what_is_held_out_is_never_learned() {
    let content = content();
    let users = |part: Part| turns_of("user", &dialogues(&content, part));
    let asks = content
        .topics
        .iter()
        .flat_map(|topic| &topic.requests)
        .flat_map(|r| &r.asks);
    let asks: BTreeSet<String> = asks.cloned().collect();
    // Whole asks only; two that are joined are other texts.
    let learned = users(Part::Learned);
    let held_out = users(Part::HeldOut);
    let mut shared = learned.intersection(&held_out);
    assert!(!shared.any(|text| asks.contains(text)));
    assert!(learned.len() > 300 && held_out.len() > 100);
}

#[test]
fn held_out_configs_may_stand_above_learned_requests() {
    let content = content();
    let dialogues = without_nouns(&content, DIFFICULTY);
    let drawn = |asks: Part| -> [BTreeSet<String>; 2] {
        let draw = |number| draw(number, Part::HeldOut).asking(asks);
        let turns: Vec<_> = (0..200).map(|at| dialogues.draw(&mut draw(at))).collect();
        ["system", "user"].map(|role| turns_of(role, &turns))
    };
    let [configs, known] = drawn(Part::Learned);
    let [same, unknown] = drawn(Part::HeldOut);
    assert_eq!(configs, same);
    let requests = content.topics.iter().flat_map(|topic| &topic.requests);
    let asks: Vec<&String> = requests.flat_map(|request| &request.asks).collect();
    let held_out = |users: &BTreeSet<String>| {
        let asks = asks.iter().filter(|ask| users.contains(**ask));
        asks.filter(|ask| super::is_held_out(ask)).count()
    };
    assert_eq!(held_out(&known), 0);
    assert!(held_out(&unknown) > 50);
}

#[test]
fn every_form_of_a_text_is_drawn() {
    let forms = |text: &str| -> BTreeSet<String> {
        (0..40)
            .map(|at| draw(at, Part::Learned).of(&[text.to_owned()]))
            .collect()
    };
    assert_eq!(
        forms("<We|I> say <no|never>."),
        ["I say never.", "I say no.", "We say never.", "We say no."]
            .map(str::to_owned)
            .into()
    );
    assert_eq!(forms("Just <|now>").len(), 2);
}

#[test]
fn held_out_draws_stay_when_more_is_learned() {
    let texts = |range: std::ops::Range<u32>| range.map(|n| format!("{n} <ways|forms> are here."));
    let some: Vec<String> = texts(0..100).collect();
    let more = texts(100..900).filter(|text| !super::is_held_out(text));
    let more: Vec<String> = some.iter().cloned().chain(more).collect();
    let drawn = |items: &[String], part| -> Vec<String> {
        (0..50).map(|at| draw(at, part).of(items)).collect()
    };
    let held_out = drawn(&some, Part::HeldOut);
    let is_held_out = |text: &String| {
        let of = some.iter().filter(|item| super::is_held_out(item));
        of.filter(|item| super::is_form(item, text)).count() == 1
    };
    assert!(held_out.iter().all(is_held_out));
    assert_eq!(held_out, drawn(&more, Part::HeldOut));
    assert_ne!(drawn(&some, Part::Learned), drawn(&more, Part::Learned));
}

#[test]
fn the_same_number_draws_the_same() {
    let content = content();
    let ours = dialogues(&content, Part::Learned);
    assert!(ours == dialogues(&content, Part::Learned));
}
