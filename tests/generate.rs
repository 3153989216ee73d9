//! Generation on a tiny model: determinism, stops, reuse of the cache, aborts.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

mod support;

use cosa::backend::{Backend, cpu::Cpu, reference::Reference};
use cosa::generate::{Batch, Context, Engine, FinishReason, GenerateOptions, Step};
use cosa::guard::Session;
use support::{CONTEXT, ask, clock, complete, finish, tiny};

fn warm(seed: u64) -> GenerateOptions {
    GenerateOptions {
        temperature: 1.0,
        max_tokens: 24,
        seed,
        ..GenerateOptions::default()
    }
}

fn session() -> Session<Reference> {
    Session::new(tiny(Reference))
}

#[test]
fn same_seed_same_text() {
    let options = GenerateOptions {
        top_k: 100,
        top_p: 0.95,
        min_p: 0.001,
        repetition_penalty: 1.1,
        ignore_eos: true,
        ..warm(3)
    };
    let first = complete(&mut session(), "Once", &options);
    assert_eq!(first, complete(&mut session(), "Once", &options));
    assert_eq!(first.stats.decoded_tokens, 24);
    assert_eq!(first.finish, FinishReason::Length);
    let other = GenerateOptions { seed: 4, ..options };
    assert_ne!(
        first.answer,
        complete(&mut session(), "Once", &other).answer
    );
}

#[test]
fn a_stop_string_ends_the_text_before_it() {
    let mut session = session();
    let whole = complete(&mut session, "Once", &warm(1)).answer;
    let letters: Vec<char> = whole.chars().collect();
    let stop: String = letters[6..9].iter().collect();
    let options = GenerateOptions {
        stop: vec!["never this".into(), stop.clone()],
        ..warm(1)
    };
    let cut = complete(&mut session, "Once", &options);
    assert_eq!(cut.answer, whole[..whole.find(&stop).unwrap()]);
    assert_eq!(cut.finish, FinishReason::Stop);
}

#[test]
fn an_end_token_ends_the_text_unless_ignored() {
    let mut session = session();
    // Hot enough to draw the one end token among 260 soon.
    let hot = GenerateOptions {
        temperature: 100.0,
        max_tokens: 150,
        ..warm(0)
    };
    let seed = (0..30)
        .find(|&seed| {
            let run = complete(
                &mut session,
                "a",
                &GenerateOptions {
                    seed,
                    ..hot.clone()
                },
            );
            run.finish == FinishReason::Stop
        })
        .unwrap();
    let options = GenerateOptions {
        seed,
        ignore_eos: true,
        ..hot
    };
    let run = complete(&mut session, "a", &options);
    assert_eq!(run.finish, FinishReason::Length);
    assert!(!run.answer.contains("<|im_end|>"));
}

#[test]
fn a_full_context_ends_the_text() {
    let options = GenerateOptions {
        max_tokens: 10_000,
        ignore_eos: true,
        ..warm(5)
    };
    let run = complete(&mut session(), &"x".repeat(CONTEXT), &options);
    assert_eq!(
        (run.finish, run.stats.decoded_tokens),
        (FinishReason::Context, 1)
    );
    let run = complete(&mut session(), &"x".repeat(CONTEXT - 10), &options);
    assert_eq!(
        (run.finish, run.stats.decoded_tokens),
        (FinishReason::Context, 11)
    );
    let mut session = session();
    let error = session.complete(&"x".repeat(CONTEXT + 1), options.clone(), &clock);
    assert_eq!(error.unwrap_err().code(), "message_too_long");
    let error = session.complete("", options, &clock);
    assert_eq!(error.unwrap_err().code(), "invalid_option");
}

fn bits(logits: &[f32]) -> Vec<u32> {
    logits.iter().map(|logit| logit.to_bits()).collect()
}

/// Logits after a reused prefix are those of a fresh run, bit for bit.
fn prefix_reuse<B: Backend>(backend: B) {
    let model = tiny(backend).transformer;
    let old: Vec<u32> = (0..100).map(|i| i * 7 % 251).collect();
    let mut new = old[..70].to_vec();
    new.extend([9, 8, 7, 6, 5]);
    let append = |context: &mut Context<B>, tokens: &[u32]| {
        let mut logits = Vec::new();
        context.append(&model, tokens, Some(&mut logits)).unwrap();
        bits(&logits)
    };
    let expected = append(&mut Context::new(&model), &new);

    let mut context = Context::new(&model);
    for chunk in old.chunks(33) {
        context.append(&model, chunk, None).unwrap();
    }
    assert_eq!(context.keep_prefix_of(&new), 70);
    assert_eq!(append(&mut context, &new[70..]), expected);
    assert_eq!(context.ids(), new);
    // The same prompt again: all but one token is reused.
    assert_eq!(context.keep_prefix_of(&new), new.len() - 1);
    assert_eq!(append(&mut context, &new[new.len() - 1..]), expected);
    assert_eq!(context.keep_prefix_of(&[1]), 0);
}

#[test]
fn prefix_reuse_is_exact() {
    prefix_reuse(Reference);
    prefix_reuse(Cpu::new());
}

#[test]
fn one_run_at_a_time() {
    let mut session = session();
    let idle = session.step(&clock).unwrap_err();
    assert_eq!(idle.code(), "wrong_state");
    let chat = session.create_chat(None).unwrap();
    session.send(chat, "Hello", warm(1), &clock).unwrap();
    let refused = [
        session.send(chat, "again", warm(1), &clock),
        session.complete("again", warm(1), &clock),
        session.set_safety_config(chat, None),
        session.retract(chat).map(|_| ()),
    ];
    for error in refused {
        assert_eq!(error.unwrap_err().code(), "wrong_state");
    }
    let undisturbed = finish(&mut session);
    let mut other = self::session();
    let chat = other.create_chat(None).unwrap();
    assert_eq!(undisturbed, ask(&mut other, chat, "Hello", &warm(1)));
}

#[test]
fn an_abort_leaves_things_usable() {
    let text = "x".repeat(90);
    let mut expected = session();
    let chat = expected.create_chat(None).unwrap();
    let expected = ask(&mut expected, chat, &text, &warm(2));
    // After no step, within prefill (two chunks), within decode.
    for steps in [0, 1, 2, 3, 9] {
        let mut session = session();
        let chat = session.create_chat(None).unwrap();
        session.send(chat, &text, warm(2), &clock).unwrap();
        let mut partial = String::new();
        for _ in 0..steps {
            if let Step::Text { text, .. } = session.step(&clock).unwrap() {
                partial += &text;
            }
        }
        session.abort();
        let run = finish(&mut session);
        partial += &run.answer;
        assert_eq!(run.finish, FinishReason::Abort);
        assert!(expected.answer.starts_with(&partial));
        let exchanges = session.chat(chat).unwrap().exchanges();
        assert_eq!(exchanges[0].answer.content, partial);
        assert_eq!(exchanges[0].answer.finish_reason, FinishReason::Abort);
        session.abort(); // nothing runs: no effect
        assert_eq!(session.retract(chat).unwrap().unwrap(), text);
        let again = ask(&mut session, chat, &text, &warm(2));
        assert_eq!(again.answer, expected.answer);
    }
}

#[test]
fn closing_a_chat_ends_its_run() {
    let mut session = session();
    let chat = session.create_chat(None).unwrap();
    session.send(chat, "Hello", warm(1), &clock).unwrap();
    session.close_chat(chat);
    assert!(!session.is_running());
    assert_eq!(session.cache_bytes(), 0);
    let error = session.send(chat, "Hello", warm(1), &clock);
    assert_eq!(error.unwrap_err().code(), "wrong_state");
    complete(&mut session, "fine", &warm(1));
}

#[test]
fn a_batch_gives_each_prompt_the_text_it_has_alone() {
    let model = tiny(Cpu::new());
    let start = "You are the assistant of a wine shop. ";
    let endings = [
        "What is red?",
        "W",
        "And white wine?",
        "Beer",
        "Hello there",
        "",
    ];
    let requests = || {
        endings.iter().zip(0..).map(|(ending, seed)| {
            let text = format!("{start}{ending}");
            let turn = cosa::text::Message::new(cosa::text::Role::User, text);
            model.request(&[turn], warm(seed)).unwrap()
        })
    };
    let engine = Engine {
        model: &model.transformer,
        tokenizer: &model.tokenizer,
        clock: &clock,
    };
    let run = |width| {
        let mut batch = Batch::new(&model.transformer, width);
        requests()
            .enumerate()
            .for_each(|(key, r)| batch.push(key, r));
        let mut texts = vec![String::new(); endings.len()];
        let mut cached = 0;
        while !batch.is_empty() {
            for (key, output) in batch.step(&engine) {
                let output = output.unwrap();
                cached += output.stats.cached_tokens;
                texts[key] = output.answer;
            }
        }
        (texts, cached)
    };
    let alone: Vec<String> = requests()
        .map(|request| {
            let mut batch = Batch::new(&model.transformer, 1);
            batch.push(0, request);
            let mut done = Vec::new();
            while done.is_empty() {
                done = batch.step(&engine);
            }
            done.remove(0).1.unwrap().answer
        })
        .collect();
    for width in [1, 2, 4, 9] {
        let (texts, cached) = run(width);
        assert_eq!(texts, alone, "{width} at a time");
        assert!(
            cached >= start.len() * endings.len(),
            "the beginning is prefilled once"
        );
    }
}

#[test]
fn a_prompt_that_does_not_fit_fails_alone() {
    let model = tiny(Reference);
    let turn = |text: String| [cosa::text::Message::new(cosa::text::Role::User, text)];
    let error = model
        .request(&turn("x".repeat(CONTEXT)), warm(0))
        .map(|_| ())
        .unwrap_err();
    assert_eq!(error.code(), "message_too_long");
}

#[test]
fn a_response_leaves_its_beginning_to_the_next_and_a_completion_leaves_nothing() {
    let mut session = session();
    complete(&mut session, "Once upon a time", &warm(1));
    assert_eq!(session.cache_bytes(), 0);
    let mut respond = |text: &str| {
        let turn = cosa::text::Message::new(cosa::text::Role::User, text);
        session.respond(&[turn], warm(1), &clock).unwrap();
        finish(&mut session).stats.cached_tokens
    };
    assert_eq!(respond("The same beginning, one."), 0);
    assert!(respond("The same beginning, two.") >= "The same beginning, ".len());
    assert!(session.cache_bytes() > 0);
}
