//! Groups of made-up vectors and prompts.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng as _;

use super::cluster::{ClusterOptions, cluster};
use super::propose::{Grouped, propose};
use crate::error::Result;
use crate::eval::statistics::below;
use crate::eval::systems::{Ask, Reply, Response, System};
use crate::text::Message;

/// Thirty vectors of 24 numbers around each of two corners, twenty around a third, and five
/// far from all; small noise in all numbers.
fn corners() -> Vec<Vec<f32>> {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let mut noise = || below(&mut random, 1000) as f32 / 10_000.0;
    let mut vectors = Vec::new();
    for (corner, count) in [(0, 20), (1, 30), (2, 30)] {
        for _ in 0..count {
            let mut vector: Vec<f32> = (0..24).map(|_| noise()).collect();
            vector[corner] += 1.0;
            vectors.push(vector);
        }
    }
    for far in 0..5 {
        let mut vector: Vec<f32> = (0..24).map(|_| noise()).collect();
        vector[10 + far] = 4.0 + far as f32;
        vectors.push(vector);
    }
    vectors
}

const OPTIONS: ClusterOptions = ClusterOptions {
    dimensions: 8,
    smallest: 6,
};

#[test]
fn groups_are_found_and_what_stands_alone_is_left_alone() {
    let groups = cluster(&corners(), OPTIONS).unwrap();
    let [small, first, second] = [&groups[..20], &groups[20..50], &groups[50..80]];
    assert!(small.iter().all(|group| *group == Some(2)), "{groups:?}");
    for large in [first, second] {
        assert!(large[0] < Some(2) && large.iter().all(|group| *group == large[0]));
    }
    assert!(first[0] != second[0] && first[0].is_some());
    assert!(groups[80..].iter().all(Option::is_none));
}

#[test]
fn vectors_that_cannot_be_compared_are_refused_and_few_are_no_group() {
    let few = vec![vec![1.0, 0.0]; 6];
    assert_eq!(cluster(&few, OPTIONS).unwrap(), [None; 6]);
    for (vectors, said) in [
        (vec![vec![1.0], vec![1.0, 2.0]], "one length"),
        (vec![vec![]], "one length"),
        (Vec::new(), "one length"),
        (vec![vec![1.0, f32::NAN]], "not finite"),
    ] {
        let error = cluster(&vectors, OPTIONS).unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
    let options = ClusterOptions {
        smallest: 1,
        ..OPTIONS
    };
    assert!(
        cluster(&few, options)
            .unwrap_err()
            .to_string()
            .contains("smallest")
    );
}

/// Names the group that it was shown wine of, and mumbles about others.
struct Namer(Vec<Ask>);

impl System for Namer {
    fn name(&self) -> String {
        "namer".to_owned()
    }

    fn ask(&mut self, asks: Vec<Ask>) {
        self.0 = asks;
    }

    fn step(&mut self) -> Result<Vec<Reply>> {
        let reply = |ask: Ask| {
            let text = match ask.turns[0].content.contains("wine") {
                true => "Sure.\n**Wine**: Content about wine and cellars.".to_owned(),
                false => "Hm: yes".to_owned(),
            };
            let response = Ok(Response {
                text,
                reasoning: None,
            });
            let key = ask.key;
            Reply { key, response }
        };
        Ok(self.0.drain(..).map(reply).collect())
    }

    fn choose(&mut self, _: &[Message], _: &[&str]) -> Result<Vec<f64>> {
        unreachable!("nothing is chosen")
    }
}

#[test]
fn groups_are_named_by_a_model_or_by_their_words() {
    let prompts = [
        "Which wine goes with cheese?",
        "Where does this wine come from?",
        "Which dice game needs luck?",
        "Where does dice luck come from?",
        "Where does this come from?",
    ];
    let groups = [Some(0), Some(0), Some(1), Some(1), None];
    let vectors = vec![vec![1.0, 0.0]; 5];
    let grouped = Grouped {
        prompts: &prompts,
        vectors: &vectors,
        groups: &groups,
    };
    let taxonomy = propose(&grouped, Some(&mut Namer(Vec::new()))).unwrap();
    let [wine, dice] = &taxonomy.categories[..] else {
        panic!("{taxonomy:?}")
    };
    assert_eq!((&*wine.id, &*wine.name), ("wine", "Wine"));
    assert_eq!(wine.definition, "Content about wine and cellars.");
    assert_eq!(wine.words[0], "wine");
    let mut first = dice.words[..2].to_vec();
    first.sort();
    assert_eq!(first, ["dice", "luck"]);
    assert!(dice.name.contains("dice") && dice.definition.contains("luck"));
    // Alone, both are named by their words, and ids stay apart.
    let prompts = ["same words here"; 5];
    let grouped = Grouped {
        prompts: &prompts,
        ..grouped
    };
    let taxonomy = propose(&grouped, None).unwrap();
    let ids: Vec<&str> = taxonomy.categories.iter().map(|c| &*c.id).collect();
    assert_eq!(ids, ["here_same_words", "here_same_words_2"]);
    let json = serde_json::to_string(&taxonomy).unwrap();
    assert_eq!(
        crate::safety::Taxonomy::parse("draft", &json).unwrap(),
        taxonomy
    );
}
