//! What is written is read, and real files are read as candle's reader reads them.

use std::path::{Path, PathBuf};

use candle_core::quantized::gguf_file::Content;
use cosa::gguf::{Header, Metadata, Value, Writer, read_path, shard_paths};
use cosa::quant::Dtype;

use crate::raw::Raw;
use crate::{Events, read_whole, sample, sample_metadata};

#[test]
fn what_is_written_is_read() {
    let (events, result) = read_whole(&sample());
    assert_eq!(result, Ok(()));
    let header = events.header.unwrap();
    assert_eq!(header.version, 3);
    assert_eq!(header.metadata, sample_metadata());
    let names: Vec<&str> = header.tensors.iter().map(|t| &*t.name).collect();
    assert_eq!(names, ["a.weight", "b.bias", "c"]);
    assert_eq!(header.tensors[2].shape, [2, 2, 2, 4]);
    assert_eq!(header.tensors[0].dtype, Dtype::Q4_0);
    for (info, bytes) in events.tensors {
        assert!(info.offset.is_multiple_of(32));
        assert_eq!(bytes, (0..info.bytes as u8).collect::<Vec<u8>>());
    }
}

#[test]
fn every_type_of_tensor() {
    for dtype in Dtype::ALL {
        let row = dtype.row_bytes(512).unwrap();
        let file = Writer::new(Metadata::default())
            .tensor("t", &[512, 3], dtype, vec![7; row as usize * 3])
            .to_bytes();
        let (events, result) = read_whole(&file);
        assert_eq!(result, Ok(()), "{dtype}");
        assert_eq!(events.tensors[0].0.dtype, dtype);
    }
}

#[test]
fn every_width_of_integer() {
    let kinds: [(u32, &[u8], Value); 6] = [
        (0, &[0xff], Value::Uint(255)),
        (1, &[0xff], Value::Int(-1)),
        (2, &[0xfe, 0xff], Value::Uint(65_534)),
        (3, &[0xfe, 0xff], Value::Int(-2)),
        (10, &[1, 0, 0, 0, 0, 0, 0, 0x80], Value::Uint((1 << 63) + 1)),
        (
            11,
            &[0xfd, 255, 255, 255, 255, 255, 255, 255],
            Value::Int(-3),
        ),
    ];
    for (kind, bytes, value) in kinds {
        let raw = Raw::new(0, 1).key("k", kind).bytes(bytes);
        let (events, result) = read_whole(&raw.0);
        assert_eq!(result, Ok(()));
        assert_eq!(events.header.unwrap().metadata.get("k"), Some(&value));
    }
    let array = Raw::new(0, 1)
        .key("k", 9)
        .u32(3)
        .u64(2)
        .bytes(&[1, 0, 0xff, 0xff]);
    let header = read_whole(&array.0).0.header.unwrap();
    assert_eq!(header.metadata.get("k"), Some(&Value::Ints(vec![1, -1])));
}

#[test]
fn real_files() {
    for name in [
        "conformance/stories260K.gguf",
        "conformance/vocab/ggml-vocab-gpt-2.gguf",
        "conformance/vocab/ggml-vocab-llama-spm.gguf",
        "conformance/vocab/ggml-vocab-phi-3.gguf",
        "models/cosa-proto.gguf",
    ] {
        let path = shared().join(name);
        if !path.is_file() {
            println!("skipped: {} (not there)", path.display());
            continue;
        }
        let mut events = Events::default();
        assert_eq!(read_path(&path, &mut events), Ok(()), "{name}");
        let header = events.header.as_ref().unwrap();
        assert_eq!(events.tensors.len(), header.tensors.len());
        let tokens = header.metadata.opt_strings("tokenizer.ggml.tokens");
        assert!(tokens.unwrap().unwrap().len() >= 512, "{name}");
        assert_candle_agrees(header, &path);
        let whole = read_whole(&std::fs::read(&path).unwrap());
        assert_eq!(whole, (events, Ok(())), "{name}");
    }
}

fn assert_candle_agrees(header: &Header, path: &Path) {
    let mut file = std::fs::File::open(path).unwrap();
    let content = Content::read(&mut file).unwrap();
    assert_eq!(content.metadata.len(), header.metadata.0.len());
    assert!(
        content
            .metadata
            .keys()
            .all(|key| header.metadata.get(key).is_some())
    );
    assert_eq!(content.tensor_infos.len(), header.tensors.len());
    for info in &header.tensors {
        let theirs = &content.tensor_infos[&info.name];
        assert_eq!(content.tensor_data_offset + theirs.offset, info.offset);
        let mut shape: Vec<u64> = theirs.shape.dims().iter().map(|d| *d as u64).collect();
        shape.reverse();
        assert_eq!(shape, info.shape, "{}", info.name);
    }
}

#[test]
fn shards_are_found_beside_one_another() {
    let dir = std::env::temp_dir().join(format!("cosa-shards-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let shard = |n: u32| dir.join(format!("m-{n:05}-of-00002.gguf"));
    std::fs::write(shard(1), sample()).unwrap();
    let missing = shard_paths(&shard(1)).unwrap_err();
    std::fs::write(shard(2), sample()).unwrap();
    let found = shard_paths(&shard(2));
    let impossible = shard_paths(&shard(3)).unwrap_err();
    let absent = read_path(&dir.join("absent.gguf"), &mut Events::default());
    std::fs::remove_dir_all(&dir).unwrap();
    assert!(missing.to_string().contains("shard 2 of 2"), "{missing}");
    assert_eq!(found, Ok(vec![shard(1), shard(2)]));
    assert_eq!(impossible.code(), "io");
    assert_eq!(absent.unwrap_err().code(), "io");
    let single = Path::new("model.gguf");
    assert_eq!(shard_paths(single), Ok(vec![single.to_owned()]));
}

fn shared() -> PathBuf {
    match std::env::var_os("COSA_SHARED") {
        Some(path) => path.into(),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"),
    }
}
