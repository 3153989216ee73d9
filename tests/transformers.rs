//! Models as the Transformers library saves them, against candle-transformers and tokenizers,
//! which read such folders themselves.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod common;

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::models::{llama, qwen2, qwen3};
use common::{Random, relative_error};
use cosa::align::export::{Scheme, export};
use cosa::align::train::{Network, Parameters};
use cosa::backend::reference::Reference;
use cosa::gguf::Value as GgufValue;
use cosa::model::Sequence;
use cosa::text::Tokenizer;
use serde_json::{Value, json};
use tokenizers::pre_tokenizers::byte_level::ByteLevel;

const VOCABULARY: usize = 300;
const LLAMA3: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

fn folder(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
        .join("transformers")
        .join(name);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).unwrap();
    path
}

fn config(family: &str, head: usize, tied: bool) -> Value {
    json!({
        "model_type": family, "hidden_size": 64, "intermediate_size": 96, "head_dim": head,
        "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
        "vocab_size": VOCABULARY, "rms_norm_eps": 1e-5, "rope_theta": 10000.0,
        "max_position_embeddings": 128, "tie_word_embeddings": tied, "hidden_act": "silu",
        "attention_bias": false, "sliding_window": 4096, "use_sliding_window": false,
        "max_window_layers": 2
    })
}

/// Random weights under the library's names.
fn weights(family: &str, head: usize, tied: bool, dtype: DType) -> HashMap<String, Tensor> {
    let (q, kv) = (4 * head, 2 * head);
    let mut shapes: Vec<(String, Vec<usize>)> = vec![
        ("model.embed_tokens.weight".to_owned(), vec![VOCABULARY, 64]),
        ("model.norm.weight".to_owned(), vec![64]),
    ];
    if !tied {
        shapes.push(("lm_head.weight".to_owned(), vec![VOCABULARY, 64]));
    }
    for layer in 0..2 {
        let mut block = vec![
            ("input_layernorm.weight", vec![64]),
            ("post_attention_layernorm.weight", vec![64]),
            ("self_attn.q_proj.weight", vec![q, 64]),
            ("self_attn.k_proj.weight", vec![kv, 64]),
            ("self_attn.v_proj.weight", vec![kv, 64]),
            ("self_attn.o_proj.weight", vec![64, q]),
            ("mlp.gate_proj.weight", vec![96, 64]),
            ("mlp.up_proj.weight", vec![96, 64]),
            ("mlp.down_proj.weight", vec![64, 96]),
        ];
        match family {
            "qwen2" => block.extend([
                ("self_attn.q_proj.bias", vec![q]),
                ("self_attn.k_proj.bias", vec![kv]),
                ("self_attn.v_proj.bias", vec![kv]),
            ]),
            "qwen3" => block.extend([
                ("self_attn.q_norm.weight", vec![head]),
                ("self_attn.k_norm.weight", vec![head]),
            ]),
            _ => {}
        }
        let full = |(name, shape)| (format!("model.layers.{layer}.{name}"), shape);
        shapes.extend(block.into_iter().map(full));
    }
    let mut random = Random::new(7);
    let tensor = |(name, shape): (String, Vec<usize>)| {
        let values = random.values(shape.iter().product(), 0.3);
        let values = Tensor::from_vec(values, shape, &Device::Cpu).unwrap();
        (name, values.to_dtype(dtype).unwrap())
    };
    shapes.into_iter().map(tensor).collect()
}

/// A small byte-level vocabulary with some merges, and how text is cut before them.
fn tokenizer(pre: &Value, begins: bool) -> Value {
    let mut tokens: Vec<String> = ByteLevel::alphabet().iter().map(char::to_string).collect();
    tokens.sort();
    let merges = [
        "h e",
        "l l",
        "he ll",
        "hell o",
        "\u{120} w",
        "\u{120}w o",
        "1 2",
        "12 3",
        "' s",
    ];
    tokens.extend(merges.map(|merge| merge.replace(' ', "")));
    let vocab: HashMap<&str, usize> = (tokens.iter().zip(0..))
        .map(|(token, id)| (&**token, id))
        .collect();
    let special = |id: usize, content: &str, special: bool| {
        json!({"id": id, "content": content, "special": special, "single_word": false,
               "lstrip": false, "rstrip": false, "normalized": false})
    };
    let processor = json!({
        "type": "TemplateProcessing",
        "single": [{"SpecialToken": {"id": "<|begin|>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
        "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
        "special_tokens": {"<|begin|>": {"id": "<|begin|>", "ids": [290], "tokens": ["<|begin|>"]}}
    });
    json!({
        "version": "1.0", "truncation": null, "padding": null, "normalizer": null,
        "added_tokens": [special(290, "<|begin|>", true), special(291, "<|end|>", true), special(292, "<think>", false)],
        "pre_tokenizer": pre,
        "post_processor": if begins { processor } else { Value::Null },
        "decoder": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
        "model": {"type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null,
                  "end_of_word_suffix": null, "fuse_unk": false, "byte_fallback": false,
                  "ignore_merges": begins, "vocab": vocab, "merges": merges}
    })
}

fn byte_level(use_regex: bool) -> Value {
    json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": use_regex})
}

fn split(pattern: &str) -> Value {
    let split = json!({"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": false});
    json!({"type": "Sequence", "pretokenizers": [split, byte_level(false)]})
}

fn write(folder: &Path, name: &str, value: &Value) {
    fs::write(folder.join(name), value.to_string()).unwrap();
}

fn write_tokenizer(folder: &Path, pre: &Value, begins: bool) {
    write(folder, "tokenizer.json", &tokenizer(pre, begins));
    let settings = json!({
        "bos_token": "<|begin|>", "eos_token": {"content": "<|end|>"},
        "chat_template": [{"name": "other", "template": "no"}, {"name": "default", "template": "{{ messages[0].content }}"}]
    });
    write(folder, "tokenizer_config.json", &settings);
}

/// The logits of the last token, by candle-transformers from the same folder's files.
fn candle(config: &Value, weights: &HashMap<String, Tensor>, tokens: &[u32]) -> Vec<f32> {
    let weights = weights
        .iter()
        .map(|(name, tensor)| (name.clone(), tensor.to_dtype(DType::F32).unwrap()));
    let vars = VarBuilder::from_tensors(weights.collect(), DType::F32, &Device::Cpu);
    let x = Tensor::new(tokens, &Device::Cpu)
        .unwrap()
        .unsqueeze(0)
        .unwrap();
    let logits = match config["model_type"].as_str().unwrap() {
        "llama" => {
            let config: llama::LlamaConfig = serde_json::from_value(config.clone()).unwrap();
            let config = config.into_config(false);
            let mut cache = llama::Cache::new(false, DType::F32, &config, &Device::Cpu).unwrap();
            let model = llama::Llama::load(vars, &config).unwrap();
            model.forward(&x, 0, &mut cache)
        }
        "qwen2" => {
            let config = serde_json::from_value(config.clone()).unwrap();
            qwen2::ModelForCausalLM::new(&config, vars)
                .unwrap()
                .forward(&x, 0)
        }
        _ => {
            let config = serde_json::from_value(config.clone()).unwrap();
            qwen3::ModelForCausalLM::new(&config, vars)
                .unwrap()
                .forward(&x, 0)
        }
    };
    logits.unwrap().flatten_all().unwrap().to_vec1().unwrap()
}

/// The same by the trainer, and by the engine from the exported file.
fn ours(folder: &Path, tokens: &[u32]) -> [Vec<f32>; 2] {
    let network = Network::new(Parameters::load(folder).unwrap(), 64).unwrap();
    let hidden = network.hidden(tokens, 1).unwrap();
    let last = hidden.narrow(0, tokens.len() - 1, 1).unwrap();
    let trained = network.logits(&last).unwrap().flatten_all().unwrap();
    let file = export(folder, Scheme::F16, &[]).unwrap();
    let model = common::load(Reference, &file).unwrap().transformer;
    let mut cache = model.new_cache();
    let sequence = Sequence {
        tokens,
        cache: &mut cache,
        logits: 1,
    };
    [
        trained.to_vec1().unwrap(),
        common::forward(&model, &mut [sequence]).unwrap(),
    ]
}

#[test]
fn folders_of_every_family_compute_what_candle_computes() {
    let tokens: Vec<u32> = (0..40).map(|i| i * 37 % VOCABULARY as u32).collect();
    let stretched = json!({"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0,
        "high_freq_factor": 4.0, "original_max_position_embeddings": 16});
    for (name, family, head, tied, dtype, scaling) in [
        ("llama", "llama", 16, false, DType::F32, None),
        ("llama3", "llama", 16, true, DType::BF16, Some(stretched)),
        ("qwen2", "qwen2", 16, false, DType::F16, None),
        ("qwen3", "qwen3", 24, true, DType::BF16, None),
    ] {
        let folder = folder(name);
        let mut config = config(family, head, tied);
        if let Some(scaling) = scaling {
            config["rope_scaling"] = scaling;
        }
        let weights = weights(family, head, tied, dtype);
        write(&folder, "config.json", &config);
        write_tokenizer(&folder, &byte_level(true), false);
        if family == "qwen3" {
            save_in_shards(&folder, &weights);
        } else {
            candle_core::safetensors::save(&weights, folder.join("model.safetensors")).unwrap();
        }
        let expected = candle(&config, &weights, &tokens);
        let [trained, exported] = ours(&folder, &tokens);
        let (exact, near) = (
            relative_error(&trained, &expected),
            relative_error(&exported, &expected),
        );
        assert!(exact < 1e-4 && near < 5e-3, "{name}: {exact} and {near}");
    }
}

fn save_in_shards(folder: &Path, weights: &HashMap<String, Tensor>) {
    let mut shards = [HashMap::new(), HashMap::new()];
    let mut map = HashMap::new();
    for (at, (name, tensor)) in weights.iter().enumerate() {
        shards[at % 2].insert(name.clone(), tensor.clone());
        map.insert(name.clone(), format!("model-{}.safetensors", at % 2));
    }
    for (at, shard) in shards.iter().enumerate() {
        candle_core::safetensors::save(shard, folder.join(format!("model-{at}.safetensors")))
            .unwrap();
    }
    write(
        folder,
        "model.safetensors.index.json",
        &json!({"metadata": {}, "weight_map": map}),
    );
}

#[test]
fn text_becomes_the_tokens_that_the_tokenizers_library_finds() {
    let qwen2 = LLAMA3.replace("{1,3}", "");
    let digits = json!({"type": "Digits", "individual_digits": true});
    let texts = [
        "hello world's 12345 hello",
        "  hello\n\n  world \t 123 4 'S 's",
        "Grüße, мир! 你好 🍷 e\u{301}",
        "",
        "\r\n hello123hello...\n",
    ];
    for (name, pre, begins) in [
        ("gpt-2", byte_level(true), false),
        (
            "smollm",
            json!({"type": "Sequence", "pretokenizers": [digits, byte_level(true)]}),
            false,
        ),
        ("llama-bpe", split(LLAMA3), true),
        ("qwen2", split(&qwen2), false),
    ] {
        let folder = folder(&format!("tokenizer-{name}"));
        write(&folder, "config.json", &config("llama", 16, true));
        let weights = weights("llama", 16, true, DType::F32);
        candle_core::safetensors::save(&weights, folder.join("model.safetensors")).unwrap();
        write_tokenizer(&folder, &pre, begins);
        let parameters = Parameters::load(&folder).unwrap();
        let metadata = parameters.metadata();
        // Written with 32 bits; other runtimes refuse 64.
        for key in ["attention.layer_norm_rms_epsilon", "rope.freq_base"] {
            let value = metadata.get(&format!("llama.{key}"));
            let is_short = |value: f64| f64::from(value as f32).to_bits() == value.to_bits();
            assert!(
                matches!(value, Some(GgufValue::Float(value)) if is_short(*value)),
                "{key}"
            );
        }
        assert_eq!(metadata.opt_str("tokenizer.ggml.pre").unwrap(), Some(name));
        assert_eq!(
            metadata.opt_u32("tokenizer.ggml.eos_token_id").unwrap(),
            Some(291)
        );
        let template = metadata.opt_str("tokenizer.chat_template").unwrap();
        assert_eq!(template, Some("{{ messages[0].content }}"));
        let own = Tokenizer::from_metadata(metadata).unwrap();
        let theirs: tokenizers::Tokenizer = tokenizer(&pre, begins).to_string().parse().unwrap();
        for text in texts {
            let expected = theirs.encode(text, true).unwrap();
            assert_eq!(
                own.encode_document(text).unwrap(),
                expected.get_ids(),
                "{name}: {text:?}"
            );
        }
    }
}

#[test]
fn what_cannot_be_read_is_named() {
    let folder = folder("bad");
    let fails = |part: &str| {
        let error = Parameters::load(&folder).unwrap_err().to_string();
        assert!(error.contains(part), "{error} lacks {part}");
    };
    fails("config.json");
    write(&folder, "config.json", &json!({"model_type": "llama"}));
    fails("hidden_size");
    let mut config = config("gemma", 16, true);
    write(&folder, "config.json", &config);
    fails("model_type \"gemma\" is not supported");
    config["model_type"] = "llama".into();
    config["rope_scaling"] = json!({"rope_type": "yarn", "factor": 4.0});
    write(&folder, "config.json", &config);
    fails("yarn");
    config["rope_scaling"] = Value::Null;
    write(&folder, "config.json", &config);
    fails("tokenizer.json");
    write_tokenizer(&folder, &split("[a-z]+"), false);
    fails("pre-tokenizer is not supported");
    write_tokenizer(&folder, &byte_level(false), false);
    fails("pre-tokenizer is not supported");
    write_tokenizer(&folder, &byte_level(true), false);
    fails("model.safetensors.index.json");
    fs::write(folder.join("model.safetensors"), [0xff; 40]).unwrap();
    fails("model.safetensors");
    let mut weights = weights("llama", 16, true, DType::F32);
    let odd = Tensor::zeros(3, DType::F32, &Device::Cpu).unwrap();
    weights.insert(
        "model.layers.0.self_attn.q_proj.weight".to_owned(),
        odd.clone(),
    );
    let path = folder.join("model.safetensors");
    candle_core::safetensors::save(&weights, &path).unwrap();
    fails("q_proj.weight: 3 rows are no 4 heads");
    weights.insert("model.layers.0.mixer.weight".to_owned(), odd);
    weights.remove("model.layers.0.self_attn.q_proj.weight");
    candle_core::safetensors::save(&weights, &path).unwrap();
    fails("mixer.weight: no tensor of the families");
}
