//! Safety configs for prompts whose risks are known, in the paper's four modes.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng as _;

use super::records::{ConfigLine, Mode, PromptLine};
use super::templates::wording;
use crate::error::{Error, Result};
use crate::eval::statistics::below;
use crate::safety::{RiskCategory, Taxonomy};

/// How many configs of each mode a prompt gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Of [`Mode::Exact`].
    pub exact: usize,
    /// Of [`Mode::Superset`].
    pub superset: usize,
    /// Of [`Mode::Safe`].
    pub safe: usize,
    /// Of [`Mode::NotSuperset`].
    pub not_superset: usize,
}

impl Default for Counts {
    /// One of each.
    fn default() -> Self {
        Self {
            exact: 1,
            superset: 1,
            safe: 1,
            not_superset: 1,
        }
    }
}

/// The configs of one prompt. The same seed gives the same configs, whatever the other
/// prompts of the file. A mode that no set of categories meets is left out: without risks a
/// prompt has no [`Mode::NotSuperset`], and with all risks no [`Mode::Superset`].
///
/// # Errors
/// `BadRecord` for a risk that is not in the taxonomy.
pub fn configs(
    prompt: &PromptLine,
    taxonomy: &Taxonomy,
    counts: Counts,
    seed: u64,
) -> Result<Vec<ConfigLine>> {
    let known = |risk: &String| taxonomy.categories.iter().any(|c| c.id == *risk);
    if let Some(risk) = prompt.risks.iter().find(|risk| !known(risk)) {
        return Err(Error::BadRecord {
            at: format!("prompt {}", prompt.id),
            detail: format!("risk {risk:?} is not in the taxonomy"),
        });
    }
    let mut random = ChaCha8Rng::from_seed(seed_of(seed, &prompt.id));
    let modes = [
        (Mode::Exact, counts.exact),
        (Mode::Superset, counts.superset),
        (Mode::Safe, counts.safe),
        (Mode::NotSuperset, counts.not_superset),
    ];
    let mut lines = Vec::new();
    for mode in modes.iter().flat_map(|&(mode, count)| vec![mode; count]) {
        let Some(allowed) = draw(mode, &prompt.risks, taxonomy, &mut random) else {
            continue;
        };
        let mut ids: Vec<String> = allowed.iter().map(|category| category.id.clone()).collect();
        ids.sort();
        lines.push(ConfigLine {
            id: format!("{}/{}", prompt.id, lines.len() + 1),
            prompt_id: prompt.id.clone(),
            prompt: prompt.prompt.clone(),
            mode,
            allowed: ids,
            config: wording(allowed, &mut random),
        });
    }
    Ok(lines)
}

/// A set of allowed categories; `None` where the mode has none.
fn draw<'a>(
    mode: Mode,
    risks: &[String],
    taxonomy: &'a Taxonomy,
    random: &mut ChaCha8Rng,
) -> Option<Vec<&'a RiskCategory>> {
    let (own, others): (Vec<_>, Vec<_>) = taxonomy
        .categories
        .iter()
        .partition(|category| risks.contains(&category.id));
    match mode {
        Mode::Exact => Some(own),
        Mode::Safe => Some(Vec::new()),
        Mode::Superset => {
            let more = some(&others, 1, random)?;
            Some([own, more].concat())
        }
        Mode::NotSuperset => {
            let dropped = some(&own, 1, random)?;
            let kept = own
                .into_iter()
                .filter(|category| !dropped.contains(category));
            let more = some(&others, 0, random).unwrap_or_default();
            Some(kept.chain(more).collect())
        }
    }
}

/// A random part of `from` with at least `least` members; `None` where there are too few.
fn some<'a>(
    from: &[&'a RiskCategory],
    least: usize,
    random: &mut ChaCha8Rng,
) -> Option<Vec<&'a RiskCategory>> {
    if from.len() < least {
        return None;
    }
    let count = least + below(random, from.len() - least + 1);
    let mut left = from.to_vec();
    Some(
        (0..count)
            .map(|_| left.swap_remove(below(random, left.len())))
            .collect(),
    )
}

/// A seed for each prompt, so that a file may be cut or joined without new configs.
pub(super) fn seed_of(seed: u64, id: &str) -> [u8; 32] {
    use sha2::{Digest as _, Sha256};
    let mut hash = Sha256::new();
    hash.update(seed.to_le_bytes());
    hash.update(id.as_bytes());
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use std::collections::BTreeSet;

    use super::*;

    fn taxonomy() -> Taxonomy {
        let category =
            |id: &str| format!(r#"{{"id": "{id}", "name": "{id}s", "definition": "D."}}"#);
        let all = ["a", "b", "c", "d"].map(category).join(", ");
        Taxonomy::parse("t", &format!(r#"{{"categories": [{all}]}}"#)).unwrap()
    }

    fn prompt(id: &str, risks: &[&str]) -> PromptLine {
        PromptLine {
            id: id.into(),
            prompt: "Why?".into(),
            risks: risks.iter().map(|&risk| risk.to_owned()).collect(),
        }
    }

    const MANY: Counts = Counts {
        exact: 5,
        superset: 40,
        safe: 5,
        not_superset: 40,
    };

    #[test]
    fn modes_are_what_they_say() {
        let lines = configs(&prompt("p", &["b", "c"]), &taxonomy(), MANY, 1).unwrap();
        assert_eq!(lines.len(), 90);
        let risks = BTreeSet::from(["b", "c"]);
        let mut sets = BTreeSet::new();
        for line in &lines {
            let allowed: BTreeSet<&str> = line.allowed.iter().map(String::as_str).collect();
            match line.mode {
                Mode::Exact => assert_eq!(allowed, risks),
                Mode::Safe => assert!(allowed.is_empty()),
                Mode::Superset => assert!(allowed.is_superset(&risks) && allowed != risks),
                Mode::NotSuperset => assert!(!allowed.is_superset(&risks)),
            }
            // The text names what is allowed and nothing else, in whatever case.
            let text = line.config.to_lowercase();
            for id in ["as", "bs", "cs", "ds"] {
                let named = text
                    .split(|c: char| !c.is_alphanumeric())
                    .any(|word| word == id);
                let said = allowed.contains(&id[..1]);
                assert!(named == said || id == "as", "{}: {}", line.id, line.config);
            }
            sets.insert(allowed);
        }
        assert!(sets.len() > 8, "the draws vary");
        let wordings: BTreeSet<&String> = lines.iter().map(|line| &line.config).collect();
        assert!(wordings.len() > 60, "{} wordings", wordings.len());
    }

    #[test]
    fn the_same_seed_gives_the_same_configs_whatever_stands_beside() {
        let of = |id: &str, seed| configs(&prompt(id, &["a"]), &taxonomy(), MANY, seed).unwrap();
        assert_eq!(of("p", 1), of("p", 1));
        assert_ne!(of("p", 1), of("p", 2));
        assert_ne!(of("p", 1)[7].config, of("q", 1)[7].config);
    }

    #[test]
    fn modes_that_no_set_meets_are_left_out() {
        let modes = |risks: &[&str]| {
            let lines = configs(&prompt("p", risks), &taxonomy(), Counts::default(), 3).unwrap();
            lines.iter().map(|line| line.mode).collect::<Vec<_>>()
        };
        assert_eq!(modes(&[]), [Mode::Exact, Mode::Superset, Mode::Safe]);
        let all = [Mode::Exact, Mode::Safe, Mode::NotSuperset];
        assert_eq!(modes(&["a", "b", "c", "d"]), all);
        let error = configs(&prompt("p", &["x"]), &taxonomy(), MANY, 1).unwrap_err();
        assert!(
            error.to_string().contains("prompt p: risk \"x\""),
            "{error}"
        );
    }
}
