use std::io::Write as _;
use std::path::Path;

use isovox_volume::{FrameAxis, Header, Kind, QuantityKind, Result, Run, Space, Type};
use serde_json::{Value, json};

use super::Zarr;
use crate::format::{Format, Scan, Target};
use crate::input::Input;
use crate::open::{OpenOptions, open};

fn voxels(scan: &Scan) -> Result<Vec<u8>> {
    let (run, source) = (Run::here(), &scan.source);
    let mut out = Vec::new();
    for frame in 0..source.header().frames.count {
        let mut cursor = source.open(&run, frame, 0..source.header().nz())?;
        for z in 0..source.header().nz() {
            out.extend_from_slice(cursor.pull(z..z + 1)?.data.bytes());
        }
    }
    Ok(out)
}

/// A folder with files in it.
fn store(files: &[(&str, Vec<u8>)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    folder
}

fn opened(path: &Path) -> Result<Scan> {
    open(&[path.to_path_buf()], &OpenOptions::default())
}

fn bytes(value: &Value) -> Vec<u8> {
    value.to_string().into_bytes()
}

/// Version 2, of 3 x 4 x 5 in chunks of 2 x 3 x 4: 60 values that count up.
fn two(compressor: &Value, pack: impl Fn(&[u8]) -> Vec<u8>) -> Vec<(String, Vec<u8>)> {
    let meta = json!({"zarr_format": 2, "shape": [3, 4, 5], "chunks": [2, 3, 4], "dtype": "|u1", "compressor": compressor, "fill_value": 7, "order": "C", "filters": null});
    let mut files = vec![(".zarray".to_string(), bytes(&meta))];
    for (z, y, x) in (0..2).flat_map(|z| (0..2).flat_map(move |y| (0..2).map(move |x| (z, y, x)))) {
        let value = |k: usize, j: usize, i: usize| if k < 3 && j < 4 && i < 5 { ((k * 4 + j) * 5 + i) as u8 } else { 99 };
        let chunk: Vec<u8> = (0..24).map(|n| value(z * 2 + n / 12, y * 3 + n / 4 % 3, x * 4 + n % 4)).collect();
        files.push((format!("{z}.{y}.{x}"), pack(&chunk)));
    }
    files
}

fn write(files: &[(String, Vec<u8>)]) -> tempfile::TempDir {
    store(&files.iter().map(|(n, b)| (n.as_str(), b.clone())).collect::<Vec<_>>())
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut e = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
    e.write_all(bytes).unwrap();
    e.finish().unwrap()
}

/// A container of one block of 24 bytes, unsplit, packed by zstd.
fn blosc(bytes: &[u8]) -> Vec<u8> {
    let packed = zstd::encode_all(bytes, 3).unwrap();
    let head = [&[2, 1, 0x10 | 4 << 5, 1][..], &24u32.to_le_bytes(), &24u32.to_le_bytes(), &(24 + packed.len() as u32).to_le_bytes(), &20u32.to_le_bytes()].concat();
    [head, (packed.len() as u32).to_le_bytes().to_vec(), packed].concat()
}

#[test]
fn chunks_of_version_two_in_every_packing() {
    let ramp: Vec<u8> = (0..60).collect();
    for files in [
        two(&json!(null), <[u8]>::to_vec),
        two(&json!({"id": "gzip"}), gzip),
        two(&json!({"id": "zstd"}), |b| zstd::encode_all(b, 3).unwrap()),
        two(&json!({"id": "blosc"}), blosc),
    ] {
        let folder = write(&files);
        let scan = opened(folder.path()).unwrap();
        let h = scan.source.header();
        assert_eq!((scan.format, h.shape, h.voxel, h.geometry.space()), ("zarr", [3, 4, 5], Type::U8, Space::Voxel));
        assert_eq!((voxels(&scan).unwrap(), scan.files.len()), (ramp.clone(), 9));
        // What is not stored is the fill value.
        std::fs::remove_file(folder.path().join("1.1.1")).unwrap();
        assert_eq!(voxels(&opened(folder.path()).unwrap()).unwrap()[59], 7);
        // What is cut off is an error.
        let whole = std::fs::read(folder.path().join("0.0.0")).unwrap();
        for length in 0..whole.len() {
            std::fs::write(folder.path().join("0.0.0"), &whole[..length]).unwrap();
            assert!(voxels(&opened(folder.path()).unwrap()).is_err(), "{length} of {} bytes", whole.len());
        }
    }
}

/// Version 3 metadata of an array.
fn three(shape: &Value, chunk: &Value, kind: &str, codecs: &Value) -> Value {
    json!({"zarr_format": 3, "node_type": "array", "shape": shape, "data_type": kind, "fill_value": 0, "codecs": codecs, "attributes": {},
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": chunk}}, "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}}})
}

fn little() -> Value {
    json!({"name": "bytes", "configuration": {"endian": "little"}})
}

#[test]
fn shards_hold_their_chunks_behind_an_index() {
    let inner = json!([little(), {"name": "gzip", "configuration": {"level": 1}}]);
    let sharding = json!([{"name": "sharding_indexed", "configuration": {"chunk_shape": [1, 2, 2], "codecs": inner, "index_codecs": [little()], "index_location": "end"}}]);
    let (one, three_) = (gzip(&[1, 2, 3, 4]), gzip(&[5, 6, 7, 8]));
    let missing = u64::MAX.to_le_bytes();
    let place = |from: usize, length: usize| [(from as u64).to_le_bytes(), (length as u64).to_le_bytes()].concat();
    let index = [place(0, one.len()), [missing, missing].concat(), place(one.len(), three_.len()), [missing, missing].concat()].concat();
    let shard = [one.clone(), three_, index].concat();
    let meta = bytes(&three(&json!([2, 2, 4]), &json!([2, 2, 4]), "uint8", &sharding));
    let folder = store(&[("zarr.json", meta.clone()), ("c/0/0/0", shard.clone())]);
    let scan = opened(folder.path()).unwrap();
    assert_eq!(voxels(&scan).unwrap(), [1, 2, 0, 0, 3, 4, 0, 0, 5, 6, 0, 0, 7, 8, 0, 0]);
    for at in 0..shard.len() {
        let mut damaged = shard.clone();
        damaged[at] ^= 0x41;
        let folder = store(&[("zarr.json", meta.clone()), ("c/0/0/0", damaged)]);
        let _ = voxels(&opened(folder.path()).unwrap());
        let folder = store(&[("zarr.json", meta.clone()), ("c/0/0/0", shard[..at].to_vec())]);
        assert!(voxels(&opened(folder.path()).unwrap()).is_err(), "{at}");
    }
}

/// An OME-Zarr 0.5 group of an array of two frames, changed by a key.
fn image(change: impl Fn(&mut Value)) -> tempfile::TempDir {
    let axes = json!([{"name": "t", "type": "time", "unit": "second"}, {"name": "z", "type": "space", "unit": "micrometer"}, {"name": "y", "type": "space", "unit": "millimeter"}, {"name": "x", "type": "space", "unit": "millimeter"}]);
    let transforms = json!([{"type": "scale", "scale": [2.0, 5.0, 0.5, 0.25]}, {"type": "translation", "translation": [1.0, 10.0, 0.0, -1.0]}]);
    let multiscales = json!([{"axes": axes, "datasets": [{"path": "a/0", "coordinateTransformations": transforms}, {"path": "1"}]}]);
    let mut group = json!({"zarr_format": 3, "node_type": "group", "attributes": {"ome": {"version": "0.5", "multiscales": multiscales}}});
    change(&mut group);
    let array = three(&json!([2, 1, 2, 2]), &json!([1, 1, 2, 2]), "int16", &json!([{"name": "bytes", "configuration": {"endian": "big"}}]));
    store(&[("zarr.json", bytes(&group)), ("a/0/zarr.json", bytes(&array)), ("a/0/c/0/0/0/0", vec![0, 1, 0, 2, 0, 3, 255, 255]), ("a/0/c/1/0/0/0", vec![1, 0, 0, 0, 0, 0, 0, 9])])
}

#[test]
fn an_image_lies_where_its_full_size_says() {
    let folder = image(|_| ());
    let scan = opened(folder.path()).unwrap();
    let h = scan.source.header();
    assert_eq!((h.shape, h.frames.count, h.frames.axis, h.frames.values.as_slice()), ([1, 2, 2], 2, FrameAxis::Time, &[1.0, 3.0][..]));
    assert_eq!((h.geometry.space(), h.geometry.spacing(), h.geometry.origin()), (Space::Local, Some([0.25, 0.5, 0.005]), Some([-1.0, 0.0, 0.01])));
    assert!(h.warnings[0].contains("reduced"));
    let native: Vec<u8> = [1i16, 2, 3, -1, 256, 0, 0, 9].iter().flat_map(|v| v.to_ne_bytes()).collect();
    assert_eq!(voxels(&scan).unwrap(), native);
    let labels = image(|g| g["attributes"]["ome"]["image-label"] = json!({}));
    assert_eq!(opened(labels.path()).unwrap().source.header().quantity.kind, QuantityKind::Label);
    let unitless = image(|g| drop(g["attributes"]["ome"]["multiscales"][0]["axes"][1].as_object_mut().unwrap().remove("unit")));
    let scan = opened(unitless.path()).unwrap();
    assert!(scan.source.header().geometry.space() == Space::Voxel && scan.source.header().warnings[0].contains("unit"));
}

#[test]
fn what_is_not_read_is_refused_by_name() {
    let check = |change: &dyn Fn(&mut Value), kind: Kind, word: &str| {
        let error = opened(image(change).path()).map(|_| ()).expect_err(word);
        assert!(error.kind() == kind && error.to_string().contains(word), "{:?} {error}", error.kind());
    };
    check(&|g| g["attributes"]["ome"]["version"] = json!("0.6.dev3"), Kind::Unsupported, "0.6.dev3");
    check(&|g| g["attributes"]["ome"]["multiscales"][0]["axes"][1]["name"] = json!("x"), Kind::Unsupported, "order");
    check(&|g| g["attributes"]["ome"]["multiscales"][0]["axes"].as_array_mut().unwrap().truncate(3), Kind::Corrupt, "scale");
    check(&|g| g["attributes"]["ome"]["multiscales"][0]["datasets"][0]["coordinateTransformations"][0]["type"] = json!("rotation"), Kind::Unsupported, "rotation");
    check(&|g| g["attributes"]["ome"]["multiscales"][0]["datasets"][0]["path"] = json!("../b"), Kind::Corrupt, "../b");
    check(&|g| g["attributes"]["ome"]["multiscales"][0]["datasets"][0]["path"] = json!("b"), Kind::NotFound, "b");
    check(&|g| g["attributes"] = json!({"ome": {"plate": {}}}), Kind::Unsupported, "plate");
    check(&|g| g["attributes"] = json!({}), Kind::Unsupported, "group");
    let array = |change: &dyn Fn(&mut Value), kind: Kind, word: &str| {
        let mut meta = three(&json!([2, 2, 2]), &json!([2, 2, 2]), "uint8", &json!([little()]));
        change(&mut meta);
        let folder = store(&[("zarr.json", bytes(&meta)), ("c/0/0/0", vec![1; 8])]);
        let error = opened(folder.path()).and_then(|s| voxels(&s)).expect_err(word);
        assert!(error.kind() == kind && error.to_string().contains(word), "{:?} {error}", error.kind());
    };
    array(&|m| m["data_type"] = json!("float16"), Kind::Unsupported, "float16");
    array(&|m| m["shape"] = json!([2, 2]), Kind::Corrupt, "numbers");
    array(&|m| m["shape"] = json!([2, 0, 2]), Kind::Corrupt, "shape");
    array(&|m| m["shape"] = json!([1u64 << 40, 1u64 << 40, 2]), Kind::Unsupported, "small chunks");
    array(&|m| m["chunk_grid"]["configuration"]["chunk_shape"] = json!([1u64 << 40, 1u64 << 40, 2]), Kind::Corrupt, "chunks");
    array(&|m| m["chunk_grid"]["configuration"]["chunk_shape"] = json!([1u64 << 30, 2, 2]), Kind::Corrupt, "chunk");
    array(&|m| m["codecs"] = json!([little(), {"name": "lzma"}]), Kind::Unsupported, "lzma");
    array(&|m| m["codecs"] = json!([{"name": "transpose", "configuration": {"order": [2, 1, 0]}}, little()]), Kind::Unsupported, "transposed");
    array(&|m| m["fill_value"] = json!("x"), Kind::Corrupt, "fill_value");
}

/// Writes frames of one voxel at such times.
fn written(path: &Path, values: &[f64]) -> Value {
    let mut header = Header::new([1, 1, 1], 3, Type::U8).unwrap();
    (header.frames.axis, header.frames.values) = (FrameAxis::Time, values.to_vec());
    let sink = Zarr.create(&Target { path: path.into(), force: true, provenance: None }, &header).unwrap();
    (0..3).for_each(|frame| sink.write(frame, 0..1, &[frame as u8]).unwrap());
    sink.finish().unwrap();
    serde_json::from_slice(&std::fs::read(path.join("zarr.json")).unwrap()).unwrap()
}

#[test]
fn times_have_a_unit_or_are_not_known() {
    let times = |change: &dyn Fn(&mut Value)| opened(image(change).path()).unwrap().source.header().frames.values.clone();
    let axis = |g: &mut Value, unit: Value| g["attributes"]["ome"]["multiscales"][0]["axes"][0]["unit"] = unit;
    let scale = |g: &mut Value, step: f64| g["attributes"]["ome"]["multiscales"][0]["datasets"][0]["coordinateTransformations"][0]["scale"][0] = json!(step);
    let none: [f64; 0] = [];
    assert_eq!(
        times(&|g| {
            axis(g, json!("millisecond"));
            scale(g, 500.0);
        }),
        [0.001, 0.501]
    );
    assert_eq!(times(&|g| axis(g, json!("minute"))), [60.0, 180.0]);
    assert_eq!(times(&|g| axis(g, json!("frame"))), none);
    assert_eq!(times(&|g| axis(g, Value::Null)), none);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.zarr");
    for (values, back) in [(&[][..], &[][..]), (&[0.0, 0.5, 1.0], &[0.0, 0.5, 1.0]), (&[0.0, 1.0, 5.0], &[])] {
        let group = written(&path, values);
        let axis = &group["attributes"]["ome"]["multiscales"][0]["axes"][0];
        assert_eq!(axis.get("unit").is_some(), !back.is_empty(), "{axis}");
        let scan = opened(&path).unwrap();
        assert_eq!((scan.source.header().frames.axis, scan.source.header().frames.values.as_slice()), (FrameAxis::Time, back));
        assert_eq!(voxels(&scan).unwrap(), [0, 1, 2]);
    }
}

/// A layer of chunks is held while it is written.
#[test]
fn chunks_of_large_planes_are_flat() {
    let depth = |shape: [usize; 3], voxel: Type| super::write::chunk(&Header::new(shape, 1, voxel).unwrap());
    assert_eq!(depth([32, 8000, 8000], Type::U8), [1, 256, 256]);
    assert_eq!(depth([32, 2048, 2048], Type::U16), [8, 256, 256]);
    assert_eq!(depth([32, 2048, 2048], Type::U8), [16, 256, 256]);
    assert_eq!(depth([5, 20_000, 100], Type::F64), [4, 256, 100]);
    assert_eq!(depth([3, 4, 5], Type::U8), [3, 4, 5]);
    // Layers that end within what is written, at its end, and with the volume.
    let folder = tempfile::tempdir().unwrap();
    let header = Header::new([5, 4800, 4800], 1, Type::U8).unwrap();
    assert_eq!(super::write::chunk(&header)[0], 2);
    let path = folder.path().join("a.zarr");
    let sink = Zarr.create(&Target { path: path.clone(), force: false, provenance: None }, &header).unwrap();
    let planes: Vec<u8> = (0..header.bytes()).map(|i| (i / header.plane_bytes() * 40 + i / 4800 % 7) as u8).collect();
    for z in [0..3, 3..4, 4..5] {
        sink.write(0, z.clone(), &planes[z.start * header.plane_bytes()..z.end * header.plane_bytes()]).unwrap();
    }
    sink.finish().unwrap();
    assert!(voxels(&opened(&path).unwrap()).unwrap() == planes);
}

/// Frames behind x lie between its values, in chunks of several.
#[test]
fn frames_may_be_the_last_axis() {
    let axes = json!([{"name": "y", "type": "space"}, {"name": "x", "type": "space"}, {"name": "c", "type": "channel"}]);
    let transforms = json!([{"type": "scale", "scale": [1.0, 1.0, 1.0]}]);
    let multiscales = json!([{"axes": axes, "datasets": [{"path": "0", "coordinateTransformations": transforms}]}]);
    let group = json!({"zarr_format": 3, "node_type": "group", "attributes": {"ome": {"version": "0.5", "multiscales": multiscales}}});
    let array = three(&json!([2, 3, 2]), &json!([2, 3, 2]), "uint8", &json!([little()]));
    let folder = store(&[("zarr.json", bytes(&group)), ("0/zarr.json", bytes(&array)), ("0/c/0/0/0", (0..12).collect())]);
    assert_eq!(voxels(&opened(folder.path()).unwrap()).unwrap(), [0, 2, 4, 6, 8, 10, 1, 3, 5, 7, 9, 11]);
}

/// As `cd store && isovox info .zarray` names it; chunks are listed, not opened.
#[test]
fn the_files_of_a_store() {
    let folder = write(&two(&json!(null), <[u8]>::to_vec));
    for path in [folder.path().to_path_buf(), folder.path().join(".zarray")] {
        let files = opened(&path).unwrap().files;
        let mut names: Vec<&str> = files.iter().map(Input::name).collect();
        names.sort_unstable();
        assert_eq!((names.len(), names[0], names[8], files[1].len()), (9, ".zarray", "1.1.1", 24));
        assert_eq!(files[1].head(3).unwrap().len(), 3);
    }
    assert_eq!(crate::input::folder_of(Path::new(".zarray")), Path::new("."));
}
