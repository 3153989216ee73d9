//! Conversations and readings that are drawn.

use super::super::Part;
use super::super::tests::{self, DIFFICULTY, content, drawn};
use super::*;
use crate::safety::{self, summary};

#[test]
fn without_rules_there_are_no_configs() {
    let mut difficulty = DIFFICULTY;
    difficulty.rules = 0;
    let turns = drawn(&content(), Part::Learned, difficulty).concat();
    let fine = |turn: &TurnLine| turn.role != "system" && !turn.content.is_empty();
    assert!(turns.iter().all(fine));
    let rationales = turns
        .iter()
        .filter_map(|turn| turn.reasoning_content.as_deref());
    assert!(rationales.clone().all(|it| it.starts_with("About ")));
    let harmless = rationales.clone().filter(|it| it.contains("harmless"));
    assert!((100..400).contains(&harmless.count()));
}

#[test]
fn most_answers_are_only_begun_where_asked() {
    let drawn = |begun| {
        let difficulty = Difficulty {
            rules: 0,
            begun,
            ..DIFFICULTY
        };
        let turns = drawn(&content(), Part::Learned, difficulty).concat();
        let answers = turns.into_iter().filter(|turn| turn.role == "assistant");
        answers.collect::<Vec<_>>()
    };
    assert!(drawn(false).iter().all(|answer| !answer.begun));
    let answers = drawn(true);
    let begun: Vec<_> = answers.iter().filter(|answer| answer.begun).collect();
    let share = begun.len() * 100 / answers.len();
    assert!((40..90).contains(&share), "{share} %");
    for answer in begun {
        let rationale = answer.reasoning_content.as_deref().unwrap_or_default();
        assert_eq!(rationale.matches("About ").count(), 1, "{rationale}");
        assert!(answer.content.split(' ').count() <= BEGINNING);
    }
}

#[test]
fn readings_are_drawn_one_a_line() {
    let content = content();
    let dialogues = Dialogues {
        content: &content,
        nouns: &[],
        difficulty: DIFFICULTY,
    };
    let draw = |number| tests::draw(number, Part::Learned);
    let lines: Vec<_> = (0..200)
        .flat_map(|at| dialogues.readings(&mut draw(at)))
        .collect();
    let mut nothing = 0;
    for [shown, said] in &lines {
        assert!(shown.role == "system" && shown.content.lines().count() <= 2);
        assert!(shown.reasoning_content.is_none() && said.role == "assistant");
        let says = &*said.content;
        nothing += usize::from(says == "-");
        // Each of its statements is understood, and on a topic of its own.
        let all: Vec<&str> = says
            .split(", ")
            .filter(|it| !it.starts_with("else"))
            .collect();
        let said = summary(&[safety::Reading::certain(says)])
            .split(", ")
            .count()
            - 1;
        assert_eq!(said, if says == "-" { 0 } else { all.len() }, "{says}");
    }
    assert!(
        (lines.len() / 4..lines.len() * 3 / 4).contains(&nothing),
        "{nothing}"
    );
}

#[test]
fn sentences_that_are_learned_stand_by_themselves_but_where_they_may_go_on() {
    let reading = |shown: &str, says: Option<&str>, alone: Option<&str>| Reading {
        shown: shown.to_owned(),
        says: says.map(str::to_owned),
        alone: alone.map(str::to_owned),
    };
    let own = |shown, says| reading(shown, Some(says), Some(says));
    let readings = [
        own("Be kind.", "-"),
        own("Be kind.\nNo wine.", "wine no"),
        own("No wine.\nNo gin.", "gin no"),
        reading("No gin.\nNor rum.", Some("rum no"), Some("-")),
        reading("Nor rum.\nAbout ale:", None, Some("-")),
        reading("About ale:\nonly bock.", Some("ale no except bock"), None),
        own("Else:\n- no", "else no"),
        own("- no\nThe rest is fine.", "else yes"),
    ];
    let mut both = 0;
    for number in 0..40 {
        let draw = &mut tests::draw(number, Part::Learned);
        let told = by_itself(readings.to_vec(), draw);
        let fine = |at: usize| {
            (
                readings[at].shown.clone(),
                readings[at].says.clone().unwrap_or_default(),
            )
        };
        let mut always = vec![
            ("Be kind.".to_owned(), "-".to_owned()),
            ("No wine.".to_owned(), "wine no".to_owned()),
            ("No gin.".to_owned(), "gin no".to_owned()),
            fine(3),
            ("Nor rum.".to_owned(), "-".to_owned()),
            fine(5),
            fine(6),
            ("The rest is fine.".to_owned(), "else yes".to_owned()),
        ];
        if told.contains(&fine(2)) {
            always.insert(2, fine(2));
            both += 1;
        }
        assert_eq!(told, always);
    }
    assert!((8..32).contains(&both), "{both}");
}
