//! The GGUF reader on any bytes: no panic, and no more out than in.
#![no_main]

use cosa::Result;
use cosa::gguf::{Header, Reader, Sink, TensorInfo};
use libfuzzer_sys::fuzz_target;

#[derive(Default)]
struct Count(usize);

impl Sink for Count {
    fn header(&mut self, _: &Header) -> Result<()> {
        Ok(())
    }

    fn tensor(&mut self, info: &TensorInfo, bytes: &[u8]) -> Result<()> {
        assert_eq!(bytes.len() as u64, info.bytes);
        self.0 += bytes.len();
        Ok(())
    }
}

fn read(file: &[u8], size: usize, total: Option<u64>) -> bool {
    let mut count = Count::default();
    let mut reader = Reader::new(total);
    let pushed = file
        .chunks(size)
        .try_for_each(|chunk| reader.push(chunk, &mut count));
    assert!(count.0 <= file.len());
    reader.finish().and(pushed).is_ok()
}

// The first byte is the chunk size, the rest is the file.
fuzz_target!(|data: &[u8]| {
    let Some((size, file)) = data.split_first() else {
        return;
    };
    let total = Some(file.len() as u64);
    let whole = read(file, file.len().max(1), total);
    assert_eq!(whole, read(file, usize::from(*size).max(1), total));
    read(file, usize::from(*size).max(1), None);
});
