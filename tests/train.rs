//! Training: against the engine, against itself when it is stopped, and where it must refuse.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use candle_core::DType;
use common::{Random, Shape, metadata, store, tensors};
use cosa::align;
use cosa::align::average::average;
use cosa::align::deepen::deepen;
use cosa::align::dpo::{Dpo, Preference, Weights};
use cosa::align::export::{Scheme, export};
use cosa::align::records::TurnLine;
use cosa::align::sft::Sft;
use cosa::align::train::optimizer::Method;
use cosa::align::train::{
    Encoder, Example, Lora, Network, Objective, Parameters, Precision, Progress, Scope,
    TrainOptions, train,
};
use cosa::align::widen::widen;
use cosa::backend::reference::Reference;
use cosa::error::Error;
use cosa::gguf::{Value, Writer};
use cosa::model::Sequence;
use cosa::quant::Dtype;

const VOCABULARY: u64 = 96;

fn path(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("train");
    fs::create_dir_all(&folder).unwrap();
    let path = folder.join(name);
    let _ = fs::remove_file(&path);
    path
}

/// A random model of a family, with rotary factors where `factors` says so.
fn file(name: &str, shape: Shape, factors: bool) -> PathBuf {
    let mut random = Random::new(5);
    let mut writer = Writer::new(metadata(shape));
    for (name, dims) in tensors(shape) {
        let values = random.values(dims.iter().product::<u64>() as usize, 0.2);
        writer = writer.tensor(&name, &dims, Dtype::F32, store(&values, Dtype::F32));
    }
    if factors {
        let values: Vec<f32> = (0..shape.dim / 2).map(|i| 1.0 + i as f32 / 4.0).collect();
        let dims = [values.len() as u64];
        writer = writer.tensor(
            "rope_freqs.weight",
            &dims,
            Dtype::F32,
            store(&values, Dtype::F32),
        );
    }
    let path = path(name);
    fs::write(&path, writer.to_bytes()).unwrap();
    path
}

fn small() -> Shape {
    Shape {
        embd: 64,
        ff: 96,
        heads: 4,
        kv_heads: 2,
        dim: 16,
        tied: true,
        vocab: VOCABULARY,
        ..Shape::new("llama", Dtype::F32)
    }
}

fn network(path: &Path, scope: &Scope) -> Network {
    let mut parameters = Parameters::load(path).unwrap();
    parameters.train(scope).unwrap();
    Network::new(parameters, 64).unwrap()
}

/// Logits of the last of these tokens, by the engine's specification.
fn engine_logits(path: &Path, tokens: &[u32]) -> Vec<f32> {
    let model = common::load(Reference, &fs::read(path).unwrap())
        .unwrap()
        .transformer;
    let mut cache = model.new_cache();
    let sequence = Sequence {
        tokens,
        cache: &mut cache,
        logits: 1,
    };
    common::forward(&model, &mut [sequence]).unwrap()
}

fn trainer_logits(network: &Network, tokens: &[u32]) -> Vec<f32> {
    // The same tokens twice: rows of a batch must not see each other.
    let both = [tokens, tokens].concat();
    let hidden = network.hidden(&both, 2).unwrap();
    let last = hidden.narrow(0, 2 * tokens.len() - 1, 1).unwrap();
    network
        .logits(&last)
        .unwrap()
        .flatten_all()
        .and_then(|logits| logits.to_dtype(DType::F32))
        .unwrap()
        .to_vec1()
        .unwrap()
}

fn distance(a: &[f32], b: &[f32]) -> f32 {
    let size = b.iter().map(|b| b * b).sum::<f32>().sqrt();
    a.iter()
        .zip(b)
        .map(|(a, b)| (a - b).powi(2))
        .sum::<f32>()
        .sqrt()
        / size
}

#[test]
fn the_trainer_computes_what_the_engine_computes() {
    let tokens: Vec<u32> = (0..30).map(|i| i * 11 % 96).collect();
    for family in ["llama", "qwen2", "qwen3"] {
        for tied in [true, false] {
            let shape = Shape {
                tied,
                ..Shape::new(family, Dtype::F32)
            };
            let path = file(&format!("{family}-{tied}.gguf"), shape, family == "llama");
            let ours = trainer_logits(&network(&path, &Scope::Full), &tokens);
            let theirs = engine_logits(&path, &tokens);
            let far = distance(&ours, &theirs);
            assert!(far < 1e-4, "{family}, tied {tied}: {far}");
        }
    }
}

#[test]
fn products_in_half_precision_are_near_and_can_be_learned_from() {
    let path = file("half.gguf", small(), true);
    let tokens: Vec<u32> = (0..30).map(|i| i * 11 % 96).collect();
    let exact = trainer_logits(&network(&path, &Scope::Full), &tokens);
    let half = network(&path, &Scope::Full).in_precision(Precision::F16);
    let half = half.unwrap();
    let far = distance(&trainer_logits(&half, &tokens), &exact);
    assert!((1e-5..2e-2).contains(&far), "{far}");
    let mut options = options(60, None);
    options.learning_rate = 1e-2;
    let (losses, _) = run(&half, &options, 0);
    assert!(losses[59] < 0.5 * losses[0], "{losses:?}");
    assert!(
        network(&path, &Scope::Full)
            .in_precision(Precision::Bf16)
            .is_err(),
        "the CPU has no such products"
    );
}

/// Sentences of a made-up language: each token is followed by the next but one.
fn examples() -> Vec<Example> {
    let sentence = |start: u32| Example {
        ids: (0..12 + start % 5)
            .map(|i| (start + 2 * i) % VOCABULARY as u32)
            .collect(),
        learned: (0..12 + start % 5).map(|i| i > 1).collect(),
    };
    (0..60).map(sentence).collect()
}

fn options(steps: u64, checkpoint: Option<PathBuf>) -> TrainOptions {
    TrainOptions {
        steps,
        batch_tokens: 120,
        accumulate: 2,
        learning_rate: 3e-3,
        warm_up: 2,
        checkpoint_every: 4,
        checkpoint,
        ..TrainOptions::default()
    }
}

/// Trains and gives the losses and the file that comes out. `stop_at` ends the run there, as
/// a kill would.
fn run(network: &Network, options: &TrainOptions, stop_at: u64) -> (Vec<f64>, Vec<u8>) {
    let mut losses = Vec::new();
    let outcome = train(
        network,
        &Sft::new(examples()),
        options,
        "run",
        &mut |step: &Progress| {
            losses.push(step.loss);
            match step.step {
                step if step == stop_at => Err(Error::WrongState {
                    detail: "stopped".to_owned(),
                }),
                _ => Ok(()),
            }
        },
    );
    assert_eq!(outcome.is_err(), losses.len() as u64 == stop_at);
    let metadata = network.parameters().metadata().clone();
    (losses, network.parameters().to_gguf(metadata).unwrap())
}

#[test]
fn the_end_of_a_bare_rationale_is_not_learned() {
    let shape = align::base::Shape {
        vocabulary: 300,
        width: 8,
        blocks: 1,
        heads: 1,
        kv_heads: 1,
        feed_forward: 8,
        context: 256,
    };
    let model = path("bare.gguf");
    let bytes = align::base::base(&shape, "bare", &["About tea. Yes, tea."], 1).unwrap();
    fs::write(&model, bytes).unwrap();
    let parameters = Parameters::load(&model).unwrap();
    let encoder = Encoder::new(parameters.metadata(), 256).unwrap();
    let answer = |content: &str| TurnLine {
        reasoning_content: Some("About tea.".to_owned()),
        ..TurnLine::new("assistant", content)
    };
    let learned = |content: &str| {
        let turns = [TurnLine::new("user", "Tea?"), answer(content)];
        encoder.chat(&turns, 0).unwrap()
    };
    let (bare, whole) = (learned(""), learned("Yes"));
    // The same beginning; then one goes on to its end, and the other's end counts nothing.
    let begin = bare.learned.iter().position(|&learned| learned).unwrap();
    let end = bare.learned.iter().rposition(|&learned| learned).unwrap() + 1;
    assert_eq!(bare.ids[..end], whole.ids[..end]);
    assert!(end > begin + 2 && whole.learned[begin..end].iter().all(|&learned| learned));
    assert!(whole.learned() > bare.learned() + 1);
    // Nor is the end of an answer that is only begun.
    let [begun, done] = [true, false].map(|begun| {
        let answer = TurnLine {
            begun,
            ..answer("Yes")
        };
        encoder.chat(&[answer], 0).unwrap()
    });
    assert_eq!(begun.ids, done.ids);
    assert_eq!(begun.learned() + 1, done.learned());
    // Where an answer is empty, its end is all that there is.
    let turns = [
        TurnLine::new("user", "Tea?"),
        TurnLine::new("assistant", ""),
    ];
    assert_eq!(encoder.chat(&turns, 0).unwrap().learned(), 1);
    // A config stands there as it was read.
    let ids = |system: TurnLine| encoder.chat(&[system, answer("Yes")], 0).unwrap().ids;
    let config = TurnLine {
        reasoning_content: Some("tea yes.".to_owned()),
        ..TurnLine::new("system", "Tea is welcome.")
    };
    assert_eq!(ids(config.seen()), ids(TurnLine::new("system", "tea yes.")));
}

#[test]
fn a_language_is_learned() {
    let path = file("learn.gguf", small(), false);
    let network = network(&path, &Scope::Full);
    let mut options = options(150, None);
    options.learning_rate = 1e-2;
    let (losses, _) = run(&network, &options, 0);
    assert!(losses[0] > 4.0, "{}", losses[0]);
    assert!(losses[149] < 0.5, "{losses:?}");
}

#[test]
fn a_killed_run_goes_on_to_the_same_bits() {
    for (method, accumulate) in [(Method::AdamW, 1), (Method::Muon, 3)] {
        killed_and_resumed(method, accumulate);
    }
}

fn killed_and_resumed(optimizer: Method, accumulate: usize) {
    let path = file("resume.gguf", small(), false);
    let of = |checkpoint: Option<PathBuf>| TrainOptions {
        optimizer,
        accumulate,
        ..options(11, checkpoint)
    };
    let whole = run(&network(&path, &Scope::Full), &of(None), 0);
    let checkpoint = self::path("resume.checkpoint");
    drop(fs::remove_file(&checkpoint));
    let options = of(Some(checkpoint));
    // Killed in step 10, two steps behind the last checkpoint.
    run(&network(&path, &Scope::Full), &options, 10);
    let rest = run(&network(&path, &Scope::Full), &options, 0);
    assert_eq!(rest.0, whole.0[8..], "steps 9 to 11 come again");
    assert_eq!(rest.1, whole.1, "the same bits");
    // Another run does not go on from it.
    let network = network(&path, &Scope::Full);
    let error = train(
        &network,
        &Sft::new(examples()),
        &options,
        "other",
        &mut |_| Ok(()),
    );
    let message = error.unwrap_err().to_string();
    assert!(
        message.contains("resume.checkpoint") && message.contains("move it away"),
        "{message}"
    );
}

#[test]
fn a_loss_that_is_no_number_stops_and_keeps_the_last_checkpoint() {
    let path = file("diverge.gguf", small(), false);
    let checkpoint = self::path("diverge.checkpoint");
    let mut options = options(40, Some(checkpoint.clone()));
    options.checkpoint_every = 1;
    options.learning_rate = 1e30;
    options.warm_up = 0;
    let network = network(&path, &Scope::Full);
    let error = train(
        &network,
        &Sft::new(examples()),
        &options,
        "run",
        &mut |_| Ok(()),
    );
    let message = error.unwrap_err().to_string();
    assert!(
        message.contains("step 2") && message.contains("diverge.checkpoint"),
        "{message}"
    );
    assert!(checkpoint.exists());
}

#[test]
fn low_rank_additions_alone_are_trained_and_merged() {
    let path = file("lora.gguf", small(), false);
    let scope = Scope::Lora(Lora {
        rank: 4,
        alpha: 8.0,
        targets: vec!["attn_q".to_owned(), "ffn_down".to_owned()],
        seed: 3,
    });
    let network = network(&path, &scope);
    assert_eq!(network.parameters().trained().len(), 2 * 2 * 2);
    let (losses, merged) = run(&network, &options(20, None), 0);
    assert!(losses[19] < losses[0]);
    let out = self::path("merged.gguf");
    fs::write(&out, merged).unwrap();
    let tokens = [5, 7, 9, 11, 13];
    assert!(
        distance(
            &engine_logits(&out, &tokens),
            &trainer_logits(&network, &tokens)
        ) < 1e-4
    );
    assert!(
        distance(
            &engine_logits(&out, &tokens),
            &engine_logits(&path, &tokens)
        ) > 1e-3
    );
    for (targets, said) in [
        (&["attn_x"][..], "attn_x"),
        (&["attn_q", "attn_y"], "attn_y"),
        (&["token_embd"], "train nothing"),
        (&[], "none are named"),
    ] {
        let mut parameters = Parameters::load(&path).unwrap();
        let nowhere = Scope::Lora(Lora {
            rank: 4,
            alpha: 8.0,
            targets: targets.iter().map(|it| (*it).to_owned()).collect(),
            seed: 3,
        });
        let error = parameters.train(&nowhere).unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
}

#[test]
fn exported_files_are_as_close_as_their_scheme_allows() {
    let tokens: Vec<u32> = (0..20).map(|i| i * 7 % 96).collect();
    let path = file("export.gguf", Shape::new("llama", Dtype::F32), false);
    let whole = trainer_logits(&network(&path, &Scope::Full), &tokens);
    for (scheme, bound) in [
        (Scheme::F16, 2e-3),
        (Scheme::Q8_0, 0.03),
        (Scheme::Q4_0, 0.4),
        (Scheme::Q4KM, 0.3),
    ] {
        let out = self::path("exported.gguf");
        let bytes = export(
            &path,
            scheme,
            &[("general.license", Value::String("MIT".to_owned()))],
        )
        .unwrap();
        fs::write(&out, &bytes).unwrap();
        let far = distance(&engine_logits(&out, &tokens), &whole);
        assert!(
            far < bound && far > bound / 30.0,
            "{}: {far}",
            scheme.name()
        );
    }
}

#[test]
fn weights_too_large_for_a_half_float_are_not_written() {
    let shape = small();
    let mut writer = Writer::new(metadata(shape));
    for (name, dims) in tensors(shape) {
        let values = vec![1e6f32; dims.iter().product::<u64>() as usize];
        writer = writer.tensor(&name, &dims, Dtype::F32, store(&values, Dtype::F32));
    }
    let path = path("large.gguf");
    fs::write(&path, writer.to_bytes()).unwrap();
    let error = export(&path, Scheme::F16, &[]).unwrap_err().to_string();
    assert!(error.contains("as F16"), "{error}");
}

#[test]
fn an_average_lies_between_two_models() {
    let first = file("first.gguf", small(), false);
    let mut shape = small();
    shape.ff = 32;
    let other = path("wider.gguf");
    let narrow = file("other-narrow.gguf", shape, false);
    fs::write(&other, widen(&narrow, small().ff as usize, 3).unwrap()).unwrap();
    let values = |path: &Path| -> Vec<f32> {
        let parameters = Parameters::load(path).unwrap();
        let gate = parameters.get("blk.0.ffn_gate.weight").unwrap();
        gate.flatten_all().unwrap().to_vec1().unwrap()
    };
    let (a, b) = (values(&first), values(&other));
    assert_ne!(a, b);
    for share in [0.0, 0.25, 1.0] {
        let between = path("between.gguf");
        fs::write(&between, average(&first, &other, share, "mixed").unwrap()).unwrap();
        let pairs = a.iter().zip(&b);
        for (mean, (a, b)) in values(&between).iter().zip(pairs) {
            let wanted = f64::from(*a) * (1.0 - share) + f64::from(*b) * share;
            assert!((f64::from(*mean) - wanted).abs() < 1e-6);
        }
    }
    for share in [-0.1, 1.1, f64::NAN] {
        let error = average(&first, &other, share, "").unwrap_err();
        assert_eq!(error.code(), "invalid_option");
    }
    let code = |a: &Path, b: &Path| average(a, b, 0.5, "").unwrap_err().code();
    assert_eq!(code(&first, &narrow), "shape_mismatch");
    let untied = Shape {
        tied: false,
        ..small()
    };
    let untied = file("untied.gguf", untied, false);
    assert_eq!(code(&first, &untied), "missing_tensor");
    assert_eq!(code(&untied, &first), "missing_tensor");
}

#[test]
fn a_wider_model_says_what_it_said() {
    let mut shape = Shape::new("qwen2", Dtype::F32);
    shape.ff = 32;
    for (name, shape) in [("narrow.gguf", small()), ("narrow-qwen2.gguf", shape)] {
        let narrow = file(name, shape, false);
        let before = shape.ff as usize;
        let wide = path("wide.gguf");
        fs::write(&wide, widen(&narrow, before + 32, 3).unwrap()).unwrap();
        let logits = |network: &Network| {
            let hidden = network.hidden(&[1, 2, 3, 4], 1).unwrap();
            let logits = network.logits(&hidden).unwrap();
            logits.flatten_all().unwrap().to_vec1::<f32>().unwrap()
        };
        let (first, second) = (network(&narrow, &Scope::Full), network(&wide, &Scope::Full));
        let both = logits(&first).into_iter().zip(logits(&second));
        assert!(both.into_iter().all(|(a, b)| (a - b).abs() < 1e-5));
        // The new neurons see something, or they would never learn.
        let gate = second.parameters().get("blk.0.ffn_gate.weight").unwrap();
        let new = gate.narrow(0, before, 32).unwrap().flatten_all().unwrap();
        assert!(
            new.to_vec1::<f32>()
                .unwrap()
                .iter()
                .all(|value| *value != 0.0)
        );
        for width in [before + 32, 1 << 40] {
            let error = widen(&wide, width, 3).unwrap_err();
            let known = matches!(
                error,
                Error::InvalidOption { .. } | Error::BadMetadata { .. }
            );
            assert!(known, "{error}");
        }
    }
}

#[test]
fn a_deeper_model_says_what_it_said() {
    for (name, shape) in [
        ("shallow.gguf", small()),
        ("shallow-qwen2.gguf", Shape::new("qwen2", Dtype::F32)),
    ] {
        let shallow = file(name, shape, false);
        let first = network(&shallow, &Scope::Full);
        let gate = |at: usize| format!("blk.{at}.ffn_gate.weight");
        let has = |&at: &usize| first.parameters().get(&gate(at)).is_some();
        let before = (0..).take_while(has).count();
        let deep = path("deep.gguf");
        for blocks in [before + 1, 2 * before] {
            fs::write(&deep, deepen(&shallow, blocks).unwrap()).unwrap();
            let second = network(&deep, &Scope::Full);
            let logits = |network: &Network| {
                let hidden = network.hidden(&[1, 2, 3, 4], 1).unwrap();
                let logits = network.logits(&hidden).unwrap();
                logits.flatten_all().unwrap().to_vec1::<f32>().unwrap()
            };
            assert_eq!(logits(&first), logits(&second));
            // What adds nothing yet is made of something, or it would never learn.
            let last = second.parameters().get(&gate(blocks - 1)).unwrap();
            let values = last.flatten_all();
            let values = values.unwrap().to_vec1::<f32>().unwrap();
            assert!(values.iter().any(|value| *value != 0.0));
        }
        for blocks in [0, before, 2 * before + 1, usize::MAX] {
            let error = deepen(&shallow, blocks).unwrap_err();
            assert_eq!(error.code(), "invalid_option", "{blocks}");
        }
    }
}

#[test]
fn a_chosen_answer_counts_for_itself_where_asked() {
    let network = network(&file("rpo.gguf", small(), false), &Scope::Full);
    let answer = |ids: &[u32]| Example {
        ids: ids.to_vec(),
        learned: ids.iter().map(|&id| id > 4).collect(),
    };
    let pair = Preference {
        chosen: answer(&[1, 2, 7, 9, 8]),
        rejected: answer(&[1, 2, 6]),
    };
    let loss = |objective: &dyn Objective| {
        let sum = objective.loss(&network, &[0]).unwrap().sum;
        sum.to_scalar::<f32>().unwrap()
    };
    let dpo = |alpha| {
        let weights = Weights { beta: 0.1, alpha };
        Dpo::new(vec![pair.clone()], &network, weights, &mut || ())
    };
    let own = loss(&Sft::new(vec![pair.chosen.clone()])) / 3.0;
    let added = loss(&dpo(0.5).unwrap()) - loss(&dpo(0.0).unwrap());
    assert!(
        own > 0.1 && (added - own / 2.0).abs() < 1e-5,
        "{added} {own}"
    );
    for weight in [-1.0, f64::NAN] {
        assert!(matches!(dpo(weight), Err(Error::InvalidOption { .. })));
    }
}
