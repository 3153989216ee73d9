//! The door for model files: digests, order of calls, frames.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

mod support;

use cosa::backend::reference::Reference;
use cosa::gguf::Value;
use cosa::guard::{ChatLoadOptions, ChatLoader, ChatModel};
use cosa::safety::{Frame, KnownTopic};
use cosa::{Error, Result};
use sha2::{Digest as _, Sha256};
use support::{tiny_file, tiny_with};

fn loader(sha256: Option<String>) -> Result<ChatLoader<Reference>> {
    let options = ChatLoadOptions {
        sha256,
        ..ChatLoadOptions::default()
    };
    ChatLoader::new(Reference, options)
}

fn load(sha256: Option<String>, bytes: &[u8]) -> Result<ChatModel<Reference>> {
    let mut loader = loader(sha256)?;
    loader.begin_file(None)?;
    loader.push(bytes.to_vec())?;
    loader.end_file()?;
    loader.finish()
}

#[test]
fn the_digest_is_of_the_bytes() {
    let bytes = tiny_file();
    let digest = format!("{:x}", Sha256::digest(&bytes));
    let model = load(Some(digest.to_uppercase()), &bytes).unwrap();
    assert_eq!(model.info.sha256, digest);
    assert_eq!(model.frame, Frame::Plain);
    let other = "0".repeat(64);
    let error = load(Some(other.clone()), &bytes).map(|_| ()).unwrap_err();
    assert_eq!(
        error,
        Error::DigestMismatch {
            expected: other,
            found: digest
        }
    );
    let error = load(Some("abc".into()), &bytes).map(|_| ()).unwrap_err();
    assert_eq!(error.code(), "invalid_option");
}

#[test]
fn calls_out_of_order_are_refused() {
    let mut idle = loader(None).unwrap();
    assert_eq!(
        idle.push(b"GGUF".to_vec()).unwrap_err().code(),
        "wrong_state"
    );
    assert_eq!(idle.end_file().unwrap_err().code(), "wrong_state");
    idle.begin_file(None).unwrap();
    assert_eq!(idle.begin_file(None).unwrap_err().code(), "wrong_state");
    let unfinished = idle.finish().map(|_| ()).unwrap_err();
    assert_eq!(unfinished.code(), "wrong_state");
    let empty = loader(None).unwrap().finish().map(|_| ()).unwrap_err();
    assert_eq!(empty.code(), "wrong_state");
    let options = ChatLoadOptions {
        load: cosa::model::LoadOptions {
            context_length: Some(0),
        },
        ..ChatLoadOptions::default()
    };
    let zero = ChatLoader::new(Reference, options).map(|_| ()).unwrap_err();
    assert_eq!(zero.code(), "invalid_option");
}

#[test]
fn a_cut_file_and_an_unknown_frame_are_refused() {
    let bytes = tiny_file();
    let cut = load(None, &bytes[..bytes.len() - 100]).map(|_| ());
    assert_eq!(cut.unwrap_err().code(), "truncated_gguf");
    let mut strange = bytes.clone();
    let at = strange.windows(5).position(|w| w == b"plain").unwrap();
    strange[at..at + 5].copy_from_slice(b"fancy");
    // It is told before most of the weights are there.
    let mut begun = loader(None).unwrap();
    begun.begin_file(None).unwrap();
    let half = strange[..bytes.len() / 2].to_vec();
    assert_eq!(begun.push(half).unwrap_err().code(), "bad_metadata");
}

#[test]
fn a_file_tells_its_topics_and_a_strange_one_is_refused() {
    assert_eq!(load(None, &tiny_file()).unwrap().info.topics, []);
    let told = |topics: &[&str]| {
        let topics = topics.iter().map(|&it| it.to_owned()).collect();
        let bytes = tiny_with(KnownTopic::KEY, Value::Strings(topics));
        load(None, &bytes).map(|model| model.info.topics)
    };
    let topics = told(&["wine: port, sherry", "tea"]).unwrap();
    assert_eq!((&*topics[0].name, topics[0].parts.len()), ("wine", 2));
    assert_eq!((&*topics[1].name, topics[1].parts.len()), ("tea", 0));
    let error = told(&["tea", "wine: "]).unwrap_err();
    assert_eq!(error.code(), "bad_metadata");
    assert!(error.to_string().contains("\"wine: \""), "{error}");
    let error = told(&["tea", "wine", "tea: iced"]).unwrap_err();
    assert!(error.to_string().contains("twice"), "{error}");
}
