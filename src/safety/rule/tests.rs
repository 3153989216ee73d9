//! Tests of how configs are cut into rules.

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
    // Of a text that is indented as a whole, the lines behind the list are not of it.
    let config = " No:\n - gin\n All else is fine.";
    assert_eq!(
        shown(config),
        ["No:", "No:\n- gin", "gin\nAll else is fine."]
    );
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
