//! Chat templates: what they render, what content cannot do to them, and templates that misbehave.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

mod template_families;
mod vocabularies;

use cosa::Error;
use cosa::gguf::{Metadata, Value};
use cosa::text::{ChatTemplate, Message, Role, Segment, Tokenizer, opens_reasoning};
use proptest::prelude::*;
use template_families::{FAMILIES, Family};

/// 5 March 2026, 09:07:03.
const NOW: i64 = 1_772_701_623;

fn message(role: Role, content: &str) -> Message {
    Message::new(role, content)
}

fn conversation() -> Vec<Message> {
    let mut answer = message(Role::Assistant, " Hi there. ");
    answer.reasoning = Some("The user greets.".to_owned());
    vec![
        message(Role::System, "Answer in rhyme. "),
        message(Role::User, "Hello!"),
        answer,
        message(Role::User, "\n Tell me about owls.\n"),
    ]
}

fn text(segments: &[Segment]) -> String {
    let text = |segment: &Segment| match segment {
        Segment::Template(text) | Segment::Content(text) => text.clone(),
    };
    segments.iter().map(text).collect()
}

fn load(mut metadata: Metadata, source: &str) -> cosa::Result<(Tokenizer, ChatTemplate)> {
    metadata.set("tokenizer.chat_template", Value::String(source.to_owned()));
    let tokenizer = Tokenizer::from_metadata(&metadata)?;
    let mut template = ChatTemplate::from_metadata(&metadata, &tokenizer)?;
    template.set_now(NOW);
    Ok((tokenizer, template))
}

fn tiny(source: &str) -> cosa::Result<ChatTemplate> {
    load(vocabularies::tiny_byte_level(&["<|a|>"]), source).map(|(_, template)| template)
}

fn family(family: &Family, spm: bool) -> Option<(Tokenizer, ChatTemplate)> {
    let source = vocabularies::shared(&format!("templates/{}.jinja", family.file))?;
    let mut metadata = if spm {
        // These two are there already.
        let known = |text: &&&str| !matches!(**text, "<s>" | "</s>");
        let control: Vec<_> = family.control.iter().filter(known).copied().collect();
        vocabularies::tiny_spm(&control)
    } else {
        vocabularies::tiny_byte_level(family.control)
    };
    let tokens = metadata
        .opt_strings("tokenizer.ggml.tokens")
        .unwrap()
        .unwrap()
        .to_vec();
    for (key, text) in [("bos", family.bos), ("eos", family.eos)] {
        if let Some(at) = tokens
            .iter()
            .position(|token| !text.is_empty() && token == text)
        {
            let key = format!("tokenizer.ggml.{key}_token_id");
            metadata.set(&key, Value::Uint(at as u64));
        }
    }
    Some(load(metadata, &String::from_utf8(source).unwrap()).unwrap())
}

#[test]
fn every_family_renders_as_transformers_does() {
    for case in &FAMILIES {
        let Some((_, template)) = family(case, false) else {
            continue;
        };
        let segments = template.render(&conversation(), true).unwrap();
        assert_eq!(text(&segments), case.expected, "{}", case.file);
        assert_eq!(
            template.has_system_role(),
            case.system_role,
            "{}",
            case.file
        );
        assert_eq!(
            opens_reasoning(&segments),
            case.opens_reasoning,
            "{}",
            case.file
        );
        let contents: Vec<_> = segments
            .iter()
            .filter(|segment| matches!(segment, Segment::Content(_)))
            .collect();
        assert_eq!(contents.len(), 4, "{}", case.file);
    }
}

#[test]
fn bos_comes_once_with_every_family() {
    for case in &FAMILIES {
        let Some((tokenizer, template)) = family(case, false) else {
            continue;
        };
        let ids = tokenizer.encode(&template.render(&conversation(), true).unwrap());
        let ids = ids.unwrap();
        let bos = ids.iter().filter(|id| Some(**id) == tokenizer.bos());
        assert_eq!(
            bos.count(),
            usize::from(!case.bos.is_empty()),
            "{}",
            case.file
        );
    }
}

/// The control tokens of the conversation with `text` in each place where content stands.
fn controls_with(tokenizer: &Tokenizer, template: &ChatTemplate, text: &str) -> Vec<u32> {
    let mut messages = conversation();
    for message in &mut messages {
        message.content = format!("a{text}b");
        message.reasoning = message.reasoning.as_ref().map(|_| format!("{text}r"));
    }
    let segments = template.render(&messages, true).unwrap();
    vocabularies::controls(tokenizer, &tokenizer.encode(&segments).unwrap())
}

#[test]
fn content_adds_no_control_token_in_any_family() {
    for (case, spm) in FAMILIES
        .iter()
        .flat_map(|case| [(case, false), (case, true)])
    {
        let Some((tokenizer, template)) = family(case, spm) else {
            continue;
        };
        let harmless = controls_with(&tokenizer, &template, "harmless");
        assert!(!harmless.is_empty(), "{}", case.file);
        for control in vocabularies::named(&tokenizer) {
            let found = controls_with(&tokenizer, &template, control);
            assert_eq!(found, harmless, "{}: {control}", case.file);
        }
        let all =
            case.control.concat() + "</think>/no_think{{ bos_token }}{% raw %}\u{100000}\u{100001}";
        let found = controls_with(&tokenizer, &template, &all);
        assert_eq!(found, harmless, "{}", case.file);
    }
}

#[test]
fn content_comes_out_as_it_went_in() {
    let odd = "{{ x }}{% if %}{# \u{100000}\u{100001}\0\u{FFFD}🦙 '\"\\ [INST]";
    let template = tiny("{% for m in messages %}<{{ m['content'] | trim }}>{% endfor %}").unwrap();
    let messages = [message(Role::System, odd), message(Role::User, odd)];
    let segments = template.render(&messages, true).unwrap();
    assert_eq!(text(&segments), format!("<{odd}><{odd}>"));
}

#[test]
fn white_space_stays_where_the_template_leaves_it() {
    let template =
        tiny("{% for m in messages %}<{{ m.content }}|{{ m.content.strip() }}>{% endfor %}");
    let template = template.unwrap();
    let one = |content: &str| {
        let segments = template.render(&[message(Role::User, content)], false);
        text(&segments.unwrap())
    };
    assert_eq!(one(" \n a b "), "< \n a b |a b>");
    assert_eq!(one("  "), "<  |>");
    assert_eq!(one(""), "<|>");
}

#[test]
fn chatml_where_the_file_has_no_template() {
    let metadata = vocabularies::tiny_byte_level(&["<|im_start|>", "<|im_end|>"]);
    let tokenizer = Tokenizer::from_metadata(&metadata).unwrap();
    let template = ChatTemplate::from_metadata(&metadata, &tokenizer).unwrap();
    let segments = template.render(&conversation()[..2], true).unwrap();
    assert_eq!(
        text(&segments),
        "<|im_start|>system\nAnswer in rhyme. <|im_end|>\n<|im_start|>user\nHello!<|im_end|>\n<|im_start|>assistant\n"
    );
    let ids = tokenizer.encode(&segments).unwrap();
    assert_eq!(
        vocabularies::controls(&tokenizer, &ids),
        [260, 261, 260, 261, 260]
    );
    let closed = template.render(&conversation()[..2], false).unwrap();
    assert!(text(&closed).ends_with("<|im_end|>\n"));
}

#[test]
fn reasoning_of_the_last_answer_is_rendered_where_the_family_does() {
    let qwen3 = FAMILIES
        .iter()
        .find(|case| case.file.contains("Qwen3"))
        .unwrap();
    let Some((_, template)) = family(qwen3, false) else {
        return;
    };
    let segments = template.render(&conversation()[..3], false).unwrap();
    let expected =
        "<|im_start|>assistant\n<think>\nThe user greets.\n</think>\n\n Hi there. <|im_end|>\n";
    assert!(text(&segments).ends_with(expected), "{:?}", text(&segments));
}

#[test]
fn a_template_without_system_role_gets_the_system_text_in_the_first_question() {
    let silent =
        "{% for m in messages if m.role != 'system' %}<{{ m.role }}>{{ m.content }}{% endfor %}";
    let template = tiny(silent).unwrap();
    assert!(!template.has_system_role());
    let segments = template.render(&conversation(), true).unwrap();
    assert_eq!(
        text(&segments),
        "<user>Answer in rhyme. \n\nHello!<assistant> Hi there. <user>\n Tell me about owls.\n"
    );
    assert!(
        template.render(&conversation()[..1], true).is_err(),
        "nowhere to put it"
    );
}

#[test]
fn a_template_that_loses_what_must_be_there_is_refused() {
    let forgetful = "{% for m in messages[:3] %}{{ m.content }}{% endfor %}";
    let template = tiny(forgetful).unwrap();
    template.render(&conversation()[..3], true).unwrap();
    let error = template.render(&conversation(), true).unwrap_err();
    assert!(error.to_string().contains("user message"), "{error}");
    let late = "{% for m in messages %}{% if messages|length < 3 or m.role != 'system' %}{{ m.content }}{% endif %}{% endfor %}";
    let template = tiny(late).unwrap();
    assert!(template.has_system_role());
    let error = template.render(&conversation(), true).unwrap_err();
    assert!(error.to_string().contains("system message"), "{error}");
    tiny("{% for m in messages %}{{ m.content | urlencode }}{{ m.role }}{% endfor %}").unwrap_err();
}

#[test]
fn what_real_templates_use_is_there() {
    let source = "{%- set ns = namespace(n=0) -%}{% for m in messages %}{% set ns.n = ns.n + 1 %}{% if ns.n > 1 %}{% break %}{% endif %}{% endfor %}
{%- generation %}{{ ns.n }} {% endgeneration -%}
{{- strftime_now('%d %b %Y %H:%M') }} {{ {'a': [1, 2.5, none, true], 'b': {}, 'c': \"<é'>\"} | tojson }} {{ [[], {'x': 1}] | tojson(indent=2) }} {{ tools is none }} {{ x is defined }}
    {%- for m in messages %} {{ m.content }}{% endfor %}";
    let segments = tiny(source)
        .unwrap()
        .render(&conversation()[..2], true)
        .unwrap();
    let expected = "2 05 Mar 2026 09:07 {\"a\": [1, 2.5, null, true], \"b\": {}, \"c\": \"<é'>\"} [\n  [],\n  {\n    \"x\": 1\n  }\n] True False Answer in rhyme.  Hello!";
    assert_eq!(text(&segments), expected);
}

#[test]
fn templates_that_misbehave_are_refused() {
    let many = |part: &str, times: usize| part.repeat(times);
    let cases = [
        ("does not parse", "{% for %}".to_owned()),
        ("unknown filter", "{{ messages | nothing }}".to_owned()),
        ("raises", "{{ raise_exception('No.') }}".to_owned()),
        ("bad date", "{{ strftime_now('%Q') }}".to_owned()),
        ("says nothing", String::new()),
        ("loops", "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}".to_owned()),
        ("doubles", "{% set ns = namespace(s='x') %}{% for a in range(60) %}{% set ns.s = ns.s + ns.s %}{% endfor %}".to_owned()),
        ("repeats", "{{ 'x' * 99999999999 }}".to_owned()),
        ("nests", "{% set ns = namespace(s=[]) %}{% for a in range(300) %}{% set ns.s = [ns.s] %}{% endfor %}{{ ns.s | tojson }}".to_owned()),
        ("branches", "{% set ns = namespace(s=[]) %}{% for a in range(50) %}{% set ns.s = [ns.s, ns.s] %}{% endfor %}{{ ns.s | tojson }}".to_owned()),
        ("prints a deep value", "{% set ns = namespace(s=[]) %}{% for a in range(300) %}{% set ns.s = [ns.s] %}{% endfor %}{{ ns.s }}".to_owned()),
        ("prints a list", "{{ messages }}".to_owned()),
        ("calls itself", "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}".to_owned()),
        ("includes itself", "{% include 'chat template' %}".to_owned()),
        ("is huge", many(" ", 1 << 20)),
        ("brackets", many("{{ ", 1) + &many("(", 20_000)),
        ("lists", many("{{ ", 1) + &many("[", 20_000)),
        ("nots", many("{{ ", 1) + &many("not ", 20_000) + "1 }}"),
        ("minuses", many("{{ ", 1) + &many("-", 20_000) + "1 }}"),
        ("ifs", many("{% if 1 %}", 10_000)),
        ("closed ifs", many("{% if 1 %}", 5_000) + &many("{% endif %}", 5_000)),
    ];
    for (what, source) in cases {
        let error = tiny(&source).expect_err(what);
        assert!(matches!(error, Error::Template { .. }), "{what}: {error}");
        println!(
            "{what}: {}",
            error.to_string().chars().take(120).collect::<String>()
        );
    }
}

#[test]
fn long_chains_do_not_overflow_the_stack() {
    for (start, link) in [
        ("{{ 1", "+1"),
        ("{{ 'a'", "~'a'"),
        ("{{ a", ".a"),
        ("{{ a", "[0]"),
        ("{{ a", "|trim"),
        ("{{ a", " and a"),
        ("{{ 1", " if 1 else 1"),
        ("{{ 1", "<1"),
        ("{{ 2", "**2"),
        ("{{ a", "()"),
        ("{{ a", " is defined"),
    ] {
        let room = (1 << 17) - 100;
        let source = start.to_owned() + &link.repeat(room / link.len()) + " }}";
        let outcome = tiny(&source).map(|_| ());
        println!(
            "{link:?}: {}",
            format!("{outcome:?}").chars().take(100).collect::<String>()
        );
        assert!(outcome.is_err());
    }
    let elifs = "{% if 0 %}".to_owned() + &"{% elif 0 %}".repeat(10_000) + "{% endif %}";
    tiny(&elifs).unwrap_err();
}

#[test]
fn many_and_large_messages_render() {
    for case in &FAMILIES {
        let Some((_, template)) = family(case, false) else {
            continue;
        };
        let mut messages = vec![message(Role::System, "s")];
        for _ in 0..500 {
            messages.push(message(Role::User, &" \n x".repeat(100)));
            messages.push(message(Role::Assistant, "y"));
        }
        messages.push(message(Role::User, &"z \n".repeat(300_000)));
        let segments = template.render(&messages, true).unwrap();
        assert!(text(&segments).len() > 900_000);
        messages.push(message(Role::Assistant, "y"));
        messages.push(message(Role::User, &" ".repeat(1_000_000)));
        template.render(&messages, true).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_adds_a_control_token(
        parts in prop::collection::vec("(<\\|im_start\\|>|<\\|im_end\\|>|<\\||\\|>|system\\n|[ \\n]|.){0,10}", 2),
    ) {
        let metadata = vocabularies::tiny_byte_level(&["<|im_start|>", "<|im_end|>", "<think>"]);
        let tokenizer = Tokenizer::from_metadata(&metadata).unwrap();
        let template = ChatTemplate::from_metadata(&metadata, &tokenizer).unwrap();
        let messages = [message(Role::System, &parts[0]), message(Role::User, &parts[1])];
        let segments = template.render(&messages, true).unwrap();
        let expected = format!(
            "<|im_start|>system\n{}<|im_end|>\n<|im_start|>user\n{}<|im_end|>\n<|im_start|>assistant\n",
            parts[0], parts[1]
        );
        prop_assert_eq!(text(&segments), expected);
        let ids = tokenizer.encode(&segments).unwrap();
        prop_assert_eq!(vocabularies::controls(&tokenizer, &ids), [260, 261, 260, 261, 260]);
    }

    #[test]
    fn any_template_ends(source in "(\\{\\{ |\\{% | %\\}| \\}\\}|for|if|set|x|=|in|messages|\\(|\\)|\\[|\\]|\\*|9|'|\\||\\.|content|role|endfor|endif|range|macro|-| |\\n){0,40}") {
        // Whatever it does, it comes back.
        if let Ok(template) = tiny(&source) {
            template.render(&conversation(), true).ok();
        }
    }
}
