//! What several tests of `text` need: shared material where it is there, tiny vocabularies where not.
#![allow(dead_code, reason = "each test binary uses its own part")]

use std::collections::{HashMap, HashSet};
use std::io::Read;
use std::path::PathBuf;

use base64::Engine as _;
use cosa::gguf::{Metadata, Value};

/// A file of `../shared/conformance`, or `None` with a line that says what was skipped.
pub fn shared(file: &str) -> Option<Vec<u8>> {
    let root = std::env::var_os("COSA_SHARED").map(PathBuf::from);
    let root = root.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared"));
    let path = root.join("conformance").join(file);
    let bytes = std::fs::read(&path).ok();
    if bytes.is_none() {
        println!("skipped: {file} ({} is not there)", path.display());
    }
    bytes
}

fn gunzip(bytes: &[u8]) -> String {
    let mut text = String::new();
    flate2::read::GzDecoder::new(bytes)
        .read_to_string(&mut text)
        .unwrap();
    text
}

/// GPT-2's character of each byte, written down independently of the product.
fn byte_chars() -> Vec<char> {
    let plain =
        |b: u32| (33..127).contains(&b) || (161..173).contains(&b) || (174..256).contains(&b);
    let rest: Vec<u32> = (0..256).filter(|b| !plain(*b)).collect();
    let code = |b: u32| {
        rest.iter()
            .position(|r| *r == b)
            .map_or(b, |at| 256 + at as u32)
    };
    (0..256).map(|b| char::from_u32(code(b)).unwrap()).collect()
}

fn spell(bytes: &[u8]) -> String {
    let chars = byte_chars();
    bytes.iter().map(|b| chars[usize::from(*b)]).collect()
}

/// Metadata of a byte-level BPE vocabulary with control tokens behind the plain ones.
pub fn byte_level(
    pre: &str,
    plain: Vec<String>,
    merges: Vec<String>,
    control: &[&str],
) -> Metadata {
    let types = plain
        .iter()
        .map(|_| 1)
        .chain(control.iter().map(|_| 3))
        .collect();
    let mut tokens = plain;
    tokens.extend(control.iter().map(|c| (*c).to_owned()));
    let mut metadata = Metadata::default();
    metadata
        .set("tokenizer.ggml.model", Value::String("gpt2".into()))
        .set("tokenizer.ggml.pre", Value::String(pre.into()))
        .set("tokenizer.ggml.tokens", Value::Strings(tokens))
        .set("tokenizer.ggml.token_type", Value::Ints(types))
        .set("tokenizer.ggml.merges", Value::Strings(merges));
    metadata
}

/// A vocabulary of the 256 bytes, a few merges, and control tokens from id 260 on.
pub fn tiny_byte_level(control: &[&str]) -> Metadata {
    let merges = ["h e", "l l", "he ll", "Ġ Ġ"].map(str::to_owned).to_vec();
    let mut plain: Vec<String> = byte_chars().iter().map(char::to_string).collect();
    plain.extend(["he", "ll", "hell", "ĠĠ"].map(str::to_owned));
    byte_level("gpt-2", plain, merges, control)
}

/// A SentencePiece vocabulary: `<unk> <s> </s>`, 256 bytes, a few words, control tokens from
/// id 270 on.
pub fn tiny_spm(control: &[&str]) -> Metadata {
    let words = [
        "▁", "h", "e", "l", "o", "▁h", "el", "lo", "▁hel", "▁hello", "x",
    ];
    let mut tokens: Vec<String> = ["<unk>", "<s>", "</s>"].map(str::to_owned).to_vec();
    tokens.extend((0..256).map(|b| format!("<0x{b:02X}>")));
    tokens.extend(words.map(str::to_owned));
    let mut types = vec![2, 3, 3];
    types.extend([6; 256]);
    types.extend(words.map(|_| 1));
    tokens.extend(control.iter().map(|c| (*c).to_owned()));
    types.extend(control.iter().map(|_| 3));
    let scores = (0..tokens.len()).map(|id| -(id as f32)).collect();
    let mut metadata = Metadata::default();
    metadata
        .set("tokenizer.ggml.model", Value::String("llama".into()))
        .set("tokenizer.ggml.tokens", Value::Strings(tokens))
        .set("tokenizer.ggml.scores", Value::Floats(scores))
        .set("tokenizer.ggml.token_type", Value::Ints(types));
    metadata
}

/// Llama 3.2's vocabulary, with the control tokens that its template uses.
pub fn llama3() -> Option<Metadata> {
    let encoder = gunzip(&shared("vocab/llama3.2-encoder.json.gz")?);
    let merges = gunzip(&shared("vocab/llama3.2-vocab.bpe.gz")?);
    let ids: HashMap<String, usize> = serde_json::from_str(&encoder).unwrap();
    let mut plain = vec![String::new(); ids.values().max().unwrap() + 1];
    for (token, id) in ids {
        plain[id] = token;
    }
    let lines = merges.lines().filter(|line| !line.starts_with("#version"));
    let merges = lines.map(str::to_owned).collect();
    let control = [
        "<|begin_of_text|>",
        "<|end_of_text|>",
        "<|start_header_id|>",
        "<|end_header_id|>",
        "<|eot_id|>",
        "<|eom_id|>",
    ];
    let mut metadata = byte_level("llama-bpe", plain, merges, &control);
    let id = |at: u64| Value::Uint(128_000 + at);
    metadata.set("tokenizer.ggml.bos_token_id", id(0));
    metadata.set("tokenizer.ggml.eos_token_id", id(4));
    Some(metadata)
}

/// Qwen's vocabulary under a pre-tokenizer's name, with ChatML's control tokens.
pub fn qwen(pre: &str) -> Option<Metadata> {
    let ranks = gunzip(&shared("vocab/qwen.tiktoken.gz")?);
    let tokens: Vec<Vec<u8>> = ranks
        .lines()
        .map(|line| {
            let token = line.split(' ').next().unwrap();
            base64::engine::general_purpose::STANDARD
                .decode(token)
                .unwrap()
        })
        .collect();
    let merges = merges_from_ranks(&tokens);
    let plain = tokens.iter().map(|token| spell(token)).collect();
    let control = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"];
    let mut metadata = byte_level(pre, plain, merges, &control);
    metadata.set("tokenizer.ggml.bos_token_id", Value::Uint(151_643));
    metadata.set("tokenizer.ggml.eos_token_id", Value::Uint(151_645));
    metadata.set("tokenizer.ggml.add_bos_token", Value::Bool(false));
    Some(metadata)
}

/// The pair that makes each token: what BPE with the ranks below its own leaves of it.
fn merges_from_ranks(tokens: &[Vec<u8>]) -> Vec<String> {
    let rank: HashMap<&[u8], usize> = tokens
        .iter()
        .zip(0..)
        .map(|(t, r)| (t.as_slice(), r))
        .collect();
    let mut merges = Vec::new();
    for (limit, token) in tokens
        .iter()
        .enumerate()
        .filter(|(_, token)| token.len() > 1)
    {
        let mut cuts: Vec<usize> = (0..=token.len()).collect();
        while cuts.len() > 3 {
            let merged = |at: usize| {
                rank.get(&token[cuts[at]..cuts[at + 2]])
                    .filter(|r| **r < limit)
            };
            let best = (0..cuts.len() - 2).filter(|at| merged(*at).is_some());
            let best = best.min_by_key(|at| merged(*at)).unwrap();
            cuts.remove(best + 1);
        }
        let (left, right) = token.split_at(cuts[1]);
        merges.push(format!("{} {}", spell(left), spell(right)));
    }
    merges
}

/// The 46 strings of a conformance vector with their ids.
pub fn vectors(name: &str) -> Option<Vec<(String, Vec<u32>)>> {
    let inp = String::from_utf8(shared(&format!("vocab/ggml-vocab-{name}.gguf.inp"))?).unwrap();
    let out = String::from_utf8(shared(&format!("vocab/ggml-vocab-{name}.gguf.out"))?).unwrap();
    let mut texts: Vec<&str> = inp.split("\n__ggml_vocab_test__\n").collect();
    assert_eq!(texts.pop(), Some(""));
    let ids = out.lines().map(|line| {
        line.split_whitespace()
            .map(|id| id.parse().unwrap())
            .collect()
    });
    let pairs: Vec<_> = texts.into_iter().map(str::to_owned).zip(ids).collect();
    assert_eq!((pairs.len(), out.lines().count()), (46, 46));
    Some(pairs)
}

/// Every id that a text must never come out as.
pub fn controls(tokenizer: &cosa::text::Tokenizer, ids: &[u32]) -> Vec<u32> {
    ids.iter()
        .copied()
        .filter(|id| tokenizer.is_control(*id))
        .collect()
}

/// The set of the tokens that have a name of their own.
pub fn named(tokenizer: &cosa::text::Tokenizer) -> HashSet<&str> {
    let ids = 0..u32::try_from(tokenizer.len()).unwrap();
    ids.filter_map(|id| tokenizer.token_text(id)).collect()
}

/// The metadata of a shared GGUF file.
pub fn gguf(file: &str) -> Option<Metadata> {
    struct Keep(Metadata);
    impl cosa::gguf::Sink for Keep {
        fn header(&mut self, header: &cosa::gguf::Header) -> cosa::Result<()> {
            self.0 = header.metadata.clone();
            Ok(())
        }
        fn tensor(&mut self, _: &cosa::gguf::TensorInfo, _: &[u8]) -> cosa::Result<()> {
            Ok(())
        }
    }
    let bytes = shared(file)?;
    let mut keep = Keep(Metadata::default());
    let mut reader = cosa::gguf::Reader::new(Some(bytes.len() as u64));
    reader.push(&bytes, &mut keep).unwrap();
    reader.finish().unwrap();
    Some(keep.0)
}
