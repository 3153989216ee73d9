//! Lengths, counts, offsets, dimensions and types that cannot be true.

use cosa::Error;
use cosa::gguf::Reader;

use crate::raw::Raw;
use crate::{Events, error_of, read, read_whole, sample};

const HUGE: u64 = 1 << 60;
const F32: u32 = 0;

/// Each file gives an error with this code and this part of a message.
fn assert_refused(cases: &[(Raw, &str, &str)]) {
    for (raw, code, part) in cases {
        let error = error_of(&raw.0);
        assert_eq!(error.code(), *code, "{error}");
        assert!(error.to_string().contains(part), "{error} lacks {part:?}");
        // The size of the file need not be known, and one byte after the other may come.
        let (events, slow) = read(&raw.0, &[1], None);
        assert!(slow.is_err(), "{error}");
        assert!(events.tensors.is_empty());
    }
}

#[test]
fn versions() {
    let version = |bytes: [u8; 4]| Raw(b"GGUF".to_vec()).bytes(&bytes).bytes(&[0; 16]);
    assert_refused(&[
        (version([0, 0, 0, 0]), "malformed_gguf", "version 0"),
        (version([1, 0, 0, 0]), "malformed_gguf", "obsolete"),
        (version([4, 0, 0, 0]), "malformed_gguf", "version 4"),
        (version([0, 0, 0, 3]), "malformed_gguf", "big-endian"),
    ]);
    let mut second = sample();
    second[4] = 2;
    let (events, result) = read_whole(&second);
    assert_eq!(result, Ok(()));
    assert_eq!(events.header.unwrap().version, 2);
}

#[test]
fn other_files() {
    let cases: [(&[u8], &str); 6] = [
        (b"", "empty"),
        (b"<!DOCTYPE html><title>404</title>", "an HTML page"),
        (b"<html><body>Not found</body></html>", "an HTML page"),
        (b"404: Not Found", "the text \"404: Not Found\""),
        (b"dear diary,\ntoday", "the text \"dear diary,\""),
        (b"no", "the text \"no\""),
    ];
    for (bytes, part) in cases {
        let error = error_of(bytes);
        assert!(matches!(error, Error::NotGguf { .. }), "{error}");
        assert!(error.to_string().contains(part), "{error}");
    }
    let mut reader = Reader::new(None);
    let early = reader.push(b"GGML", &mut Events::default());
    assert_eq!(early.unwrap_err().code(), "not_gguf", "after four bytes");
}

#[test]
fn metadata_lies() {
    let one = || Raw::new(0, 1);
    let two = Raw::new(0, 2)
        .key("k", 7)
        .bytes(&[1])
        .key("k", 7)
        .bytes(&[1]);
    let array = |kind, count| one().key("k", 9).u32(kind).u64(count).bytes(&[0; 64]);
    assert_refused(&[
        (Raw::new(0, HUGE), "malformed_gguf", "metadata keys"),
        (Raw::new(HUGE, 0), "malformed_gguf", "tensors"),
        (Raw::new(0, 9).data(0), "truncated_gguf", "start"),
        (Raw::new(9, 0).data(0), "truncated_gguf", "start"),
        (one().u64(HUGE).data(9), "malformed_gguf", "a text of"),
        (one().u64(u64::MAX).data(9), "malformed_gguf", "a text of"),
        (
            one().key("k", 8).u64(HUGE),
            "malformed_gguf",
            "metadata key k",
        ),
        (
            one().key("k", 8).u64(1 << 25),
            "truncated_gguf",
            "metadata key k",
        ),
        (
            one().key("k", 13).data(9),
            "malformed_gguf",
            "value type 13",
        ),
        (
            one().key("k", 7).bytes(&[2]),
            "malformed_gguf",
            "truth value",
        ),
        (
            one().key("k", 8).u64(1).bytes(&[0xff]),
            "malformed_gguf",
            "UTF-8",
        ),
        (array(0, HUGE), "malformed_gguf", "an array of"),
        (array(12, u64::MAX), "malformed_gguf", "an array of"),
        (array(8, 1 << 20), "truncated_gguf", "metadata key k"),
        (array(99, 1), "malformed_gguf", "value type 99"),
        (array(9, 1), "malformed_gguf", "an array of arrays"),
        (two, "malformed_gguf", "twice"),
    ]);
}

#[test]
fn integers_too_large_for_an_array() {
    let raw = Raw::new(0, 1).key("k", 9).u32(10).u64(1).u64(u64::MAX);
    assert_refused(&[(raw, "malformed_gguf", "in an array of integers")]);
}

#[test]
fn alignment_lies() {
    let key = "general.alignment";
    let aligned = |alignment: u32| Raw::new(0, 1).key(key, 4).u32(alignment);
    assert_refused(&[
        (aligned(0), "bad_metadata", key),
        (aligned(48), "bad_metadata", key),
        (aligned(1 << 31), "bad_metadata", key),
        (Raw::new(0, 1).key(key, 8).text("x"), "bad_metadata", key),
    ]);
    assert_eq!(read_whole(&aligned(64).0).1, Ok(()));
}

#[test]
fn tensor_entry_lies() {
    let one = |shape: &[u64]| Raw::new(1, 0).tensor("t", shape, F32, 0).data(256);
    let q4_0 = Raw::new(1, 0).tensor("t", &[33], 2, 0).data(256);
    let name = Raw::new(1, 0).u64(HUGE).data(256);
    assert_refused(&[
        (one(&[]), "malformed_gguf", "0 dimensions"),
        (one(&[1, 1, 1, 1, 1]), "malformed_gguf", "5 dimensions"),
        (one(&[4, 0]), "malformed_gguf", "a dimension of 0"),
        (one(&[u64::MAX]), "malformed_gguf", "tensor t"),
        (one(&[1 << 31, 1 << 31, 1]), "malformed_gguf", "overflows"),
        (
            one(&[1 << 20, 1 << 20, 1 << 22]),
            "malformed_gguf",
            "overflows",
        ),
        (q4_0, "malformed_gguf", "no whole Q4_0 blocks"),
        (name, "malformed_gguf", "tensor entry 1"),
    ]);
}

#[test]
fn layout_lies() {
    let two = |name: &str, offset| {
        let raw = Raw::new(2, 0).tensor("a", &[16], F32, 0);
        raw.tensor(name, &[16], F32, offset).data(256)
    };
    let one = |offset| Raw::new(1, 0).tensor("t", &[4], F32, offset).data(256);
    assert_refused(&[
        (two("b", 0), "malformed_gguf", "overlaps tensor a"),
        (two("b", 32), "malformed_gguf", "overlaps tensor a"),
        (two("a", 64), "malformed_gguf", "twice"),
        (one(4), "malformed_gguf", "alignment 32"),
        (one(u64::MAX - 31), "malformed_gguf", "overflows"),
        (one(256), "truncated_gguf", "tensor t"),
        (one(HUGE), "truncated_gguf", "tensor t"),
    ]);
    assert_eq!(read_whole(&two("b", 64).0).1, Ok(()));
}

#[test]
fn tensors_in_another_order_with_gaps() {
    let raw = Raw::new(2, 0).tensor("late", &[4], F32, 128);
    let raw = raw.tensor("early", &[4], F32, 32).data(160);
    for size in [1, 7, usize::MAX] {
        let (events, result) = read(&raw.0, &[size], None);
        assert_eq!(result, Ok(()));
        let names: Vec<&str> = events.tensors.iter().map(|(t, _)| &*t.name).collect();
        assert_eq!(names, ["early", "late"]);
    }
}

#[test]
fn unsupported_types_are_named_before_any_data() {
    let named = [(20, "IQ4_NL"), (23, "IQ4_XS"), (34, "TQ1_0"), (39, "MXFP4")];
    for (kind, name) in named.into_iter().chain([(77, "number 77")]) {
        let raw = Raw::new(2, 0).tensor("fine", &[16], F32, 0);
        let raw = raw.tensor("blk.0.odd", &[256], kind, 64);
        let mut reader = Reader::new(None);
        let error = reader.push(&raw.0, &mut Events::default()).unwrap_err();
        let text = error.to_string();
        assert!(
            matches!(error, Error::UnsupportedTensorType { .. }),
            "{text}"
        );
        assert!(text.contains("blk.0.odd") && text.contains(name), "{text}");
        assert!(text.contains("Q4_K"), "{text}");
    }
}

/// Memory follows the bytes received: a tensor of 8 GiB is announced, 1 MiB comes.
#[test]
fn a_size_that_lies_reserves_nothing() {
    let Some(before) = peak_virtual_memory() else {
        println!("skipped: no /proc/self/status here");
        return;
    };
    let raw = Raw::new(1, 0).tensor("t", &[1 << 31], F32, 0).data(1 << 20);
    for total in [None, Some(1 << 40)] {
        let (_, result) = read(&raw.0, &[1 << 16], total);
        assert_eq!(result.unwrap_err().code(), "truncated_gguf");
    }
    let grown = peak_virtual_memory().unwrap() - before;
    assert!(grown < 1 << 30, "{grown} bytes more");
}

fn peak_virtual_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmPeak:"))?;
    let kib: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib << 10)
}
