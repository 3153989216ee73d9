//! Readings, and what they say together.

use super::*;

use crate::safety::{ConfigReading, RuleReading};

/// What may be meant, each so likely.
fn reading<const N: usize>(meanings: [(&str, f64); N]) -> Reading {
    Reading::new(meanings.map(|(says, it)| Meaning::new(says, it)).into())
}

/// What it comes to where all topics without a rule are allowed.
fn else_allowed(reading: Reading) -> String {
    super::summary(&[reading, Reading::certain("else yes")])
}

/// What they say together, where the model is sure of each.
fn summary<const N: usize>(says: [&str; N]) -> String {
    super::summary(&says.map(Reading::certain))
}

fn read(readings: [&str; 2], rationale: &str) -> Vec<(String, String, bool)> {
    let readings = readings.map(Reading::certain);
    let all = RuleReading::all("No spoilers.\n- Wine is fine.", &readings, rationale);
    let fields = all.into_iter();
    fields.map(|it| (it.rule, it.read_as, it.decides)).collect()
}

#[test]
fn rules_are_read_and_some_decide() {
    let fine = |rule: &str, read_as: &str, decides| (rule.into(), read_as.into(), decides);
    assert_eq!(
        read(
            ["films no, music yes", "wine no except port"],
            "About wine no except port. This is port. So yes. About films no. So no.",
        ),
        [
            fine("No spoilers.", "films no, music yes", true),
            fine("Wine is fine.", "wine no except port", true)
        ]
    );
    let all = read(["-", "else yes"], "About music else yes. So yes.");
    let nothing = fine("No spoilers.", "-", false);
    assert_eq!(all, [nothing, fine("Wine is fine.", "else yes", true)]);
    let none = read(["films no", "-"], "About tea harmless. So yes.");
    assert_eq!(none[0], fine("No spoilers.", "films no", false));
    // Together they say what neither does.
    let both = ["wine yes except port", "wine yes except sherry"];
    for (_, _, decides) in read(both, "About wine no. So no.") {
        assert!(decides);
    }
    // What refused was the rule that was not understood, not the one that allows.
    for (_, _, decides) in read(["else yes", "wine?"], "About music else no. So no.") {
        assert!(!decides);
    }
    // Another topic whose words begin alike.
    let other = read(["wine bars no", "-"], "About wine yes. So yes.");
    assert_eq!(other[0], fine("No spoilers.", "wine bars no", false));
}

#[test]
fn what_is_not_understood_is_told_and_opens_nothing() {
    for odd in [
        "",
        "wine",
        "yes",
        "wine maybe",
        "except port",
        ", .",
        "no",
        "else yes except wine",
        "wine no gin yes",
        "wine no,gin yes",
        "wine no yes",
        "else  yes",
        "Else yes",
        "wine no,  yes",
        "wine no except ",
        "wine no except port no",
    ] {
        let told = read([odd, "else yes"], "About wine no.");
        assert_eq!(told[0].1, "not understood", "{odd}");
        assert_eq!(summary([odd, "else yes"]), "else no.");
        assert_eq!(summary([odd, "wine no"]), "wine no, else no.");
    }
    assert!(read(["-", "-"], "").iter().all(|told| told.1 == "-"));
    assert_eq!(summary(["-", "-"]), "else no.");
}

#[test]
fn what_the_model_is_not_sure_of_opens_nothing() {
    let unsure = Reading::SURE - 0.01;
    for (says, shown) in [
        ("wine yes", "else no."),
        ("wine yes except port, gin no", "wine no, gin no, else no."),
        ("wine no except port", "wine no, else no."),
        ("else yes", "else no."),
        ("-", "else no."),
        ("wine maybe", "else no."),
    ] {
        assert_eq!(else_allowed(reading([(says, unsure)])), shown);
    }
    for probability in [0.0, f64::NAN] {
        let unlikely = reading([("wine yes", probability)]);
        assert_eq!(else_allowed(unlikely), "else no.");
    }
    let others = [reading([("else yes", unsure), ("-", 0.41)])];
    assert_eq!(super::summary(&others), "else no.");
    let surely = reading([("wine yes", Reading::SURE)]);
    assert_eq!(else_allowed(surely), "wine yes, else yes.");
    // Surely denied but for port, which perhaps is denied too.
    let port = reading([("wine yes except port", unsure)]);
    let both = [port, Reading::certain("wine no except port")];
    assert_eq!(super::summary(&both), "wine no, else no.");
}

#[test]
fn what_may_be_denied_is_and_all_others_stay_as_they_are() {
    for (meanings, shown) in [
        // Which of them is allowed does not matter where both are.
        ([("wine yes", 0.5), ("gin yes", 0.5)], "else yes."),
        (
            [("wine no", 0.5), ("gin no", 0.5)],
            "wine no, gin no, else yes.",
        ),
        ([("wine yes", 0.5), ("wine no", 0.5)], "wine no, else yes."),
        (
            [("wine no", 0.5), ("wine no except port", 0.5)],
            "wine no, else yes.",
        ),
        (
            [("wine yes", 0.5), ("wine yes except port", 0.5)],
            "wine no, else yes.",
        ),
        ([("-", 0.8), ("wine no", 0.2)], "wine no, else yes."),
        ([("-", 0.8), ("else no", 0.2)], "else no."),
        ([("-", 0.95), ("wine no", 0.05)], "else yes."),
        (
            [("wine yes", 0.8), ("gin no", 0.2)],
            "wine yes, gin no, else yes.",
        ),
        ([("wine yes", 0.8), ("wine no", 0.2)], "wine yes, else yes."),
        ([("wine yes", 0.5), ("wine?", 0.5)], "else no."),
        ([("wine no", 0.09), ("-", 0.01)], "wine no, else no."),
    ] {
        assert_eq!(else_allowed(reading(meanings)), shown, "{meanings:?}");
    }
    // It denies something, but not even a tenth each of these.
    let many = ["gin no", "rum no", "ale no", "rye no", "tea no", "pop no"];
    let mut many: Vec<_> = many.map(|says| Meaning::new(says, 0.09)).into();
    many.push(Meaning::new("-", 0.4));
    assert_eq!(else_allowed(Reading::new(many)), "else no.");
    // What several meanings say counts together.
    let alike = reading([("wine yes, gin no", 0.5), ("wine yes, rum no", 0.5)]);
    assert!(!alike.is_sure());
    assert_eq!(super::summary(&[alike]), "gin no, rum no, else no.");
    let alike = reading([("wine yes", 0.4), ("wine yes, rum no", 0.4)]);
    assert!(alike.is_sure());
    assert_eq!(super::summary(&[alike]), "wine yes, rum no, else no.");
}

#[test]
fn the_same_words_found_twice_are_one_meaning() {
    let found = [
        ("wine no", 0.3),
        (" gin no ", 0.25),
        ("gin no", 0.25),
        ("wine?", 0.2),
    ];
    let found = reading(found);
    assert_eq!((found.says(), found.probability()), ("gin no", 0.5));
    assert_eq!(found.alternatives(), [Meaning::new("wine no", 0.3)]);
    assert!(reading([]).says().is_empty() && !reading([]).is_sure());
    assert_eq!(else_allowed(reading([])), "else no.");
}

#[test]
fn people_are_told_what_the_model_is_not_sure_of() {
    let readings = [
        reading([("wine yes", 0.5), ("wine no", 0.3)]),
        Reading::certain("else yes"),
    ];
    let read = |rationale| ConfigReading::new("Wine?\nThe rest.", &readings, rationale);
    let ConfigReading { rules: wine, told } = read("About wine no. So no.");
    assert_eq!(told, "wine no, else yes.");
    assert_eq!((&*wine[0].read_as, wine[0].probability), ("wine yes", 0.5));
    assert_eq!(wine[0].alternatives, [Meaning::new("wine no", 0.3)]);
    assert_eq!((wine[0].sure, wine[1].sure), (false, true));
    assert_eq!((wine[0].decides, wine[1].decides), (true, false));
    let other = read("About tea else yes. So yes.").rules;
    assert_eq!((other[0].decides, other[1].decides), (false, true));
}

#[test]
fn the_last_word_on_a_topic_counts() {
    let all = summary(["else yes", "wine no, gin yes", "-", "wine no except port"]);
    assert_eq!(all, "wine no except port, gin yes, else yes.");
    let all = summary(["gin yes", "else yes", "gin yes except sloe gin"]);
    assert_eq!(all, "gin yes except sloe gin, else yes.");
}

#[test]
fn an_exception_goes_on_with_its_rule() {
    assert!(amends("wine yes", "wine yes except port"));
    assert!(amends("wine no except sherry", "wine yes except port"));
    for (before, reading) in [
        ("gin yes", "wine yes except port"),
        ("wine yes", "wine yes"),
        ("wine yes except port", "wine yes except port"),
        ("wine no except port", "wine no except port"),
        ("-", "wine yes except port"),
        ("wine yes, gin no", "wine yes except port"),
        ("wine yes", "wine yes except port, gin no"),
        ("else yes", "else yes"),
        ("wine", "wine"),
    ] {
        assert!(!amends(before, reading), "{before} / {reading}");
    }
}

#[test]
fn the_same_goes_for_other_topics() {
    for (before, reading, goes_on) in [
        ("wine no", "gin no", true),
        ("wine no except port", "gin no, rum no", true),
        ("wine yes", "gin yes, rum yes", true),
        ("wine yes", "wine no", true),
        ("wine yes", "gin no", true),
        ("wine no", "gin yes", false),
        ("wine no", "gin no, rum yes", false),
        ("wine yes", "gin yes except punch", false),
        ("wine yes", "else yes", false),
        ("wine yes except port", "wine yes", false),
        ("wine no", "-", false),
        ("wine no", "wine no", false),
        ("wine no", "gin", false),
        ("wine yes, rum yes", "gin yes", true),
        ("wine no, rum no", "gin no", true),
        ("wine yes, rum no", "gin no", false),
        ("else no", "gin no", false),
        ("-", "gin no", false),
    ] {
        assert_eq!(continues(before, reading), goes_on, "{before} / {reading}");
    }
}

#[test]
fn what_is_excepted_stays_so() {
    let port = "wine yes except port";
    for all in [["wine yes", port], [port, "wine yes"], [port, port]] {
        assert_eq!(summary(all), "wine yes except port, else no.");
    }
    let sherry = "wine yes except sherry";
    assert_eq!(summary([port, sherry]), "wine no, else no.");
    assert_eq!(summary([port, sherry, "wine yes"]), "wine no, else no.");
    // Both ways round: what is left is denied by the other.
    let only = "wine no except port";
    for all in [[port, only], [only, port]] {
        assert_eq!(summary(all), "wine no, else no.");
    }
    for all in [
        [sherry, only],
        [only, sherry],
        ["wine yes", only],
        ["wine no", only],
    ] {
        assert_eq!(summary(all), "wine no except port, else no.");
    }
    assert_eq!(summary([port, "wine no", only]), "wine no, else no.");
    assert_eq!(summary([port, only, only]), "wine no, else no.");
    assert_eq!(
        summary([only, "wine no except sherry"]),
        "wine no except sherry, else no."
    );
}

#[test]
fn where_rules_contradict_each_other_the_denial_counts() {
    assert_eq!(summary(["else yes", "else no"]), "else no.");
    assert_eq!(summary(["else no", "else yes"]), "else no.");
    assert_eq!(summary(["wine no", "wine yes"]), "wine no, else no.");
    assert_eq!(
        summary(["wine yes except port", "wine no"]),
        "wine no, else no."
    );
    let all = summary([
        "wine no except port, gin no",
        "wine yes",
        "gin no, wine yes",
    ]);
    assert_eq!(all, "wine no except port, gin no, else no.");
    // Nothing is read of others.
    assert_eq!(summary([]), "else no.");
}
