use isovox_volume::geometry::Affine;
use isovox_volume::{FrameAxis, Geometry, Header, Kind, Quantity, QuantityKind, Space, Type};
use serde_json::json;

use super::voxels;
use crate::format::{Format, Given, Scan, Target};
use crate::input::Input;
use crate::nifti::Nifti;
use crate::nifti::place::rotation;
use crate::open::OpenOptions;

/// Writes voxels 0, 1, 2, … (bytes) and opens the file again.
fn again(header: &Header, name: &str, provenance: Option<&str>) -> (Scan, Vec<u8>, Vec<u8>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    let bytes: Vec<u8> = (0..header.bytes()).map(|i| (i * 7) as u8).collect();
    let sink = Nifti.create(&Target { path: path.clone(), force: false, provenance: provenance.map(String::from) }, header).unwrap();
    for (i, plane) in bytes.chunks(header.plane_bytes()).enumerate() {
        sink.write(i / header.nz(), i % header.nz()..i % header.nz() + 1, plane).unwrap();
    }
    sink.finish().unwrap();
    let file = std::fs::read(&path).unwrap();
    let scan = Nifti.open(Given::One(Input::bytes(name, file.clone())), &OpenOptions::default()).unwrap();
    assert!(voxels(&scan).unwrap() == bytes, "{name} {}", header.voxel);
    (scan, file, bytes)
}

fn oblique(left: bool) -> Geometry {
    let d = rotation(0.5, 0.5, -0.1, (1.0f64 - 0.25 - 0.25 - 0.01).sqrt());
    let side = if left { -1.0 } else { 1.0 };
    Geometry::from_parts(Space::Patient, [0.5, 0.75, 1.25], [-152.461, 148.986, -1432.0], d.map(|r| [r[0], r[1], r[2] * side])).unwrap()
}

#[test]
fn every_type_comes_back_as_written() {
    for voxel in Type::ALL {
        for name in ["a.nii", "a.nii.gz"] {
            let mut header = Header::new([3, 4, 5], 1, voxel).unwrap();
            header.geometry = oblique(voxel == Type::I8);
            let (scan, file, _) = again(&header, name, Some("{\"isovox\":\"0\",\"command\":[\"a\"]}"));
            let h = scan.source.header();
            assert_eq!((h.voxel, h.shape), (voxel, [3, 4, 5]));
            assert!(h.geometry.near(&header.geometry, h.shape) && h.warnings.is_empty(), "{:?}", h.warnings);
            assert_eq!((h.meta["qform_code"].clone(), h.meta["sform_code"].clone()), (json!(1), json!(1)));
            assert_eq!(scan.provenance, Some(json!({"isovox": "0", "command": ["a"]})));
            assert!(again(&header, name, Some("{\"isovox\":\"0\",\"command\":[\"a\"]}")).1 == file);
        }
    }
}

#[test]
fn every_rotation_comes_back_as_a_qform() {
    let near_half_turns =
        [[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 1.0], [1e-4, 0.6, 0.8, 0.0], [0.1, -0.7, 0.1, 0.7], [-0.5, 0.5, 0.5, 0.5]];
    for q in near_half_turns {
        let n = f64::sqrt(q.iter().map(|v: &f64| v * v).sum());
        let mut header = Header::new([2, 300, 200], 1, Type::U8).unwrap();
        let d = rotation(q[0] / n, q[1] / n, q[2] / n, q[3] / n);
        header.geometry = Geometry::from_parts(Space::Patient, [0.7, 0.7, 2.5], [10.0, 20.0, 30.0], d).unwrap();
        let (scan, ..) = again(&header, "a.nii", None);
        assert_eq!(scan.source.header().meta["qform_code"], 1, "{q:?}");
        assert!(scan.source.header().warnings.is_empty());
    }
}

#[test]
fn shear_is_kept_by_the_sform_alone() {
    let mut header = Header::new([3, 4, 5], 1, Type::I16).unwrap();
    let affine: Affine = [[1.0, 0.0, 0.0, 5.0], [0.0, 1.0, 0.4, 6.0], [0.0, 0.0, 2.0, 7.0], [0.0, 0.0, 0.0, 1.0]];
    header.geometry = Geometry::new(Space::Patient, affine).unwrap();
    let (scan, ..) = again(&header, "a.nii", None);
    let h = scan.source.header();
    assert!(h.geometry.near(&header.geometry, h.shape) && h.verdict.tilt_deg.unwrap() > 10.0);
    assert_eq!(h.meta["qform_code"], 0);
}

#[test]
fn local_and_voxel_spaces_come_back() {
    let mut header = Header::new([3, 4, 5], 1, Type::U16).unwrap();
    header.geometry = Geometry::local([0.0025, 0.0025, 0.005]).unwrap();
    let (scan, ..) = again(&header, "a.nii.gz", None);
    assert_eq!(scan.source.header().geometry.space(), Space::Local);
    assert!(scan.source.header().geometry.near(&header.geometry, [3, 4, 5]));
    header.meta.insert("xyzt_units".into(), json!(3));
    let (scan, ..) = again(&header, "a.nii", None);
    assert_eq!(scan.source.header().meta["pixdim"][1], 2.5);
    assert!(scan.source.header().geometry.near(&header.geometry, [3, 4, 5]));
    header.geometry = Geometry::voxel();
    for provenance in [None, Some("{\"isovox\":\"0\"}")] {
        let (scan, ..) = again(&header, "a.nii", provenance);
        assert_eq!((scan.source.header().geometry.space(), scan.source.header().meta["xyzt_units"].clone()), (Space::Voxel, json!(0)));
    }
}

#[test]
fn frames_labels_and_long_axes_come_back() {
    let mut header = Header::new([2, 3, 4], 3, Type::I16).unwrap();
    header.frames.axis = FrameAxis::Time;
    header.frames.values = vec![1.0, 3.0, 5.0];
    header.quantity = Quantity::certain(QuantityKind::Label, "test");
    let (scan, ..) = again(&header, "a.nii.gz", None);
    assert_eq!(scan.source.header().frames, header.frames);
    assert_eq!(scan.source.header().quantity.kind, QuantityKind::Label);
    let mut long = Header::new([1, 2, 40000], 1, Type::U8).unwrap();
    long.geometry = oblique(false);
    let (scan, file, _) = again(&long, "a.nii", Some("{}"));
    assert_eq!(file[..8], *b"\x1c\x02\0\0n+2\0");
    // NIfTI-2 keeps every digit of the affine.
    assert_eq!(scan.source.header().geometry.affine(), long.geometry.affine());
}

#[test]
fn uneven_slices_are_refused() {
    let mut header = Header::new([3, 4, 5], 1, Type::I16).unwrap();
    header.verdict.uniform = Some(false);
    assert_eq!(Nifti.holds(&header).unwrap_err().kind(), Kind::Geometry);
}
