//! A file cut at every byte, and so at every section border.

use crate::{read, sample};

#[test]
fn cut_at_every_byte() {
    let file = sample();
    let data_end = file.len();
    for cut in 0..data_end {
        let part = &file[..cut];
        let code = if cut == 0 {
            "not_gguf"
        } else {
            "truncated_gguf"
        };
        for total in [None, Some(cut as u64), Some(file.len() as u64)] {
            for size in [1, 7, usize::MAX] {
                let (events, result) = read(part, &[size], total);
                let error = result.expect_err("the file is cut");
                assert_eq!(error.code(), code, "{error}, cut {cut}, total {total:?}");
                let known = total == Some(cut as u64);
                assert!(
                    !known || events.header.is_none(),
                    "a known size shows the cut before anything is handed on"
                );
            }
        }
    }
}

#[test]
fn a_cut_names_the_place() {
    let file = sample();
    let text = |cut: usize| {
        let result = read(&file[..cut], &[usize::MAX], None).1;
        result.unwrap_err().to_string()
    };
    assert!(text(10).contains("the file's start"));
    assert!(text(30).contains("metadata entry 1"));
    assert!(text(file.len() - 1).contains("tensor c"));
}

#[test]
fn missing_bytes_after_the_last_tensor_count_when_the_size_is_known() {
    let file = sample();
    let longer = Some(file.len() as u64 + 1);
    assert_eq!(read(&file, &[9], None).1, Ok(()));
    let error = read(&file, &[9], longer).1.unwrap_err();
    assert_eq!(error.code(), "truncated_gguf");
}
