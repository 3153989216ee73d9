//! Readings, and what they say together.

use super::*;

use crate::safety::{ConfigReading, RuleReading};

/// A reading of which the names of topics are as likely as the whole.
fn reading(says: &str, probability: f64) -> Reading {
    Reading {
        probability,
        named: probability,
        ..Reading::certain(says)
    }
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
        ("wine yes", "wine no, else no."),
        ("wine yes except port, gin no", "wine no, gin no, else no."),
        ("wine no except port", "wine no, else no."),
        ("else yes", "else no."),
        ("-", "else no."),
        ("wine maybe", "else no."),
    ] {
        for probability in [unsure, 0.0, f64::NAN] {
            let all = [reading(says, probability), reading("else yes", 1.0)];
            assert_eq!(super::summary(&all), shown);
        }
    }
    let surely = [reading("wine yes", Reading::SURE), reading("else yes", 1.0)];
    assert_eq!(super::summary(&surely), "wine yes, else yes.");
    // Surely denied but for port, which perhaps is denied too.
    let port = "wine yes except port";
    let both = [reading(port, unsure), reading("wine no except port", 1.0)];
    assert_eq!(super::summary(&both), "wine no, else no.");
}

#[test]
fn where_the_topic_is_sure_all_others_stay_as_they_are() {
    for (says, shown) in [
        ("wine yes", "wine no, else yes."),
        ("wine no except port", "wine no, else yes."),
        ("wine yes except port", "wine no, else yes."),
        ("wine yes, gin no", "wine no, gin no, else yes."),
        ("else yes", "else no."),
    ] {
        let unsure = Reading {
            named: Reading::SURE,
            ..reading(says, Reading::SURE - 0.01)
        };
        let all = [unsure, Reading::certain("else yes")];
        assert_eq!(super::summary(&all), shown);
    }
}

#[test]
fn tokens_tell_how_likely_the_whole_is_and_the_topics() {
    let read = |tokens: &[(&str, f64)]| {
        let mut said = String::new();
        let ends: Vec<_> = tokens
            .iter()
            .map(|(token, likely)| {
                said += token;
                (said.len(), *likely)
            })
            .collect();
        Reading::new(&said, &ends)
    };
    // Each token has a share of its own, so that the product tells which counted.
    let share = |tokens: &[i32]| {
        tokens
            .iter()
            .map(|at| 0.5f64.powi(1 << at))
            .product::<f64>()
    };
    let shared = |tokens: &[&'static str]| {
        let likely = (0..).map(|at| 0.5f64.powi(1 << at));
        read(&tokens.iter().copied().zip(likely).collect::<Vec<_>>())
    };
    for (tokens, counted) in [
        (
            &["wi", "ne", " no", " except", " port", ""][..],
            &[0, 1, 5][..],
        ),
        (&[" wine", " yes", ",", " gin", " yes", ""], &[0, 2, 3, 5]),
        (&[" ", "else", " no", ""], &[0, 1, 3]),
        (&["wine", " no, gin", " no", ""], &[0, 1, 3]),
        (&["rosé", " yes", ", ", "kö", "lsch", " no"], &[0, 2, 3, 4]),
        (&["-", ", wine", " no"], &[0, 1]),
        (&["-", ""], &[0, 1]),
        (&["wine", " maybe"], &[0, 1]),
        (&[""], &[0]),
    ] {
        let all: Vec<i32> = (0..).take(tokens.len()).collect();
        let found = shared(tokens);
        assert_eq!(found.says, tokens.concat().trim());
        assert_eq!(found.probability, share(&all), "{tokens:?}");
        assert_eq!(found.named, share(counted), "{tokens:?}");
    }
}

#[test]
fn people_are_told_what_the_model_is_not_sure_of() {
    let readings = [reading("wine yes", 0.5), reading("else yes", 0.99)];
    let read = |rationale| ConfigReading::new("Wine?\nThe rest.", &readings, rationale);
    let ConfigReading { rules: wine, told } = read("About wine no. So no.");
    assert_eq!(told, "wine no, else no.");
    assert_eq!((&*wine[0].read_as, wine[0].probability), ("wine yes", 0.5));
    assert_eq!((wine[0].sure, wine[0].topic_sure), (false, false));
    assert_eq!((wine[1].sure, wine[1].topic_sure), (true, true));
    assert_eq!((wine[0].decides, wine[1].decides), (true, false));
    assert!(
        read("About tea else no. So no.")
            .rules
            .iter()
            .all(|it| !it.decides)
    );
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
    for all in [["else yes", "else no"], ["else no", "else yes"]] {
        assert_eq!(summary(all), "else no.");
    }
    for all in [["wine no", "wine yes"], ["wine yes except port", "wine no"]] {
        assert_eq!(summary(all), "wine no, else no.");
    }
    let all = summary([
        "wine no except port, gin no",
        "wine yes",
        "gin no, wine yes",
    ]);
    assert_eq!(all, "wine no except port, gin no, else no.");
}

#[test]
fn others_are_refused_where_nothing_was_read_of_them() {
    assert_eq!(summary(["wine no", "gin no"]), "wine no, gin no, else no.");
    assert_eq!(summary([]), "else no.");
}
