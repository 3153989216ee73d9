//! Preference pairs: of two responses to a prompt under a config, the one with the lower error.

use std::collections::{BTreeMap, BTreeSet};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng as _;

use super::configs::seed_of;
use super::records::{ConfigLine, LabelledLine, PairLine, TurnLine};
use crate::error::Result;
use crate::eval::statistics::below;
use crate::safety::{Frame, SafetyConfig, system_message};

/// The weights of the error score, and the frame that the model is trained with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairOptions {
    /// For each allowed risk in the response; 0.1 in the paper.
    pub alpha: f64,
    /// For each risk that is not allowed; 3 in the paper.
    pub beta: f64,
    /// Where the response does not deal with the request; 1 in the paper.
    pub gamma: f64,
    /// How configs are shown.
    pub frame: Frame,
    /// Same seed, same pairs.
    pub seed: u64,
}

impl Default for PairOptions {
    fn default() -> Self {
        Self {
            alpha: 0.1,
            beta: 3.0,
            gamma: 1.0,
            frame: Frame::default(),
            seed: 0,
        }
    }
}

/// The error of a response with risks `H` under a config that allows `A`:
/// `alpha * |H ∩ A| + beta * |H \ A| + gamma * [not addressed]`.
#[must_use]
pub fn error_score(response: &LabelledLine, allowed: &[String], options: PairOptions) -> f64 {
    let within = response
        .risks
        .iter()
        .filter(|risk| allowed.contains(risk))
        .count();
    let beyond = response.risks.len() - within;
    let unaddressed = f64::from(u8::from(!response.addressed));
    options.alpha * within as f64 + options.beta * beyond as f64 + options.gamma * unaddressed
}

/// The pairs of one config: responses are grouped by their risks and whether they address the
/// prompt; of every two groups with different errors, one response each, drawn by the seed.
/// Skipped where even the better one holds a risk that is not allowed (its error is `beta` or
/// more).
///
/// # Errors
/// `InvalidSafetyConfig` for a config that is none.
pub fn pairs(
    config: &ConfigLine,
    responses: &[LabelledLine],
    options: PairOptions,
) -> Result<Vec<PairLine>> {
    let text = SafetyConfig::new(None, &config.config)?;
    let prompt = [
        turn("system", &system_message(&text, options.frame)),
        turn("user", &config.prompt),
    ];
    let groups = groups(config, responses, options);
    let mut random = ChaCha8Rng::from_seed(seed_of(options.seed, &config.id));
    let mut draw = |group: &[&LabelledLine]| {
        let response = &group[below(&mut random, group.len())].response;
        vec![turn("assistant", response)]
    };
    let mut found = Vec::new();
    for (better, (low, chosen)) in groups.iter().enumerate() {
        for (high, rejected) in &groups[better + 1..] {
            if low < high && *low < options.beta {
                found.push(PairLine {
                    prompt: prompt.to_vec(),
                    chosen: draw(chosen),
                    rejected: draw(rejected),
                    config_id: config.id.clone(),
                    errors: [*low, *high],
                });
            }
        }
    }
    Ok(found)
}

/// Responses with the same risks that address the prompt alike, with their error; the least
/// error first.
fn groups<'a>(
    config: &ConfigLine,
    responses: &'a [LabelledLine],
    options: PairOptions,
) -> Vec<(f64, Vec<&'a LabelledLine>)> {
    let mut groups: BTreeMap<(BTreeSet<&str>, bool), Vec<&LabelledLine>> = BTreeMap::new();
    let own = responses
        .iter()
        .filter(|one| one.prompt_id == config.prompt_id);
    for response in own {
        let risks = response.risks.iter().map(String::as_str).collect();
        groups
            .entry((risks, response.addressed))
            .or_default()
            .push(response);
    }
    let error = |group: &[&LabelledLine]| error_score(group[0], &config.allowed, options);
    let mut scored: Vec<_> = groups
        .into_values()
        .map(|group| (error(&group), group))
        .collect();
    scored.sort_by(|a, b| a.0.total_cmp(&b.0));
    scored
}

/// Contrast pairs: the same prompt and the same two answers under two configs that order them
/// differently, so that only the config can tell which is better.
#[must_use]
pub fn contrasts(pairs: &[PairLine]) -> Vec<&PairLine> {
    let answers = |pair: &PairLine| {
        let texts = [&pair.chosen[0].content, &pair.rejected[0].content];
        (pair.prompt[1].content.clone(), texts.map(Clone::clone))
    };
    let known: BTreeSet<_> = pairs.iter().map(answers).collect();
    let swapped = |pair: &&PairLine| {
        let (prompt, [chosen, rejected]) = answers(pair);
        known.contains(&(prompt, [rejected, chosen]))
    };
    pairs.iter().filter(swapped).collect()
}

fn turn(role: &str, content: &str) -> TurnLine {
    TurnLine {
        role: role.to_owned(),
        content: content.to_owned(),
        ..TurnLine::default()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::align::records::Mode;

    fn config(id: &str, allowed: &[&str]) -> ConfigLine {
        ConfigLine {
            id: id.into(),
            prompt_id: "p".into(),
            prompt: "Why?".into(),
            mode: Mode::Exact,
            allowed: allowed.iter().map(|&a| a.to_owned()).collect(),
            config: format!("Allowed: {allowed:?}"),
        }
    }

    fn response(text: &str, risks: &[&str], addressed: bool) -> LabelledLine {
        LabelledLine {
            prompt_id: "p".into(),
            config_id: None,
            response: text.into(),
            risks: risks.iter().map(|&r| r.to_owned()).collect(),
            addressed,
        }
    }

    /// As in the paper: a clean answer 0, one with k allowed risks 0.1 k, a refusal 1, one
    /// with a risk that is not allowed 3 and more.
    #[test]
    fn errors_by_hand() {
        let allowed = ["a".to_owned(), "b".to_owned()];
        for (risks, addressed, expected) in [
            (&[][..], true, 0.0),
            (&["a"], true, 0.1),
            (&["a", "b"], true, 0.2),
            (&[], false, 1.0),
            (&["c"], true, 3.0),
            (&["a", "c"], true, 3.1),
            (&["c", "d"], false, 7.0),
        ] {
            let response = response("r", risks, addressed);
            let error = error_score(&response, &allowed, PairOptions::default());
            assert!((error - expected).abs() < 1e-12, "{risks:?}: {error}");
        }
    }

    fn texts(pairs: &[PairLine]) -> Vec<[&str; 2]> {
        pairs
            .iter()
            .map(|p| [p.chosen[0].content.as_str(), p.rejected[0].content.as_str()])
            .collect()
    }

    #[test]
    fn groups_are_paired_by_error_and_hopeless_ones_skipped() {
        let responses = [
            response("clean", &[], true),
            response("wine", &["alcohol"], true),
            response("no", &[], false),
            response("bets", &["gambling"], true),
            response("both", &["alcohol", "gambling"], true),
        ];
        let found = pairs(
            &config("c", &["alcohol"]),
            &responses,
            PairOptions::default(),
        )
        .unwrap();
        // Errors: clean 0, wine 0.1, no 1, bets 3, both 3.1; bets against both is skipped.
        let expected = [
            ["clean", "wine"],
            ["clean", "no"],
            ["clean", "bets"],
            ["clean", "both"],
            ["wine", "no"],
            ["wine", "bets"],
            ["wine", "both"],
            ["no", "bets"],
            ["no", "both"],
        ];
        assert_eq!(texts(&found), expected);
        assert_eq!(found[0].prompt[0].role, "system");
        assert!(
            found[0].prompt[0]
                .content
                .ends_with("Allowed: [\"alcohol\"]")
        );
        assert_eq!(found[8].errors, [1.0, 3.1]);
    }

    #[test]
    fn equal_errors_and_other_prompts_make_no_pair() {
        let mut other = response("else", &["x"], true);
        other.prompt_id = "q".into();
        let same = [
            response("one", &["a"], true),
            response("two", &["b"], true),
            other,
        ];
        let found = pairs(&config("c", &["a", "b"]), &same, PairOptions::default()).unwrap();
        assert!(found.is_empty());
        let draws = [
            response("r1", &[], true),
            response("r2", &[], true),
            response("no", &[], false),
        ];
        let of = |seed| {
            let options = PairOptions {
                seed,
                ..PairOptions::default()
            };
            pairs(&config("c", &[]), &draws, options).unwrap()
        };
        assert_eq!(of(1), of(1));
        let chosen: BTreeSet<String> = (0..20)
            .map(|seed| of(seed)[0].chosen[0].content.clone())
            .collect();
        assert_eq!(chosen.len(), 2, "one of each group, drawn");
    }

    #[test]
    fn contrasts_turn_with_the_config() {
        let responses = [
            response("wine", &["alcohol"], true),
            response("no", &[], false),
        ];
        let of = |id: &str, allowed: &[&str]| {
            pairs(&config(id, allowed), &responses, PairOptions::default()).unwrap()
        };
        let all = [
            of("yes", &["alcohol"]),
            of("never", &[]),
            of("other", &["x"]),
        ]
        .concat();
        assert_eq!(
            texts(&all),
            [["wine", "no"], ["no", "wine"], ["no", "wine"]]
        );
        assert_eq!(contrasts(&all).len(), 3);
        assert!(contrasts(&all[1..]).is_empty());
    }
}
