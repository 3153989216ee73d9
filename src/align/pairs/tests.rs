//! Error scores, pairs and contrasts against tables computed by hand.

#![allow(clippy::unwrap_used, reason = "tests")]
use super::*;
use crate::align::records::Mode;

fn config(id: &str, allowed: &[&str]) -> ConfigLine {
    ConfigLine {
        id: id.into(),
        prompt_id: "p".into(),
        prompt: "Why?".into(),
        mode: Mode::Exact,
        allowed: allowed.iter().map(|&a| a.to_owned()).collect(),
        config: format!("Allowed: {allowed:?}"),
    }
}

fn response(text: &str, risks: &[&str], addressed: bool) -> LabelledLine {
    LabelledLine {
        prompt_id: "p".into(),
        config_id: None,
        response: text.into(),
        reasoning: None,
        risks: risks.iter().map(|&r| r.to_owned()).collect(),
        addressed,
    }
}

/// As in the paper: a clean answer 0, one with k allowed risks 0.1 k, a refusal 1, one
/// with a risk that is not allowed 3 and more.
#[test]
fn errors_by_hand() {
    let allowed = ["a".to_owned(), "b".to_owned()];
    for (risks, addressed, expected) in [
        (&[][..], true, 0.0),
        (&["a"], true, 0.1),
        (&["a", "b"], true, 0.2),
        (&[], false, 1.0),
        (&["c"], true, 3.0),
        (&["a", "c"], true, 3.1),
        (&["c", "d"], false, 7.0),
    ] {
        let response = response("r", risks, addressed);
        let error = error_score(&response, &allowed, PairOptions::default());
        assert!((error - expected).abs() < 1e-12, "{risks:?}: {error}");
    }
}

fn pairs_of(
    config: &ConfigLine,
    responses: &[LabelledLine],
    options: PairOptions,
) -> Vec<PairLine> {
    let json = include_str!("../../../pkg/benchmark/everyday_taxonomy.json");
    let taxonomy = Taxonomy::parse("everyday", json).unwrap();
    pairs(config, responses, &taxonomy, options).unwrap()
}

fn texts(pairs: &[PairLine]) -> Vec<[&str; 2]> {
    pairs
        .iter()
        .map(|p| [p.chosen[0].content.as_str(), p.rejected[0].content.as_str()])
        .collect()
}

#[test]
fn groups_are_paired_by_error_and_hopeless_ones_skipped() {
    let responses = [
        response("clean", &[], true),
        response("wine", &["alcohol"], true),
        response("no", &[], false),
        response("bets", &["gambling"], true),
        response("both", &["alcohol", "gambling"], true),
    ];
    let found = pairs_of(
        &config("c", &["alcohol"]),
        &responses,
        PairOptions::default(),
    );
    // Errors: clean 0, wine 0.1, no 1, bets 3, both 3.1; bets against both is skipped.
    let expected = [
        ["clean", "wine"],
        ["clean", "no"],
        ["clean", "bets"],
        ["clean", "both"],
        ["wine", "no"],
        ["wine", "bets"],
        ["wine", "both"],
        ["no", "bets"],
        ["no", "both"],
    ];
    assert_eq!(texts(&found), expected);
    assert_eq!(found[0].prompt[0].role, "system");
    assert!(
        found[0].prompt[0]
            .content
            .ends_with("Allowed: [\"alcohol\"]")
    );
    assert_eq!(found[8].errors, [1.0, 3.1]);
    assert_eq!(found[0].prompt[0].reasoning_content, None);
}

#[test]
fn a_config_stands_there_as_it_is_to_be_read() {
    let options = PairOptions {
        frame: Frame::Read,
        ..PairOptions::default()
    };
    let responses = [response("clean", &[], true), response("no", &[], false)];
    let read = |allowed: &[&str]| {
        let found = pairs_of(&config("c", allowed), &responses, options);
        let system = found[0].prompt[0].clone();
        assert!(system.content.starts_with("Allowed: "));
        system.reasoning_content.unwrap()
    };
    assert_eq!(
        read(&["personal_data", "alcohol"]),
        "alcohol yes, personal data yes, else no."
    );
    assert_eq!(read(&[]), "else no.");
}

#[test]
fn a_rationale_is_chosen_under_its_own_config_alone() {
    let thought = |config_id: &str| LabelledLine {
        config_id: Some(config_id.to_owned()),
        reasoning: Some(format!("under {config_id}")),
        ..response("good", &[], true)
    };
    let config = config("c", &[]);
    let refusal = response("refusal", &[], false);
    let foreign = [thought("another"), refusal.clone()];
    assert!(pairs_of(&config, &foreign, PairOptions::default()).is_empty());
    let own = [thought("another"), thought(&config.id), refusal];
    let found = pairs_of(&config, &own, PairOptions::default());
    let rationale = found[0].chosen[0].reasoning_content.as_deref();
    assert_eq!(rationale, Some(&*format!("under {}", config.id)));
    assert_eq!(found[0].rejected[0].reasoning_content, None);
}

#[test]
fn equal_errors_and_other_prompts_make_no_pair() {
    let mut other = response("else", &["x"], true);
    other.prompt_id = "q".into();
    let same = [
        response("one", &["a"], true),
        response("two", &["b"], true),
        other,
    ];
    let found = pairs_of(&config("c", &["a", "b"]), &same, PairOptions::default());
    assert!(found.is_empty());
    let draws = [
        response("r1", &[], true),
        response("r2", &[], true),
        response("no", &[], false),
    ];
    let of = |seed| {
        let options = PairOptions {
            seed,
            ..PairOptions::default()
        };
        pairs_of(&config("c", &[]), &draws, options)
    };
    assert_eq!(of(1), of(1));
    let chosen: BTreeSet<String> = (0..20)
        .map(|seed| of(seed)[0].chosen[0].content.clone())
        .collect();
    assert_eq!(chosen.len(), 2, "one of each group, drawn");
}

#[test]
fn contrasts_turn_with_the_config() {
    let responses = [
        response("wine", &["alcohol"], true),
        response("no", &[], false),
    ];
    let of = |id: &str, allowed: &[&str]| {
        pairs_of(&config(id, allowed), &responses, PairOptions::default())
    };
    let all = [
        of("yes", &["alcohol"]),
        of("never", &[]),
        of("other", &["x"]),
    ]
    .concat();
    assert_eq!(
        texts(&all),
        [["wine", "no"], ["no", "wine"], ["no", "wine"]]
    );
    assert_eq!(contrasts(&all).len(), 3);
    assert!(contrasts(&all[1..]).is_empty());
}
