//! How fast tokens come natively: after a short and a long past, and four sequences together.

use std::path::Path;
use std::time::Instant;

use cosa::Result;
use cosa::backend::Backend;
use cosa::generate::PREFILL_CHUNK;
use cosa::guard::ChatLoadOptions;
use cosa::model::{KvCache, Sequence, Transformer};

use crate::files::{cpu, load_with};

/// Tokens before the first that is timed, and tokens that are.
const SHORT: usize = 128;
const DECODED: usize = 32;

/// Sequences decoded together.
const TOGETHER: usize = 4;

/// Prints one JSON line; all rates are tokens a second.
///
/// # Errors
/// What is wrong with the model.
pub fn run(path: &Path, threads: Option<usize>, long: usize) -> Result<()> {
    let long = long.max(SHORT);
    let mut options = ChatLoadOptions::default();
    options.load.context_length = Some(long + DECODED);
    let model = load_with(cpu(threads), path, options)?.transformer;
    let cache = &mut model.new_cache();
    prefill(&model, cache, SHORT)?;
    let mut caches: Vec<_> = (0..TOGETHER).map(|_| cache.fork()).collect();
    decode(&model, &mut caches)?; // the pages are there, the threads awake
    caches.iter_mut().for_each(|cache| cache.truncate(SHORT));
    let one = decode(&model, &mut caches[..1])?;
    caches[0].truncate(SHORT);
    let together = decode(&model, &mut caches)?;
    let prefilled = prefill(&model, cache, long - SHORT)?;
    let after = decode(&model, std::slice::from_mut(cache))?;
    println!(
        "{}",
        serde_json::json!({
            "decode": one, "together": together, "togetherRatio": together / one,
            "long": long, "prefill": prefilled, "decodeLong": after, "longRatio": after / one,
        })
    );
    Ok(())
}

/// Appends `count` tokens; returns how many a second.
fn prefill<B: Backend>(
    model: &Transformer<B>,
    cache: &mut KvCache<B>,
    count: usize,
) -> Result<f64> {
    let tokens: Vec<u32> = (0..count as u32).map(|at| at * 37 % 256).collect();
    let begin = Instant::now();
    for tokens in tokens.chunks(PREFILL_CHUNK) {
        let sequence = Sequence {
            tokens,
            cache,
            logits: 0,
        };
        model.forward(&mut [sequence], &mut Vec::new())?;
    }
    Ok(count as f64 / begin.elapsed().as_secs_f64())
}

/// A token to each sequence, again and again; returns how many a second.
fn decode<B: Backend>(model: &Transformer<B>, caches: &mut [KvCache<B>]) -> Result<f64> {
    let mut logits = Vec::new();
    let begin = Instant::now();
    for at in 0..DECODED as u32 {
        let tokens = [at * 37 % 256];
        let mut sequences: Vec<_> = caches
            .iter_mut()
            .map(|cache| Sequence {
                tokens: &tokens,
                cache,
                logits: 1,
            })
            .collect();
        model.forward(&mut sequences, &mut logits)?;
    }
    Ok((DECODED * caches.len()) as f64 / begin.elapsed().as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_model_is_measured_and_none_is_an_error() {
        let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
        for long in [SHORT + 100, 1] {
            assert_eq!(run(&data.join("golden.gguf"), Some(2), long), Ok(()));
        }
        let none = run(&data.join("none.gguf"), None, SHORT).map_err(|error| error.code());
        assert_eq!(none, Err("io"));
    }
}
