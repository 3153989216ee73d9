//! The tokenizers: conformance vectors, what content can never become, and vocabularies that lie.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

mod vocabularies;

use std::time::{Duration, Instant};

use cosa::gguf::{Metadata, Value};
use cosa::text::{Segment, StreamDecoder, Tokenizer};
use proptest::prelude::*;

fn template(text: &str) -> Segment {
    Segment::Template(text.to_owned())
}

fn content(text: &str) -> Segment {
    Segment::Content(text.to_owned())
}

fn build(metadata: &Metadata) -> Tokenizer {
    Tokenizer::from_metadata(metadata).unwrap()
}

fn conforms(name: &str, metadata: Option<Metadata>) {
    let (Some(metadata), Some(vectors)) = (metadata, vocabularies::vectors(name)) else {
        return;
    };
    let tokenizer = build(&metadata);
    for (text, expected) in vectors {
        let ids = tokenizer.encode_text(&text).unwrap();
        assert_eq!(ids, expected, "{name}: {text:?}");
        let as_template = tokenizer.encode(&[template(&text)]).unwrap();
        let bos = usize::from(tokenizer.add_bos());
        assert_eq!(as_template[bos..], expected, "{name}: {text:?} as template");
        let mut decoder = StreamDecoder::new();
        let mut back: String = ids.iter().map(|id| decoder.push(&tokenizer, *id)).collect();
        back += &decoder.finish();
        let back = back
            .strip_prefix(' ')
            .filter(|_| tokenizer.add_bos() && name != "llama-bpe");
        assert_eq!(back.unwrap_or(&text), text, "{name}: back to text");
    }
}

#[test]
fn llama_spm_conforms() {
    conforms(
        "llama-spm",
        vocabularies::gguf("vocab/ggml-vocab-llama-spm.gguf"),
    );
}

#[test]
fn phi_3_conforms() {
    conforms("phi-3", vocabularies::gguf("vocab/ggml-vocab-phi-3.gguf"));
}

#[test]
fn gpt_2_conforms() {
    conforms("gpt-2", vocabularies::gguf("vocab/ggml-vocab-gpt-2.gguf"));
}

#[test]
fn llama_bpe_conforms() {
    conforms("llama-bpe", vocabularies::llama3());
}

#[test]
fn qwen2_conforms() {
    conforms("qwen2", vocabularies::qwen("qwen2"));
}

#[test]
fn deepseek_r1_qwen_conforms() {
    conforms("deepseek-r1-qwen", vocabularies::qwen("deepseek-r1-qwen"));
}

#[test]
fn stories_prompt_has_its_golden_ids() {
    let Some(metadata) = vocabularies::gguf("stories260K.gguf") else {
        return;
    };
    let ids = build(&metadata).encode(&[content("Once upon a time")]);
    assert_eq!(ids.unwrap(), [1, 403, 407, 261, 378]);
}

#[test]
fn byte_level_merges_across_the_border_of_template_and_content() {
    let tokenizer = build(&vocabularies::tiny_byte_level(&["<|a|>"]));
    let whole = tokenizer.encode_text("xhello").unwrap();
    let parts = [template("xh"), content("el"), template("lo")];
    assert_eq!(tokenizer.encode(&parts).unwrap(), whole);
    assert!(whole.contains(&258), "hell is one token: {whole:?}");
}

#[test]
fn no_control_token_forms_across_the_border() {
    let tokenizer = build(&vocabularies::tiny_byte_level(&["<|a|>"]));
    assert_eq!(tokenizer.encode(&[template("<|a|>")]).unwrap(), [260]);
    for parts in [
        vec![content("<|a|>")],
        vec![template("<|"), content("a|>")],
        vec![content("<|a"), template("|>")],
        vec![template("<|a"), content(""), template("|>")],
    ] {
        let ids = tokenizer.encode(&parts).unwrap();
        assert_eq!(ids, tokenizer.encode_text("<|a|>").unwrap());
        assert!(!ids.contains(&260));
    }
}

#[test]
fn a_control_token_listed_as_ordinary_is_still_one() {
    let mut metadata = vocabularies::tiny_byte_level(&["<|im_end|>", "<end_of_turn>"]);
    metadata.set("tokenizer.ggml.token_type", Value::Ints(vec![1; 262]));
    let tokenizer = build(&metadata);
    assert_eq!(tokenizer.stop_tokens(), [260, 261]);
    assert!(tokenizer.is_control(260) && tokenizer.is_control(261));
}

#[test]
fn what_no_token_covers_never_comes_out_as_a_control_token() {
    let mut metadata = vocabularies::tiny_byte_level(&["<|a|>"]);
    let mut all = tokens(&metadata);
    all[65] = "nothing".into();
    metadata.set("tokenizer.ggml.tokens", Value::Strings(all));
    metadata.set("tokenizer.ggml.unknown_token_id", Value::Uint(260));
    let tokenizer = build(&metadata);
    let without = tokenizer.encode(&[content("xx")]).unwrap();
    assert_eq!(tokenizer.encode(&[content("xAx")]).unwrap(), without);
    metadata.set("tokenizer.ggml.unknown_token_id", Value::Uint(65));
    let ids = build(&metadata).encode(&[content("xAx")]).unwrap();
    assert_eq!((ids.len(), ids[1]), (3, 65));
}

#[test]
fn user_defined_tokens_show_their_text_but_only_templates_make_them() {
    let mut metadata = vocabularies::tiny_byte_level(&["<think>", "\n\n"]);
    let mut types = vec![1; 260];
    types.extend([4, 4]);
    metadata.set("tokenizer.ggml.token_type", Value::Ints(types));
    let tokenizer = build(&metadata);
    assert_eq!(tokenizer.token_bytes(260), b"<think>");
    assert_eq!(tokenizer.encode(&[template("<think>")]).unwrap(), [260]);
    assert_eq!(tokenizer.encode_text("<think>").unwrap().len(), 7);
    assert_eq!(tokenizer.encode_text("\n\n").unwrap(), [261]);
    assert!(!tokenizer.is_control(261));
}

#[test]
fn sentencepiece_prefixes_text_at_the_start_and_after_control_tokens() {
    let mut metadata = vocabularies::tiny_spm(&["<|a|>"]);
    let tokenizer = build(&metadata);
    let hello = tokenizer.encode_text("hello").unwrap();
    assert_eq!(hello, [268]);
    let parts = [
        template("<s>hel"),
        content("lo"),
        template("<|a|>"),
        content("hello"),
    ];
    assert_eq!(tokenizer.encode(&parts).unwrap(), [1, 268, 270, 268]);
    metadata.set("tokenizer.ggml.add_space_prefix", Value::Bool(false));
    let bare = build(&metadata);
    assert_eq!(bare.encode_text("hello").unwrap(), [260, 265, 266]);
}

#[test]
fn sentencepiece_falls_back_to_bytes() {
    let tokenizer = build(&vocabularies::tiny_spm(&[]));
    let ids = tokenizer.encode_text("🦙<0x0A></s>").unwrap();
    let byte = |b: u8| 3 + u32::from(b);
    assert_eq!(
        ids[..5],
        [259, byte(0xF0), byte(0x9F), byte(0xA6), byte(0x99)]
    );
    assert!(!ids.contains(&byte(b'\n')) && !ids.contains(&2));
    let text: Vec<u8> = ids
        .iter()
        .flat_map(|id| tokenizer.token_bytes(*id).to_vec())
        .collect();
    assert_eq!(text, " 🦙<0x0A></s>".as_bytes());
}

#[test]
fn bos_comes_once() {
    let tokenizer = build(&vocabularies::tiny_spm(&[]));
    assert!(tokenizer.add_bos());
    assert_eq!(tokenizer.encode(&[]).unwrap(), [1]);
    assert_eq!(tokenizer.encode(&[template("<s>hello")]).unwrap(), [1, 268]);
    assert_eq!(tokenizer.encode(&[template("hello")]).unwrap(), [1, 268]);
    assert!(!tokenizer.encode(&[content("<s>hello")]).unwrap()[1..].contains(&1));
    let mut metadata = vocabularies::tiny_byte_level(&["<|a|>"]);
    assert!(!build(&metadata).add_bos());
    metadata.set("tokenizer.ggml.add_bos_token", Value::Bool(true));
    assert!(!build(&metadata).add_bos(), "there is no BOS to add");
    metadata.set("tokenizer.ggml.bos_token_id", Value::Uint(260));
    assert_eq!(build(&metadata).encode(&[]).unwrap(), [260]);
}

#[test]
fn tokens_show_their_bytes() {
    let tokenizer = build(&vocabularies::tiny_byte_level(&["<|a|>"]));
    let bytes: Vec<u8> = (0..=255).collect();
    let shown: Vec<u8> = (0..256)
        .flat_map(|id| tokenizer.token_bytes(id).to_vec())
        .collect();
    assert_eq!(shown, bytes);
    assert_eq!(tokenizer.token_bytes(259), b"  ");
    assert_eq!(tokenizer.token_bytes(260), b"");
    assert_eq!(tokenizer.token_bytes(u32::MAX), b"");
    assert_eq!(
        (tokenizer.len(), tokenizer.token_text(260)),
        (261, Some("<|a|>"))
    );
}

#[test]
fn long_text_takes_no_more_than_seconds() {
    let words = "The quick brown fox, 12345 times. ".repeat(30_000);
    let texts = [
        words,
        "hello".repeat(200_000),
        " ".repeat(1_000_000),
        "\n \t".repeat(333_333),
        "!?".repeat(500_000),
        "🦙é".repeat(160_000),
        "<|im_end|>".repeat(100_000),
    ];
    let vocabularies = [
        Some(vocabularies::tiny_spm(&["<|im_end|>"])),
        Some(vocabularies::tiny_byte_level(&["<|im_end|>"])),
        vocabularies::gguf("vocab/ggml-vocab-llama-spm.gguf"),
        vocabularies::llama3(),
    ];
    for metadata in vocabularies.into_iter().flatten() {
        let tokenizer = build(&metadata);
        for text in &texts {
            let start = Instant::now();
            let ids = tokenizer.encode(&[template("x"), content(text)]).unwrap();
            assert_eq!(
                vocabularies::controls(&tokenizer, &ids[1..]),
                Vec::<u32>::new()
            );
            let (took, beginning) = (start.elapsed(), text.chars().take(8).collect::<String>());
            println!("{beginning:?}: {} tokens in {took:?}", ids.len());
            assert!(
                took < Duration::from_secs(20),
                "{beginning:?} took {took:?}"
            );
        }
    }
    let tokenizer = build(&vocabularies::tiny_spm(&[]));
    assert!(tokenizer.encode_text(&"x".repeat(9 << 20)).is_err());
}

type Lie = fn(&mut Metadata);

fn refuses(mut metadata: Metadata, lies: &[(&str, Lie)]) {
    build(&metadata);
    let honest = metadata.clone();
    for (what, lie) in lies {
        metadata.clone_from(&honest);
        lie(&mut metadata);
        let error = Tokenizer::from_metadata(&metadata)
            .expect_err(what)
            .to_string();
        println!("{what}: {error}");
    }
}

fn tokens(metadata: &Metadata) -> Vec<String> {
    metadata
        .opt_strings("tokenizer.ggml.tokens")
        .unwrap()
        .unwrap()
        .to_vec()
}

#[test]
fn byte_level_vocabularies_that_lie_are_refused() {
    refuses(
        vocabularies::tiny_byte_level(&["<|a|>"]),
        &[
            ("unknown model", |m| {
                m.set("tokenizer.ggml.model", Value::String("rwkv".into()));
            }),
            ("unknown pre", |m| {
                m.set("tokenizer.ggml.pre", Value::String("rwkv".into()));
            }),
            ("no model", |m| drop(m.0.remove("tokenizer.ggml.model"))),
            ("no tokens", |m| drop(m.0.remove("tokenizer.ggml.tokens"))),
            ("no merges", |m| drop(m.0.remove("tokenizer.ggml.merges"))),
            ("empty tokens", |m| {
                m.set("tokenizer.ggml.tokens", Value::Strings(vec![]));
                m.set("tokenizer.ggml.token_type", Value::Ints(vec![]));
            }),
            ("wrong tokens", |m| {
                m.set("tokenizer.ggml.tokens", Value::Ints(vec![1]));
            }),
            ("double token", |m| {
                let mut all = tokens(m);
                all[7] = all[8].clone();
                m.set("tokenizer.ggml.tokens", Value::Strings(all));
            }),
            ("missing byte", |m| {
                let mut all = tokens(m);
                all[65] = "nothing".into();
                m.set("tokenizer.ggml.tokens", Value::Strings(all));
            }),
            ("few types", |m| {
                m.set("tokenizer.ggml.token_type", Value::Ints(vec![1]));
            }),
            ("odd type", |m| {
                m.set("tokenizer.ggml.token_type", Value::Ints(vec![-1; 261]));
            }),
            ("bos out of range", |m| {
                m.set("tokenizer.ggml.bos_token_id", Value::Uint(261));
            }),
            ("eot out of range", |m| {
                m.set("tokenizer.ggml.eot_token_id", Value::Uint(1 << 40));
            }),
            ("no pair", |m| {
                m.set("tokenizer.ggml.merges", Value::Strings(vec!["he".into()]));
            }),
            ("empty merge", |m| {
                m.set("tokenizer.ggml.merges", Value::Strings(vec![String::new()]));
            }),
            ("merge of unknown", |m| {
                m.set(
                    "tokenizer.ggml.merges",
                    Value::Strings(vec!["he llo".into()]),
                );
            }),
            ("merge into unknown", |m| {
                m.set("tokenizer.ggml.merges", Value::Strings(vec!["x y".into()]));
            }),
        ],
    );
}

#[test]
fn sentencepiece_vocabularies_that_lie_are_refused() {
    refuses(
        vocabularies::tiny_spm(&[]),
        &[
            ("no scores", |m| drop(m.0.remove("tokenizer.ggml.scores"))),
            ("few scores", |m| {
                m.set("tokenizer.ggml.scores", Value::Floats(vec![0.0]));
            }),
            ("NaN score", |m| {
                m.set("tokenizer.ggml.scores", Value::Floats(vec![f32::NAN; 270]));
            }),
            ("odd byte token", |m| {
                let mut all = tokens(m);
                all[70] = "<0xXY>".into();
                m.set("tokenizer.ggml.tokens", Value::Strings(all));
            }),
        ],
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn content_is_never_a_control_token(
        texts in prop::collection::vec("(<\\|a\\|>|</s>|<s>|<0x0A>|hel|lo| |▁|.){0,12}", 1..5),
        spm: bool,
    ) {
        let controls = ["<|a|>", "<think>"];
        let tokenizer = build(&if spm { vocabularies::tiny_spm(&controls) } else { vocabularies::tiny_byte_level(&controls) });
        let segments: Vec<_> = texts.iter().map(|text| content(text)).collect();
        let ids = tokenizer.encode(&segments).unwrap();
        let ids = &ids[usize::from(tokenizer.add_bos())..];
        prop_assert_eq!(vocabularies::controls(&tokenizer, ids), Vec::<u32>::new());
        let bytes: Vec<u8> = ids.iter().flat_map(|id| tokenizer.token_bytes(*id).to_vec()).collect();
        let text = texts.concat();
        let spelled = if spm && !text.is_empty() { format!(" {}", text.replace('▁', " ")) } else { text };
        prop_assert_eq!(String::from_utf8(bytes).unwrap(), spelled);
    }
}
