//! The same events for any cutting of the file into chunks.

use cosa::gguf::{Header, Reader, Sink, TensorInfo};
use cosa::{Error, Result};

use crate::{Events, read, read_whole, sample};

#[test]
fn any_chunk_sizes() {
    let file = sample();
    let (whole, result) = read_whole(&file);
    assert_eq!(result, Ok(()));
    assert_eq!(whole.tensors.len(), 3);
    let mut sizes: Vec<Vec<usize>> = (1..200).map(|size| vec![size]).collect();
    sizes.push(vec![1, 100, 3, 17, 250, 2]);
    sizes.push(vec![40, 1, 1, 333]);
    for sizes in sizes {
        for total in [None, Some(file.len() as u64)] {
            let (events, result) = read(&file, &sizes, total);
            assert_eq!(result, Ok(()), "{sizes:?}");
            assert_eq!(events, whole, "{sizes:?}");
        }
    }
}

#[test]
fn bytes_after_the_last_tensor_are_ignored() {
    let mut file = sample();
    file.extend_from_slice(b"trailing");
    let (events, result) = read(&file, &[50], None);
    assert_eq!(result, Ok(()));
    assert_eq!(events.tensors.len(), 3);
}

#[test]
fn a_tensor_within_a_chunk_is_not_copied() {
    struct Within<'a>(&'a [u8]);
    impl Sink for Within<'_> {
        fn header(&mut self, _: &Header) -> Result<()> {
            Ok(())
        }
        fn tensor(&mut self, _: &TensorInfo, bytes: &[u8]) -> Result<()> {
            assert!(self.0.as_ptr_range().contains(&bytes.as_ptr()));
            Ok(())
        }
    }
    let file = sample();
    let mut reader = Reader::new(None);
    assert_eq!(reader.push(&file, &mut Within(&file)), Ok(()));
}

#[test]
fn an_error_of_the_sink_ends_the_reading() {
    struct Refuses;
    impl Sink for Refuses {
        fn header(&mut self, _: &Header) -> Result<()> {
            Err(Error::WrongState {
                detail: "no".to_owned(),
            })
        }
        fn tensor(&mut self, _: &TensorInfo, _: &[u8]) -> Result<()> {
            panic!("a tensor after an error")
        }
    }
    let file = sample();
    let mut reader = Reader::new(None);
    for _ in 0..2 {
        let error = reader.push(&file, &mut Refuses).unwrap_err();
        assert_eq!(error.code(), "wrong_state");
    }
    let later = reader.push(&file, &mut Events::default());
    assert_eq!(later, reader.finish());
}
