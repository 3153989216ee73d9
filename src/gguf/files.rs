//! GGUF files on disk, whole or in shards (native only).

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::reader::{Reader, Sink};
use crate::error::{Error, Result};

const CHUNK: usize = 1 << 20;

/// Reads one file into `sink`.
///
/// # Errors
/// `Io` where the file cannot be read; otherwise as [`Reader`].
pub fn read_path(path: &Path, sink: &mut dyn Sink) -> Result<()> {
    let mut file = File::open(path).map_err(|error| Error::io(path, &error))?;
    let data = file.metadata().map_err(|error| Error::io(path, &error))?;
    // A pipe has no size of its own.
    let mut reader = Reader::new(data.is_file().then_some(data.len()));
    let mut chunk = vec![0; CHUNK];
    loop {
        let len = match file.read(&mut chunk) {
            Ok(0) => return reader.finish(),
            Ok(len) => len,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(Error::io(path, &error)),
        };
        reader.push(&chunk[..len], sink)?;
    }
}

/// All files of the model of which `path` is one, in order: the shards where its name
/// ends in `-00001-of-00003.gguf` or the like, else `path` alone.
///
/// # Errors
/// `Io` where the shard number is impossible or a shard is not there.
pub fn shard_paths(path: &Path) -> Result<Vec<PathBuf>> {
    let name = path.file_name().and_then(|name| name.to_str());
    let Some((stem, number, count)) = name.and_then(split_name) else {
        return Ok(vec![path.to_owned()]);
    };
    if number == 0 || number > count {
        return Err(Error::Io {
            path: path.display().to_string(),
            detail: format!("shard {number} of {count} cannot exist"),
        });
    }
    let shard = |number| path.with_file_name(format!("{stem}-{number:05}-of-{count:05}.gguf"));
    (1..=count)
        .map(|number| {
            let shard = shard(number);
            if shard.is_file() {
                return Ok(shard);
            }
            Err(Error::Io {
                path: shard.display().to_string(),
                detail: format!("shard {number} of {count} is missing"),
            })
        })
        .collect()
}

/// `model-00002-of-00003.gguf` is `("model", 2, 3)`.
fn split_name(name: &str) -> Option<(&str, u32, u32)> {
    let (rest, count) = name.strip_suffix(".gguf")?.rsplit_once("-of-")?;
    let (stem, number) = rest.rsplit_once('-')?;
    Some((stem, five_digits(number)?, five_digits(count)?))
}

fn five_digits(text: &str) -> Option<u32> {
    let digits = text.len() == 5 && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::split_name;

    #[test]
    fn shard_names() {
        let split = split_name("a-b-00002-of-00003.gguf");
        assert_eq!(split, Some(("a-b", 2, 3)));
        for name in [
            "a.gguf",
            "a-2-of-3.gguf",
            "a-00002-of-00003.bin",
            "-of-.gguf",
        ] {
            assert_eq!(split_name(name), None, "{name}");
        }
    }
}
