//! The written pieces, and what is put together from them.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;
use std::path::Path;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng as _;

use super::content::{Content, Scope, Topic};
use super::dialogue::{Dialogues, Difficulty};
use super::policy::Policy;
use super::{Draw, Part};
use crate::align::records::TurnLine;
use crate::safety::{Frame, Rule, RuleReading, SafetyConfig, Taxonomy};

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

/// The rules of `policy` that decide in this rationale, in lower case.
fn named(policy: &Policy, clause: &str) -> Vec<String> {
    let config = SafetyConfig::new(None, &policy.text).unwrap();
    let rationale = format!("{} {clause}", policy.reading);
    let read = RuleReading::all(&config, &rationale, Frame::Numbered);
    let decides = read.into_iter().filter(|rule| rule.decides);
    decides.map(|rule| rule.rule.to_lowercase()).collect()
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
fn rationales_read_every_sentence_and_answers_follow_them() {
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
            let (reading, clauses) = rationale.split_at(rationale.find("About ").unwrap());
            let stands = |number: &usize| turns[0].content.contains(&format!(" ({number})"));
            let shown = (1..).take_while(|number| config && stands(number));
            let words = reading.split([' ', '.']);
            let read = words.filter_map(|word| word.parse::<usize>().ok());
            assert!(read.eq(shown), "{rationale}: {}", turns[0].content);
            assert_eq!(reading == "No rules. ", !config);
            assert!(!clauses.contains(" else ") || reading.contains(" else "));
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
            assert_eq!(named.len(), 1, "{decision:?}: {}", policy.reading);
            // A template may go on behind the topic's sentence, in words that stand elsewhere
            // too; its number is the last one's.
            let mut places = (1..=rules.len()).map(|end| &rules[end.saturating_sub(3)..end]);
            let stands = places.any(|it| {
                let texts: Vec<String> = it.iter().map(|it| it.text.to_lowercase()).collect();
                texts.last() == named.first() && texts.iter().any(|text| text.contains(word))
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
fn a_topic_without_a_rule_follows_the_default() {
    let content = content();
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
fn the_same_number_draws_the_same() {
    let content = content();
    let ours = dialogues(&content, Part::Learned);
    assert!(ours == dialogues(&content, Part::Learned));
}
