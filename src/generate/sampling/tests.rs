//! Which tokens are drawn, how often, and what is refused.

#![allow(clippy::unwrap_used, reason = "tests")]
use super::*;

fn options(change: impl Fn(&mut GenerateOptions)) -> GenerateOptions {
    let mut options = GenerateOptions {
        temperature: 1.0,
        ..GenerateOptions::default()
    };
    change(&mut options);
    options
}

/// The ids drawn in 200 draws from fixed logits.
fn drawn(options: &GenerateOptions, logits: &[f32]) -> Vec<u32> {
    let mut sampler = Sampler::new(options);
    let draw = |_| sampler.sample(&mut logits.to_vec(), &[]).unwrap();
    (0..200).map(draw).collect()
}

fn distinct(mut ids: Vec<u32>) -> Vec<u32> {
    ids.sort_unstable();
    ids.dedup();
    ids
}

const LOGITS: [f32; 5] = [0.0, 2.0, 1.0, 1.9, -1.0];

#[test]
fn greedy_takes_the_lowest_of_equals() {
    let mut greedy = Sampler::new(&GenerateOptions::default());
    let mut row = [1.0, 3.0, f32::NEG_INFINITY, 3.0];
    assert_eq!(greedy.sample(&mut row, &[]).unwrap(), 1);
}

#[test]
fn the_seed_decides() {
    let one = drawn(&options(|o| o.seed = 1), &LOGITS);
    assert_eq!(one, drawn(&options(|o| o.seed = 1), &LOGITS));
    assert_ne!(one, drawn(&options(|o| o.seed = 2), &LOGITS));
}

#[test]
fn tokens_come_as_often_as_their_probability_says() {
    let mut sampler = Sampler::new(&options(|o| o.temperature = 2.0));
    let mut counts = [0.0; 5];
    for _ in 0..20_000 {
        counts[sampler.sample(&mut LOGITS.to_vec(), &[]).unwrap() as usize] += 1.0;
    }
    let weights = LOGITS.map(|logit| (f64::from(logit) / 2.0).exp());
    let total: f64 = weights.iter().sum();
    for (count, weight) in counts.into_iter().zip(weights) {
        assert!(
            (count / 20_000.0 - weight / total).abs() < 0.015,
            "{counts:?}"
        );
    }
}

#[test]
fn each_filter_leaves_what_it_should() {
    let ids = |change: fn(&mut GenerateOptions)| distinct(drawn(&options(change), &LOGITS));
    assert_eq!(ids(|o| o.temperature = 5.0), [0, 1, 2, 3, 4]);
    assert_eq!(ids(|o| o.top_k = 2), [1, 3]);
    assert_eq!(ids(|o| o.top_k = 1), [1]);
    assert_eq!(ids(|o| o.top_p = 0.01), [1]);
    assert_eq!(ids(|o| o.min_p = 0.5), [1, 3]);
    assert_eq!(ids(|o| o.min_p = 1.0), [1]);
    assert_eq!(ids(|o| (o.top_k, o.top_p) = (3, 0.6)), [1, 3]);
    assert_eq!(ids(|o| o.temperature = 1e-5), [1]);
}

#[test]
fn the_penalty_counts_an_id_once_in_its_window() {
    let mut greedy = Sampler::new(&GenerateOptions {
        repetition_penalty: 2.0,
        ..GenerateOptions::default()
    });
    assert_eq!(greedy.sample(&mut LOGITS.to_vec(), &[1, 1, 99]).unwrap(), 3);
    let mut row = LOGITS.to_vec();
    greedy.sample(&mut row, &[4, 4]).unwrap();
    assert_eq!(row[4], -2.0);
    let mut long = vec![1];
    long.extend([0; GenerateOptions::PENALTY_WINDOW]);
    assert_eq!(greedy.sample(&mut LOGITS.to_vec(), &long).unwrap(), 1);
}

#[test]
fn the_highest_is_found_wherever_it_stands() {
    for len in [1, 7, 8, RUN - 1, RUN, RUN + 1, 3 * RUN + 13] {
        for at in [0, len / 2, len.saturating_sub(9), len - 1] {
            let mut row = vec![f32::NEG_INFINITY; len];
            row[at] = -5.0;
            assert_eq!(highest(&row).unwrap(), at, "{len}");
            row[at..].fill(2.0);
            assert_eq!(highest(&row).unwrap(), at, "{len}");
            for broken in [f32::NAN, -f32::NAN, f32::INFINITY] {
                row[at] = broken;
                assert!(highest(&row).is_err(), "{len} {at} {broken}");
            }
        }
    }
}

#[test]
fn broken_logits_are_an_error() {
    for row in [
        vec![0.0, f32::NAN],
        vec![f32::INFINITY, 0.0],
        vec![f32::NEG_INFINITY; 2],
        vec![],
    ] {
        for options in [GenerateOptions::default(), options(|_| ())] {
            let error = Sampler::new(&options).sample(&mut row.clone(), &[]);
            assert_eq!(error.unwrap_err().code(), "non_finite");
        }
    }
}

/// The ids that are left by the definitions of the three filters, of these weights.
fn left(options: &GenerateOptions, weights: &[f32]) -> Vec<u32> {
    let weight = |&id: &u32| f64::from(weights[id as usize]);
    let is_left = |id: &u32| weight(id) >= options.min_p.max(f64::from(LEAST));
    let mut ids: Vec<u32> = (0..weights.len() as u32).filter(is_left).collect();
    ids.sort_by(|a, b| weight(b).total_cmp(&weight(a)));
    if options.top_k > 0 {
        ids.truncate(options.top_k);
    }
    if options.top_p < 1.0 {
        let enough = options.top_p * ids.iter().map(weight).sum::<f64>();
        let mut sum = 0.0;
        let below = |id: &&u32| {
            sum += weight(id);
            sum < enough
        };
        let below = ids.iter().take_while(below).count();
        ids.truncate(below + 1);
    }
    ids.sort_unstable();
    ids
}

#[test]
fn of_many_tokens_those_are_left_that_the_filters_define() {
    let mut random = ChaCha8Rng::seed_from_u64(9);
    for len in [1, 6, 1003, 5000] {
        // Many equal ones, and some that cannot be.
        let logit = |at: usize| match at % 7 {
            5 => f32::NEG_INFINITY,
            _ => (0..4)
                .map(|_| (random.next_u32() >> 24) as f32 / 64.0)
                .sum(),
        };
        let logits: Vec<f32> = (0..len).map(logit).collect();
        let possible = len - (len + 1) / 7;
        for temperature in [0.05, 1.0, 3.0, 100.0] {
            for (top_k, top_p, min_p) in [
                (0, 1.0, 0.0),
                (0, 0.9, 0.0),
                (0, 1e-9, 0.0),
                (0, 0.999, 0.0),
                (40, 1.0, 0.0),
                (possible, 1.0, 0.0),
                (possible - 1, 1.0, 0.0),
                (40, 0.8, 0.0),
                (0, 1.0, 0.05),
                (0, 1.0, 1.0),
                (40, 0.95, 0.3),
                (0, 0.9, 0.02),
            ] {
                let options = options(|o| {
                    (o.temperature, o.top_k, o.top_p, o.min_p) = (temperature, top_k, top_p, min_p);
                });
                let mut sampler = Sampler::new(&options);
                sampler.sample(&mut logits.clone(), &[]).unwrap();
                let ids = sampler.candidates.iter().map(|c| c.id).collect();
                assert_eq!(
                    distinct(ids),
                    left(&options, &sampler.weights),
                    "{len} {options:?}"
                );
            }
        }
    }
}

#[test]
fn weights_are_the_exponentials_of_differences() {
    let logits: Vec<f32> = (0..2003).map(|at| at as f32 / 20.0).collect();
    let mut sampler = Sampler::new(&options(|o| o.temperature = 0.5));
    sampler.sample(&mut logits.clone(), &[]).unwrap();
    assert_eq!(sampler.weights[2002..], [1.0, LEAST / 2.0]);
    for (weight, logit) in sampler.weights.iter().zip(&logits) {
        let meant = (f64::from(logit - logits[2002]) / 0.5).exp();
        let meant = meant.max(f64::from(LEAST / 2.0));
        assert!((f64::from(*weight) - meant).abs() < meant * 1e-5, "{logit}");
    }
}
