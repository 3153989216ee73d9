//! What a file that is not GGUF looks like, in plain words.

use crate::error::Error;

/// First bytes and what they say; the longer pattern stands before its prefix.
const SIGNATURES: [(&[u8], &str); 15] = [
    (
        b"version https://git-lfs",
        "a Git LFS pointer, which stands for the file but does not hold it",
    ),
    (b"PK\x03\x04", "a zip archive, perhaps a PyTorch checkpoint"),
    (b"\x1f\x8b", "gzip-compressed data"),
    (b"\x28\xb5\x2f\xfd", "zstd-compressed data"),
    (b"BZh", "bzip2-compressed data"),
    (b"\xfd7zXZ", "xz-compressed data"),
    (b"7z\xbc\xaf", "a 7-zip archive"),
    (b"lmgg", "a GGML model from before GGUF"),
    (b"tjgg", "a GGML model from before GGUF"),
    (b"fmgg", "a GGML model from before GGUF"),
    (b"\x80\x02", "a Python pickle, perhaps a PyTorch checkpoint"),
    (b"\x89HDF", "an HDF5 file"),
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
];

/// Bytes of a file that are worth looking at.
const GLANCE: usize = 64;

/// The error for a file that starts with `bytes`.
pub(super) fn not_gguf(bytes: &[u8]) -> Error {
    let bytes = &bytes[..bytes.len().min(GLANCE)];
    Error::NotGguf {
        found: describe(bytes),
    }
}

fn describe(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        return "nothing, it is empty".to_owned();
    }
    if let Some((_, name)) = SIGNATURES
        .iter()
        .find(|(start, _)| bytes.starts_with(start))
    {
        return (*name).to_owned();
    }
    if is_safetensors(bytes) {
        return "a safetensors header".to_owned();
    }
    match text(bytes) {
        Some(text) => describe_text(text),
        None => format!("the bytes {}", hex(bytes)),
    }
}

fn describe_text(text: &str) -> String {
    let start = text.trim_start_matches('\u{feff}').trim_start();
    let lower = start.to_ascii_lowercase();
    match lower.as_bytes().first() {
        Some(b'<')
            if ["<!do", "<htm", "<hea"]
                .iter()
                .any(|tag| lower.starts_with(tag)) =>
        {
            "an HTML page, perhaps an error page of the server".to_owned()
        }
        Some(b'<') => "a markup page (HTML or XML)".to_owned(),
        Some(b'{' | b'[') => "JSON text".to_owned(),
        Some(_) => format!("the text {:?}", start.lines().next().unwrap_or_default()),
        None => "blank text".to_owned(),
    }
}

/// The bytes as text, without a character that the glance has cut.
fn text(bytes: &[u8]) -> Option<&str> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&bytes[..error.valid_up_to()]).ok()?
        }
        Err(_) => return None,
    };
    let printable = |c: char| !c.is_control() || c.is_whitespace();
    (!text.is_empty() && text.chars().all(printable)).then_some(text)
}

/// A safetensors file starts with the length of its JSON as a `u64`, then the JSON.
fn is_safetensors(bytes: &[u8]) -> bool {
    bytes.len() > 8 && bytes[4..8] == [0; 4] && bytes[8] == b'{'
}

fn hex(bytes: &[u8]) -> String {
    let pairs: Vec<String> = bytes.iter().take(8).map(|b| format!("{b:02x}")).collect();
    pairs.join(" ")
}

#[cfg(test)]
mod tests {
    use super::describe;

    #[test]
    fn names_what_users_drop_by_mistake() {
        let cases: [(&[u8], &str); 10] = [
            (b"", "nothing"),
            (b"<!DOCTYPE html><html>", "an HTML page"),
            (b"\n  <html lang=en>", "an HTML page"),
            (b"<?xml version='1.0'?>", "a markup page"),
            (b"{\"error\": \"not found\"}", "JSON"),
            (b"Entry not found", "the text \"Entry not found\""),
            (b"PK\x03\x04....", "a zip archive"),
            (b"\x40\x10\x00\x00\x00\x00\x00\x00{\"a\":", "a safetensors"),
            (
                b"version https://git-lfs.github.com/spec/v1",
                "a Git LFS pointer",
            ),
            (b"\x00\x01\x02\x03", "the bytes 00 01 02 03"),
        ];
        for (bytes, start) in cases {
            let found = describe(bytes);
            assert!(found.starts_with(start), "{found:?} for {bytes:?}");
        }
    }
}
