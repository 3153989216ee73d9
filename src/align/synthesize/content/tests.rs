//! That the written pieces are whole.

use super::super::tests::content;

/// Whether the alternatives in it begin and end, and none stands within another.
fn closed(template: &str) -> bool {
    let (before, alternatives) = template.split_once('<').unwrap_or((template, ""));
    let closes =
        |part: &str| matches!(part.split_once('>'), Some((_, rest)) if !rest.contains(['>', '|']));
    !before.contains(['>', '|']) && (alternatives.is_empty() || alternatives.split('<').all(closes))
}

#[test]
fn every_piece_is_whole() {
    let content = content();
    let wording = &content.wording;
    for (templates, places) in [
        (&wording.naming, &["{1}"][..]),
        (&wording.openers, &["{P}"]),
        (&wording.allow, &["{T}"]),
        (&wording.deny, &["{T}"]),
        (&wording.allow_except, &["{T}", "{S}"]),
        (&wording.deny_except, &["{T}", "{S}"]),
        (&wording.only_for, &["{T}", "{S}"]),
        (&wording.likewise, &["{T}"]),
        (&wording.both, &["{T}", "{U}"]),
        (&wording.all_but, &["{T}"]),
        (&wording.nothing_but, &["{T}"]),
        (&wording.allowed_items, &["{T}", "{S}"]),
        (&wording.denied_items, &["{T}", "{S}"]),
        (&wording.other_items, &[]),
        (&wording.others_denied, &["[", "]"]),
        (&wording.others_allowed, &["[", "]"]),
        (&wording.all_denied, &["[", "]"]),
        (&wording.all_allowed, &["[", "]"]),
        (&wording.refusals, &["{name}"]),
        (&wording.joiners, &["{A}", "{b}"]),
        (&wording.frames, &["{A}"]),
        (&wording.mentions, &["{T}"]),
        (&wording.personas, &[]),
        (&wording.styles, &[]),
        (&wording.list_allow, &[]),
        (&wording.list_deny, &[]),
        (&wording.rules_heading, &[]),
        (&wording.closings, &[]),
    ] {
        for template in templates {
            let whole = places
                .iter()
                .all(|place| template.matches(place).count() == 1);
            assert!(whole && closed(template), "{template}");
        }
    }
    let scopes = content.topics.iter().flat_map(|topic| &topic.scopes);
    assert!(
        scopes
            .clone()
            .flat_map(|it| &it.phrases)
            .all(|it| closed(it))
    );
    let words = content.topics.iter().flat_map(|topic| &topic.words);
    for word in words.chain(scopes.flat_map(|scope| &scope.words)) {
        assert!(
            !word.is_empty() && !word.contains(['{', '<', ',']),
            "{word}"
        );
    }
    for topic in content.topics.iter().chain(&content.harmless) {
        let texts = topic
            .requests
            .iter()
            .flat_map(|r| r.asks.iter().chain(&r.answers));
        let questions = topic.questions.iter().flat_map(|it| &it.asks);
        for text in texts
            .chain(questions)
            .chain(&topic.names)
            .chain(&topic.plain)
        {
            let whole = !text.trim().is_empty() && !text.contains(['{', '}']);
            assert!(whole && closed(text), "{text}");
        }
    }
}
