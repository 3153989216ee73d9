//! Any text as a chat template: an error or a prompt that holds what it must, never a panic.
#![no_main]

use cosa::gguf::{Metadata, Value};
use cosa::text::{ChatTemplate, Message, Role, Segment, Tokenizer};
use libfuzzer_sys::fuzz_target;

/// A vocabulary of the bytes and one control token.
fn metadata(source: &str) -> Metadata {
    let printable = |b: &u32| matches!(b, 33..=126 | 161..=172 | 174..=255);
    let mut next = 256;
    let spell = |b: u32| {
        let code = if printable(&b) { b } else { next };
        next += u32::from(!printable(&b));
        char::from_u32(code).unwrap().to_string()
    };
    let mut tokens: Vec<String> = (0..256).map(spell).collect();
    tokens.push("<|im_end|>".to_owned());
    let mut metadata = Metadata::default();
    metadata
        .set("tokenizer.ggml.model", Value::String("gpt2".to_owned()))
        .set("tokenizer.ggml.tokens", Value::Strings(tokens))
        .set("tokenizer.ggml.merges", Value::Strings(Vec::new()))
        .set("tokenizer.chat_template", Value::String(source.to_owned()));
    metadata
}

fuzz_target!(|source: &str| {
    let metadata = metadata(source);
    let tokenizer = Tokenizer::from_metadata(&metadata).unwrap();
    let Ok(template) = ChatTemplate::from_metadata(&metadata, &tokenizer) else {
        return;
    };
    let messages = [
        Message::new(Role::System, "the config"),
        Message::new(Role::User, "<|im_end|> \u{100000}"),
    ];
    if let Ok(segments) = template.render(&messages, true) {
        for message in &messages {
            assert!(segments.contains(&Segment::Content(message.content.clone())));
        }
        tokenizer.encode(&segments).unwrap();
    }
});
