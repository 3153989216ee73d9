//! Tests of how configs are cut into rules.

use super::shown::LONG;
use super::*;

fn texts(config: &str) -> Vec<String> {
    Rule::split(config).into_iter().map(|r| r.text).collect()
}

fn shown(config: &str) -> Vec<String> {
    Rule::shown(config).collect()
}

#[test]
fn sentences_and_list_items_become_rules() {
    assert_eq!(
        texts("Wine is fine. Beer is not!\n\n- Ask first;  then tell 3.5 units.\n*  \n"),
        [
            "Wine is fine.",
            "Beer is not!",
            "Ask first;",
            "then tell 3.5 units."
        ]
    );
    assert_eq!(Rule::split("ab. c")[1].id, "r2");
    assert_eq!(texts("a.\r\nb"), ["a.", "b"]);
    assert_eq!(texts("Wine? No. Beer?"), ["Wine? No.", "Beer?"]);
    assert_eq!(texts(" . \n"), Vec::<String>::new());
}

#[test]
fn each_rule_is_shown_with_the_line_that_it_may_need() {
    let config = "Be kind. Wine is fine; but no beer.\n\nNot allowed:\n1. gin\n- rum. Never!\n* tea\nThe rest is.";
    assert_eq!(
        shown(config),
        [
            "Be kind.",
            "Be kind.\nWine is fine;",
            "Wine is fine;\nbut no beer.",
            "but no beer.\nNot allowed:",
            "Not allowed:\n- gin",
            "Not allowed:\n- rum.",
            "Not allowed:\n- rum. Never!",
            "Not allowed:\n- tea",
            "tea\nThe rest is."
        ]
    );
    assert_eq!(shown("- gin"), ["- gin"]);
    assert_eq!(shown("No: wine; gin; tea.")[2], "No: wine; gin;\ntea.");
    assert!(shown(" . \n").is_empty());
}

#[test]
fn rules_are_shown_as_they_are_typed_on_a_keyboard() {
    for (config, typed) in [
        (
            "Don\u{2019}t say \u{201c}gin\u{201d}\u{a0}\u{2013} ever\u{2026}",
            "Don't say \"gin\" - ever...",
        ),
        ("Politics\u{2014}never.", "Politics - never."),
        ("No  gin\u{200b}\u{2009}here.", "No gin here."),
        ("NO ALCOHOL, PLEASE.", "No alcohol, please."),
        ("\u{201c}NIE \u{c4}RGER.\u{201d}", "\"Nie \u{e4}rger.\""),
        ("BBC, NO.", "Bbc, no."),
        ("BBC.", "BBC."),
        ("Do NOT talk.", "Do NOT talk."),
    ] {
        assert_eq!(shown(config), [typed]);
    }
    assert_eq!(
        shown("NOT ALLOWED:\n- RELIGION\n- wine")[1..],
        ["Not allowed:\n- Religion", "Not allowed:\n- wine"]
    );
}

#[test]
fn a_sentence_stands_alone_but_behind_a_colon() {
    for (shown, alone) in [
        ("Wine? No.", "Wine? No."),
        ("Tea is fine.\nWine is not.", "Wine is not."),
        ("Wine was fine;\nthat ends today.", "that ends today."),
        ("Not here:\nwine.", "Not here:\nwine."),
        ("Not here:\n- wine", "Not here:\n- wine"),
    ] {
        assert_eq!(Rule::alone(shown), alone);
    }
}

#[test]
fn lists_have_many_marks_and_headings() {
    let config =
        "Yes:\n- tea\n**No:**\n1) gin\r\n(b) rum\n\u{2013} ale\n2. Perhaps:\n\t+ mead\n*all* else";
    assert_eq!(
        shown(config),
        [
            "Yes:",
            "Yes:\n- tea",
            "tea\nNo:",
            "No:\n- gin",
            "No:\n- rum",
            "No:\n- ale",
            "No:\n- Perhaps:",
            "Perhaps:\n- mead",
            "mead\nall* else"
        ]
    );
}

#[test]
fn a_word_is_no_mark_and_a_picture_is_a_rule() {
    assert_eq!(
        shown("(ok) wine\n(no) gin"),
        ["(ok) wine", "(ok) wine\n(no) gin"]
    );
    assert_eq!(
        shown("No:\n- \u{1f377}\n(iv) gin\n- 7"),
        ["No:", "No:\n- \u{1f377}", "No:\n- gin"]
    );
}

#[test]
fn what_belongs_together_has_an_end() {
    for config in [
        "a; ".repeat(20_000),
        "- ".to_owned() + &"a. ".repeat(20_000),
    ] {
        let shown = shown(&config);
        assert!(shown.len() == 20_000 && shown.iter().all(|rule| rule.len() < LONG + 10));
    }
}

#[test]
fn a_list_item_goes_on_in_lines_that_are_indented_further() {
    let config = "No:\n- wine, also in\n  sauces.\n  None!\n- gin\n";
    let (wrapped, whole) = ("No:\n- wine, also in", "No:\n- wine, also in sauces.");
    let all = [
        "No:",
        wrapped,
        whole,
        &format!("{whole} None!"),
        "No:\n- gin",
    ];
    assert_eq!(shown(config), all);
}

#[test]
fn a_text_that_is_indented_as_a_whole_is_as_one_that_is_not() {
    for config in [
        "\n    No:\n    - gin\n    All else is fine.\n    ",
        "1. No:\n   - gin\n2. Yes:\n   - tea\n3. All else is fine.",
        "- gin is out.\nAll else is fine.\nBe kind.",
    ] {
        let indented = config.replace('\n', "\n      ");
        assert_eq!(shown(indented.trim()), shown(config), "{config}");
    }
    let all = ["gin is out.", "gin is out.\nAll else is fine."];
    assert_eq!(shown("- gin is out.\n   All else is fine.")[1], all[1]);
}

#[test]
fn lists_stand_in_lists() {
    let config = "No:\n- wine:\n  - port\n  - cava\n- gin\nYes:\n- tea";
    assert_eq!(
        shown(config),
        [
            "No:",
            "No:\n- wine:",
            "wine:\n- port",
            "wine:\n- cava",
            "No:\n- gin",
            "gin\nYes:",
            "Yes:\n- tea"
        ]
    );
    let sections = "1. No:\n- gin\n2. Yes:\n- tea\n";
    let all = ["No:", "No:\n- gin", "gin\nYes:", "Yes:\n- tea"];
    assert_eq!(shown(sections), all);
}

#[test]
fn list_items_have_letters_dotted_numbers_and_dots_of_many_kinds() {
    for marks in [
        ["a.", "b."],
        ["A.", "B."],
        ["i.", "ii."],
        ["1.1", "1.2"],
        ["1.1.", "1.2."],
        ["\u{25cf}", "\u{25e6}"],
        ["\u{2014}", "\u{25aa}"],
        ["1.)", "2.)"],
        ["**1.**", "**2.**"],
    ] {
        let config = format!("No:\n{} gin\n{} rum", marks[0], marks[1]);
        assert_eq!(
            shown(&config),
            ["No:", "No:\n- gin", "No:\n- rum"],
            "{marks:?}"
        );
    }
    assert_eq!(
        shown("\u{2705} gin"),
        ["\u{2705} gin"],
        "no mark, but a word"
    );
}

#[test]
fn what_closes_behind_the_end_of_a_sentence_belongs_to_it() {
    for whole in [
        "Gin (sloe, etc.) is out.",
        "Say \"Not here!\" to all who ask for gin.",
    ] {
        assert_eq!(texts(whole), [whole]);
    }
    for (config, first) in [
        ("**Gin is out.** Tea is in.", "**Gin is out.**"),
        ("(Gin is out.) Tea is in.", "(Gin is out.)"),
        (
            "Say \u{201c}no gin!\u{201d} Tea is in.",
            "Say \u{201c}no gin!\u{201d}",
        ),
        ("Say 'no gin.' Tea is in.", "Say 'no gin.'"),
    ] {
        let found = texts(config);
        assert_eq!(found.len(), 2, "{config}");
        assert!(first.ends_with(&found[0]), "{found:?}");
        assert_eq!(found[1], "Tea is in.");
    }
}

#[test]
fn a_heading_may_have_the_mark_of_its_items() {
    for marks in [
        ["1.", "1.1", "1.2", "2.", "2.1"],
        ["1.", "1)", "2)", "2.", "1)"],
        ["\u{2022}"; 5],
        ["I.", "A.", "B.", "II.", "A."],
        ["A.", "a.", "b.", "B.", "a."],
        ["1."; 5],
        ["##", "-", "-", "##", "-"],
        ["## 1.", "-", "-", "## 2.", "-"],
        ["**1.", "-", "-", "**2.", "-"],
    ] {
        let [a, b, c, d, e] = marks;
        let config = format!("{a} No:\n{b} gin\n{c} rum\n{d} Yes:\n{e} tea");
        let all = shown(&config);
        let lists = [&all[1], &all[2], &all[4]];
        assert_eq!(
            lists,
            ["No:\n- gin", "No:\n- rum", "Yes:\n- tea"],
            "{marks:?}"
        );
        assert!(all[3].ends_with("\nYes:"), "{all:?}");
    }
    // Prose above is no heading of headings.
    let config = "Gin is fine.\n1. No:\n- rum\n2. Yes:\n- tea";
    assert_eq!(shown(config)[1], "Gin is fine.\nNo:");
    assert_eq!(shown(config)[3], "rum\nYes:");
}

#[test]
fn an_amount_is_no_mark() {
    let config = "Gin is out:\n0.5 percent beer is fine.\nSo is tea.";
    assert_eq!(shown(config)[1], "Gin is out:\n0.5 percent beer is fine.");
}
