//! Every real and every broken file of the formats, through the command: opened with the voxels that the reference
//! readers gave, or refused with an error; within 1 GB, and never a panic.
//!
//! The crate of the formats holds the closer tests; here it is what a user meets.
#![cfg(unix)]

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use isovox_testing::command::{Ran, isovox};
use isovox_testing::files::{files_below, json, names, sha256};
use isovox_testing::scans::data;
use serde_json::Value;

/// A reader that loops for ever is an error; one that works is done far sooner on any machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// Bytes of address space that a reader may ask for.
const ROOM: u64 = 1_000_000_000;

/// `info --json --values` of a file, watched.
#[track_caller]
fn info(path: &Path) -> Ran {
    let mut command = isovox();
    // Address space is what a lying header would have allocated; threads' stacks count too, so one thread.
    command.args(["info", "--json", "--values", "--threads", "1"]).arg(path).stdout(Stdio::piped()).stderr(Stdio::piped());
    limited(&mut command);
    let mut child = command.spawn().expect("the command starts");
    let mut out = child.stdout.take().expect("piped");
    let reader = std::thread::spawn(move || {
        let mut text = Vec::new();
        out.read_to_end(&mut text).map(|_| text)
    });
    let began = Instant::now();
    while child.try_wait().expect("a child").is_none() {
        if began.elapsed() > PATIENCE {
            child.kill().expect("killed");
            panic!("{} does not end", path.display());
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    let mut output = child.wait_with_output().expect("ended");
    output.stdout = reader.join().expect("read").expect("read");
    output.into()
}

#[cfg(target_os = "linux")]
fn limited(command: &mut std::process::Command) {
    use std::os::unix::process::CommandExt;
    // SAFETY: between fork and exec, one system call that allocates nothing.
    unsafe {
        command.pre_exec(|| {
            let limit = libc::rlimit { rlim_cur: ROOM, rlim_max: ROOM };
            if libc::setrlimit(libc::RLIMIT_AS, &raw const limit) == 0 { Ok(()) } else { Err(std::io::Error::last_os_error()) }
        });
    }
}

#[cfg(not(target_os = "linux"))]
fn limited(_command: &mut std::process::Command) {}

/// What a file turned out to be.
enum Found {
    Volume(Value),
    Refused(String),
}

/// Opened, or refused as the contract says: code 1, an `error:` line that names the file, no other output.
#[track_caller]
fn found(path: &Path) -> Found {
    let ran = info(path);
    if ran.code == Some(0) {
        return Found::Volume(serde_json::from_slice(&ran.out).unwrap_or_else(|e| panic!("{}: {e}", path.display())));
    }
    assert!(ran.code == Some(1) && ran.out.is_empty(), "{}: code {:?}: {}", path.display(), ran.code, ran.err);
    let line = ran.err.lines().find(|l| l.starts_with("error: ")).unwrap_or_else(|| panic!("{}: {:?}", path.display(), ran.err));
    let folder = path.parent().and_then(Path::file_name).expect("a folder").to_string_lossy();
    assert!(line.contains(&*folder), "the file is named: {line}");
    Found::Refused(line.to_string())
}

/// Files that a reference reader opens and isovox refuses by name.
const REFUSED: &[(&str, &str)] = &[
    ("derived/u16_lerc.tif", "LERC"),
    ("derived/u8_jpegxl.tif", "JPEG XL"),
    ("tiff/seq-1c-1b-fax3-71f6a21a.tiff", "fax"),
    ("tiff/seq-1c-1b-fax3-fillbits-71f6a21a.tiff", "fax"),
    ("tiff/seq-1c-1b-fax3-lsb-71f6a21a.tiff", "fax"),
    ("nrrd/BallBinary30x30x30_byteskip_minus_five.nhdr", "byte skip"),
    ("nrrd/BallBinary30x30x30_nifti.nhdr", "NIfTI"),
    ("vtk/avf.vtk", "POLYDATA"),
    ("derived/chunked_gzip_shuffle.h5", "HDF5"),
    ("other/example4d+orig.HEAD", "AFNI"),
    ("other/minc1_1_scale.mnc", "MINC"),
    ("other/minc2_1_scale.mnc", "MINC"),
    ("other/small.mnc", "MINC"),
    ("other/tiny.mnc", "MINC"),
    ("other/RAS.mif", "MRtrix"),
    ("other/mask_1bit.mif", "MRtrix"),
    ("vtk/headsq.vti", "vtk.js"),
];

/// Who is asked, in this order; of cells of a VTK file this table's own reader.
const READERS: [&str; 7] = ["tifffile", "pynrrd", "by_hand_cell_data", "SimpleITK", "nibabel", "numpy", "zarr-python"];

/// What the first reader that opens a file gives.
fn reading(all: &Value) -> Option<&Value> {
    let array = |read: &'static str| {
        let read = &all[read];
        [read, &read["vol"], &read["data"], &read["0"], &read["scale0/image"]].into_iter().find(|r| r["shape"].is_array())
    };
    READERS.into_iter().find_map(array)
}

/// The shape as the readers of a format give it: axes of one plane at the front left out, colours last.
fn same_shape(found: &Value, expected: &Value) -> bool {
    let sides = |v: &Value| v.as_array().map(|a| a.iter().filter_map(Value::as_u64).filter(|n| *n > 1).collect::<Vec<_>>()).unwrap_or_default();
    let mut shape: Vec<u64> = found["frames"]["count"].as_u64().into_iter().collect();
    shape.extend(sides(&found["shape"]));
    shape.extend((found["type"] == "rgb8").then_some(3));
    let mut wanted = sides(expected);
    // Vectors become frames, which come first.
    if shape != wanted && wanted.len() == 4 {
        wanted.rotate_right(1);
    }
    shape == wanted
}

fn type_of(dtype: &str) -> String {
    dtype.replace("uint", "u").replace("int", "i").replace("float16", "f32").replace("float", "f").replace("bool", "u8")
}

/// A file against what its reference reader gave; the bytes where they are kept as they are.
#[track_caller]
fn agrees(name: &str, found: &Value, expected: &Value) {
    assert!(same_shape(found, &expected["shape"]), "{name}: {} {}, expected {}", found["shape"], found["frames"], expected["shape"]);
    let dtype = expected["dtype"].as_str().unwrap_or_else(|| panic!("{name}: no type"));
    assert!(found["type"] == type_of(dtype).as_str() || found["type"] == "rgb8" && dtype == "uint8", "{name}: {}, expected {dtype}", found["type"]);
    // Half floats are read as f32, vectors as frames: other bytes of the same values.
    let vectors = expected["shape"].as_array().is_some_and(|s| s.len() == 4 && found["frames"]["count"].is_u64() && s[0] != found["frames"]["count"]);
    let moved = dtype == "float16" || expected["components"].as_u64() > Some(1) || vectors;
    if !moved {
        assert_eq!(found["values"]["sha256"], expected["sha256_zyx"], "{name}");
    }
    if found["type"] != "rgb8" {
        for key in ["min", "max"] {
            let [f, e] = [&found["values"][key], &expected[key]].map(Value::as_f64);
            assert!(f == e || f.zip(e).is_some_and(|(f, e)| (f / e - 1.0).abs() < 1e-12) || dtype == "bool" && e.is_none(), "{name}: {key} {f:?}, expected {e:?}");
        }
    }
}

#[test]
fn every_file_as_its_reference_reader() {
    let Some(folder) = data().map(|d| d.join("formats")) else { return };
    let all = json(&folder.join("expected.json"));
    let mut count = 0;
    // Keys with an underscore tell of the table itself; drafts of OME-Zarr are a folder of several images.
    let names = all.as_object().expect("an object").iter().filter(|(n, _)| !n.starts_with('_') && *n != "ome-zarr/all_0.6");
    for (name, expected) in names {
        let refused = REFUSED.iter().find(|r| r.0 == name);
        match (found(&folder.join(name)), refused) {
            (Found::Volume(found), None) => agrees(name, &found, reading(expected).unwrap_or_else(|| panic!("{name} opens, which no reader does"))),
            (Found::Refused(line), Some((_, word))) => assert!(line.contains(word), "{line}"),
            (Found::Volume(_), Some(_)) => panic!("{name} opens"),
            (Found::Refused(line), None) => panic!("{line}"),
        }
        count += 1;
    }
    assert!(count >= 160, "{count} files");
}

/// NIfTI files that are refused, as the manifest allows or asks for.
const REFUSED_NIFTI: &[&str] = &["complex", "rgba", "analyze.hdr", "dconn", "nifti1.hdr", "nifti2.hdr", "avg152T1_LR_nifti.hdr.gz", "fuzz_"];

#[test]
fn every_nifti_file() {
    let Some(folder) = data().map(|d| d.join("nifti")) else { return };
    let all = json(&folder.join("expected.json"));
    let mut opened = 0;
    for (name, expected) in all.as_object().expect("an object").iter().filter(|(n, e)| !n.starts_with('_') && e.is_object() && folder.join(n).is_file()) {
        let path = folder.join(name);
        let allowed = REFUSED_NIFTI.iter().any(|w| name.contains(w));
        match found(&path) {
            Found::Refused(line) => assert!(allowed, "{line}"),
            Found::Volume(found) => {
                assert!(!allowed, "{name} opens");
                nifti(name, &found, expected);
                opened += 1;
            }
        }
    }
    assert!(opened >= 80, "{opened} files");
}

/// Shape, and where no slope changes them, every bit; the affine where a code gives the file one.
#[track_caller]
fn nifti(name: &str, found: &Value, expected: &Value) {
    let Some(shape) = expected["shape"].as_array() else { return };
    let count: u64 = shape.iter().filter_map(Value::as_u64).product();
    if found["type"] != "rgb8" {
        // What is not finite counts apart.
        let [nan, inf] = ["nan_voxels", "inf_voxels"].map(|k| expected[k].as_u64().unwrap_or(0));
        assert_eq!(["count", "nan", "inf"].map(|k| found["values"][k].as_u64()), [count - nan - inf, nan, inf].map(Some), "{name}");
    }
    let [slope, inter] = ["scl_slope", "scl_inter"].map(|k| expected[k].as_f64());
    // nibabel reads the header of this file as voxels; its data begin behind it.
    let shifted = name == "derived/vox_offset_0_single_file.nii";
    let known = expected["sha256_unscaled_zyx"].is_string() && shape.len() == 3 && !shifted;
    if (slope, inter) == (Some(1.0), Some(0.0)) && found["type"] != "rgb8" && known {
        assert_eq!(found["values"]["sha256"], expected["sha256_unscaled_zyx"], "{name}");
    }
    let coded = ["sform_code", "qform_code"].iter().any(|k| expected[*k].as_i64() > Some(0));
    let unit = match expected["units"][0].as_str() {
        Some("micron") => 1e-3,
        Some("meter") => 1e3,
        _ => 1.0,
    };
    if coded && !found["affine_ras"].is_null() {
        for (r, c) in (0..3).flat_map(|r| (0..4).map(move |c| (r, c))) {
            let [f, e] = [&found["affine_ras"][r][c], &expected["affine_ras"][r][c]].map(|v| v.as_f64().expect("a number"));
            assert!((f - e * unit).abs() <= 1e-5 * (e * unit).abs().max(1.0), "{name}: affine[{r}][{c}] {f}, expected {}", e * unit);
        }
    }
}

/// Broken files that may open, as their index says.
fn tolerated(told: &str) -> bool {
    ["control", "tolerated", "rarely supported"].iter().any(|w| told.contains(w))
}

#[test]
fn every_broken_file() {
    let Some(folder) = data().map(|d| d.join("formats/broken")) else { return };
    let index = json(&folder.join("index.json"));
    let before = names(&folder);
    for (name, told) in index.as_object().expect("an object") {
        let told = told.as_str().expect("text");
        match found(&folder.join(name)) {
            Found::Volume(_) => assert!(tolerated(told), "{name} opens: {told}"),
            Found::Refused(line) => assert!(!told.contains("control"), "{line}"),
        }
    }
    let Found::Volume(nan) = found(&folder.join("nii_pixdim_nan.nii")) else { panic!("opens") };
    assert!(nan["spacing_mm"].is_null() && nan["warnings"].as_array().is_some_and(|w| !w.is_empty()), "{nan}");
    assert_eq!(names(&folder), before);
}

#[test]
fn no_file_of_any_other_kind_panics() {
    let Some(folder) = data() else { return };
    let others = ["formats/nrrd", "formats/mgh", "formats/analyze", "formats/vtk", "formats/other", "formats/ome-tiff", "microct"];
    let files: Vec<PathBuf> = others.iter().flat_map(|o| files_below(&folder.join(o))).collect();
    assert!(files.len() > 50, "{}", files.len());
    for path in files {
        // Opened or refused, by `found`'s own rules.
        let _ = found(&path);
    }
}

#[test]
fn broken_files_leave_jobs_nothing() {
    let Some(folder) = data().map(|d| d.join("formats/broken")) else { return };
    let out = tempfile::tempdir().expect("a folder");
    let index = json(&folder.join("index.json"));
    for (name, _) in index.as_object().expect("an object").iter().filter(|(_, told)| !tolerated(told.as_str().expect("text"))) {
        let input = folder.join(name);
        for last in ["out", "o.npy"] {
            let command = if last == "out" { "pores" } else { "median" };
            let ran = isovox_testing::command::ran_in(out.path(), [command.as_ref(), input.as_os_str(), "-o".as_ref(), last.as_ref()]);
            ran.failed(1);
            assert!(names(out.path()).is_empty(), "{name}: {:?}", names(out.path()));
        }
    }
}

#[test]
fn the_shared_folder_is_as_it_was() {
    let Some(folder) = data() else { return };
    let path = folder.join("microct/cement_128x128x128.tif");
    let before = sha256(&path);
    isovox_testing::command::ran(["label".as_ref(), path.as_os_str(), "-o".as_ref(), path.as_os_str(), "--force".as_ref()]).failed(1);
    assert_eq!(sha256(&path), before);
}
