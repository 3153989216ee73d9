//! Reports for people: numbers as they should read, and no way in for hostile text.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;

use cosa::eval::line::Line;
use cosa::eval::report::{
    About, AgreementReport, Comparison, ConfigInfo, ConfigReport, Flip, Interval, JudgeReport,
    Measured, Outcomes, Report, SCHEMA, SetupReport, html, markdown,
};
use serde_json::json;

/// What may come from a model, a data set or a command line.
const HOSTILE: &str = "<script>alert(1)</script>|\"'`x`\n# x\n![i](http://evil.test/i.png)\u{1b}[2J\u{202e}<img src=http://evil.test/ onerror=alert(1)>{{ 7 * 7 }}";

fn interval(value: f64, low: f64, high: f64) -> Interval {
    Interval { value, low, high }
}

fn setup(name: &str, score: f64) -> SetupReport {
    SetupReport {
        name: name.to_owned(),
        responses: 4,
        cosa_score: interval(score, score - 0.1, score + 0.1),
        cosa_score_valid_only: score,
        helpful_safe: interval(33.333, 20.0, 50.0),
        helpful_unsafe: interval(0.04, 0.0, 12.5),
        invalid: 0,
        invalid_reasons: BTreeMap::new(),
        outcomes: BTreeMap::new(),
        stances: BTreeMap::new(),
        groups: BTreeMap::new(),
        safety_aware_rate: None,
        configs: vec![ConfigReport {
            id: "c".to_owned(),
            cosa_score: interval(score, score, score),
            helpful_safe: 0.0,
            helpful_unsafe: 0.0,
            invalid: 0,
        }],
        flip: None,
    }
}

fn config(id: &str) -> ConfigInfo {
    ConfigInfo {
        id: id.to_owned(),
        title: id.to_owned(),
        prompts: 4,
        text: None,
    }
}

/// One set-up, one config, and nothing else known.
fn small() -> Report {
    Report {
        schema: SCHEMA,
        about: About {
            task: "tiny".to_owned(),
            system: "model".to_owned(),
            ..About::default()
        },
        judge: JudgeReport {
            name: "rules".to_owned(),
            measured: None,
        },
        configs: vec![config("c")],
        perfect_score: 1.0,
        setups: vec![setup("ica", -0.0345)],
        comparisons: Vec::new(),
        times: BTreeMap::new(),
    }
}

/// Everything that a report can hold, with hostile text wherever there is text.
fn large() -> Report {
    let counts = Outcomes {
        prompts: 4,
        right: 1,
        over_refusal: 1,
        violation: 1,
        invalid: 1,
    };
    let mut one = setup(HOSTILE, -0.0001);
    one.invalid = 3;
    let reasons = ["needs 770 of 768", "needs 815 of 768", HOSTILE];
    one.invalid_reasons = reasons.map(|reason| (reason.to_owned(), 1)).into();
    one.outcomes = BTreeMap::from([("allowed", counts)]);
    one.stances = BTreeMap::from([("deny_edge", counts)]);
    one.groups = BTreeMap::from([(HOSTILE.to_owned(), counts)]);
    one.safety_aware_rate = Some(0.625);
    one.flip = Some(Flip {
        flips: 5,
        flipped: 2,
        ..Flip::default()
    });
    HOSTILE.clone_into(&mut one.configs[0].id);
    let mut two = one.clone();
    "two".clone_into(&mut two.name);
    let comparison = Comparison {
        a: HOSTILE.to_owned(),
        b: "two".to_owned(),
        difference: interval(0.25, -0.0301, 0.5),
        p_value: 0.0002,
    };
    Report {
        about: About {
            task: HOSTILE.to_owned(),
            system: HOSTILE.to_owned(),
            limit: Some(4),
            context_length: Some(1024),
            ..About::default()
        },
        judge: judge(),
        configs: vec![config(HOSTILE), config("d")],
        setups: vec![one, two],
        comparisons: vec![comparison],
        perfect_score: 0.68,
        ..small()
    }
}

fn judge() -> JudgeReport {
    let agreement = AgreementReport {
        precision: Some(0.875),
        recall: Some(0.16),
        kappa: None,
    };
    JudgeReport {
        name: HOSTILE.to_owned(),
        measured: Some(Measured {
            labelled: 56,
            violations: agreement.clone(),
            helpful: agreement,
            undecided: 7,
        }),
    }
}

fn line(setup: &str, config_id: &str, kind: Option<&str>) -> Line {
    let rule = json!({ "rule": HOSTILE, "adherence": "violates", "behavioural": true });
    let line = json!({
        "setup": setup, "config_id": config_id, "type": kind,
        "prompt_id": HOSTILE, "prompt": HOSTILE, "response": HOSTILE, "reasoning": HOSTILE,
        "verdicts": {
            "helpfulness": 4, "addressed": true, "rules": [rule], "risks": [HOSTILE],
            "undecided": HOSTILE,
        },
    });
    serde_json::from_value(line).unwrap()
}

fn hostile_lines() -> Vec<Line> {
    let failed = Line {
        response: None,
        failure: Some(HOSTILE.to_owned()),
        verdicts: None,
        ..line("two", HOSTILE, Some("allowed"))
    };
    vec![
        line(HOSTILE, HOSTILE, Some("allowed")),
        failed,
        line("two", "edited by the flip test", Some(HOSTILE)),
        line("of another run", "c", None),
    ]
}

/// The text between two marks.
fn between<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    let rest = &text[text.find(from).unwrap() + from.len()..];
    &rest[..rest.find(to).unwrap()]
}

#[test]
fn the_page_escapes_all_that_it_did_not_write() {
    let page = html(&large(), &hostile_lines()).unwrap();
    assert!(page.contains("&lt;script&gt;alert(1)"));
    for tag in ["<script", "<img", "<iframe", "<link", "<object"] {
        assert!(!page.contains(tag), "{tag}");
    }
    // No attribute ends early: what stands between < and > has an even number of quotes.
    for tag in page.split('<').skip(1) {
        let tag = tag.split('>').next().unwrap();
        assert_eq!(tag.matches('"').count() % 2, 0, "<{tag}>");
    }
    assert!(page.contains("{{ 7 * 7 }}"), "text is no template");
}

#[test]
fn the_page_asks_the_network_for_nothing() {
    let page = html(&large(), &hostile_lines()).unwrap();
    let policy = between(&page, "Content-Security-Policy\" content=\"", "\"");
    assert!(policy.starts_with("default-src 'none'; style-src 'unsafe-inline'"));
    assert!(!policy.contains("script-src"));
    let style = between(&page, "<style>", "</style>");
    assert!(!style.contains("url(") && !style.contains("@import"));
    for attribute in ["src=\"", "srcset=\"", "action=\"", "data=\"", "xlink:href"] {
        assert!(!page.contains(attribute), "{attribute}");
    }
    let links = page.split("href=\"").skip(1);
    assert!(links.into_iter().all(|link| link.starts_with('#')));
}

#[test]
fn the_page_shows_the_numbers() {
    let page = html(&large(), &hostile_lines()).unwrap();
    for part in [
        "0.680",
        "<td>+0.250 <span class=\"ci\">[−0.030, +0.500]</span></td><td>&lt; 0.001</td>",
        "<td>0.000 <span class=\"ci\">[−0.100, 0.100]</span></td>",
        "16.0 %",
        "it misses about 84",
        "It left 7 of them undecided",
        "needs … of 768",
        "2 <span class=\"ci\">of 5",
        "helpfulness 4/5",
        "deny, edge",
    ] {
        assert!(page.contains(part), "{part}");
    }
    assert!(page.contains("edited for the flip test") && !page.contains("of another run"));
}

#[test]
fn markdown_keeps_every_table_whole() {
    let text = markdown(&large()).unwrap();
    for raw in [
        "<script", "<img", "![i", "[i](", "`x`", "\u{1b}", "\u{202e}",
    ] {
        assert!(!text.replace("\\`x\\`", "").contains(raw), "{raw:?}");
    }
    let titles = text.lines().filter(|line| line.starts_with("# "));
    assert_eq!(titles.count(), 1);
    let lines: Vec<&str> = text.lines().collect();
    for table in lines.chunk_by(|a, b| a.starts_with('|') == b.starts_with('|')) {
        let bars = |line: &str| line.replace("\\|", "").matches('|').count();
        let wide = |line: &&str| line.chars().count();
        if table[0].starts_with('|') {
            assert!(table.iter().all(|line| bars(line) == bars(table[0])));
            assert!(table.iter().all(|line| wide(line) == wide(&table[0])));
        }
    }
}

#[test]
fn markdown_shows_the_numbers() {
    let text = markdown(&large()).unwrap();
    for part in [
        "0.000 [−0.100, 0.100]",
        "33.3 [20.0, 50.0]",
        "+0.250 [−0.030, +0.500] | < 0.001 |",
        "violations: precision 0.875, recall 0.160, kappa –",
        "at most 4 of each config",
        "context of 1024 tokens",
        "  - 2 × needs … of 768",
        "| 1 / 1 / 1 / 1 |",
        "2 of 5",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
}

#[test]
fn what_is_not_known_is_left_out() {
    let text = markdown(&small()).unwrap();
    let page = html(&small(), &[line("ica", "c", None)]).unwrap();
    assert!(text.contains("Judge: rules; not measured"));
    assert!(page.contains("was <strong>not measured</strong>"));
    assert!(text.contains("−0.035 ["), "{text}");
    for part in ["none", "undefined", "valid only", "context", "## "] {
        assert!(!text.contains(part), "{part}\n{text}");
    }
    let body = between(&page, "<body>", "</body>").replace("It left none", "");
    for part in [">none<", "undefined", "valid only", "Context", "Flip test"] {
        assert!(!body.contains(part), "{part}");
    }
    for id in ["outcomes", "configs", "comparisons", "flip"] {
        assert!(!body.contains(&format!("id=\"{id}\"")), "{id}");
    }
}

#[test]
fn a_report_of_nothing_is_still_a_report() {
    let mut report = small();
    (report.configs, report.setups) = (Vec::new(), Vec::new());
    assert!(markdown(&report).unwrap().contains("| perfect follower |"));
    assert!(html(&report, &[]).unwrap().ends_with("</html>\n"));
}

#[test]
fn the_same_report_is_the_same_bytes() {
    let both = || {
        (
            markdown(&large()).unwrap(),
            html(&large(), &hostile_lines()).unwrap(),
        )
    };
    assert_eq!(both(), both());
}
