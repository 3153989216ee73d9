//! A bounded fuzz run: mutated and random files never panic, and chunking changes nothing.
//!
//! `tests/fuzz` holds the same property as a target for cargo-fuzz, without a bound.

use cosa::Result;
use proptest::prelude::*;

use crate::{Events, read, sample};

/// Numbers that lie well in a length, count, offset or dimension.
const NUMBERS: [u64; 10] = [
    0,
    1,
    31,
    255,
    1 << 16,
    1 << 31,
    1 << 32,
    1 << 60,
    i64::MAX as u64,
    u64::MAX,
];

#[derive(Debug, Clone)]
enum Mutation {
    Byte(usize, u8),
    Number(usize, usize),
    Cut(usize),
    Remove(usize, usize),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let at = 0..sample().len();
    prop_oneof![
        (at.clone(), any::<u8>()).prop_map(|(at, byte)| Mutation::Byte(at, byte)),
        (at.clone(), 0..NUMBERS.len()).prop_map(|(at, i)| Mutation::Number(at, i)),
        at.clone().prop_map(Mutation::Cut),
        (at, 1..32_usize).prop_map(|(at, len)| Mutation::Remove(at, len)),
    ]
}

fn mutate(file: &mut Vec<u8>, mutation: &Mutation) {
    let len = file.len();
    match *mutation {
        Mutation::Byte(at, byte) => {
            if let Some(place) = file.get_mut(at) {
                *place = byte;
            }
        }
        Mutation::Number(at, i) => {
            let number = NUMBERS[i].to_le_bytes();
            let end = len.min(at + number.len());
            if at < end {
                file[at..end].copy_from_slice(&number[..end - at]);
            }
        }
        Mutation::Cut(at) => file.truncate(at),
        Mutation::Remove(at, count) => {
            file.drain(at.min(len)..(at + count).min(len));
        }
    }
}

/// The message of `NotGguf` quotes the chunk it saw; everything else must be equal.
fn outcome(result: &Result<()>) -> String {
    match result {
        Err(error) if error.code() == "not_gguf" => error.code().to_owned(),
        other => format!("{other:?}"),
    }
}

fn check(file: &[u8], size: usize, total: Option<u64>) -> Events {
    let (whole, result) = read(file, &[usize::MAX], total);
    let (parts, result_of_parts) = read(file, &[size, 1], total);
    assert_eq!(outcome(&result), outcome(&result_of_parts));
    assert!(whole == parts || format!("{whole:?}") == format!("{parts:?}"));
    let bytes: usize = whole.tensors.iter().map(|(_, bytes)| bytes.len()).sum();
    assert!(bytes <= file.len());
    if let Err(error) = result {
        assert_ne!(error.code(), "out_of_memory", "{error}");
    }
    whole
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config(3000))]

    #[test]
    fn mutated_files(mutations in prop::collection::vec(mutation(), 1..5), size in 1..300_usize) {
        let mut file = sample();
        mutations.iter().for_each(|mutation| mutate(&mut file, mutation));
        check(&file, size, None);
        check(&file, size, Some(file.len() as u64));
    }

    #[test]
    fn random_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200), size in 1..64_usize) {
        check(&bytes, size, None);
        let mut after_magic = b"GGUF\x03\0\0\0\x01\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0".to_vec();
        after_magic.extend_from_slice(&bytes);
        check(&after_magic, size, Some(after_magic.len() as u64));
    }
}
