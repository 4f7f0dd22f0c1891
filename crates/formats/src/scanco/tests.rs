use isovox_volume::{Kind, Result, Space, Type};

use super::Scanco;
use crate::format::{Format, Given, Scan};
use crate::input::Input;
use crate::open::OpenOptions;
use crate::testing::voxels;

fn open(name: &str, bytes: Vec<u8>) -> Result<Scan> {
    Scanco.open(Given::One(Input::bytes(name, bytes)), &OpenOptions::default())
}

/// An ISQ of 4 x 3 x 2, of 80 x 60 x 50 um, its data one block behind the header.
fn isq() -> Vec<u8> {
    let mut file = vec![0; 1024];
    file[..16].copy_from_slice(b"CTDATA-HEADER_V1");
    for (at, value) in [(44, 4), (48, 3), (52, 2), (56, 80), (60, 60), (64, 50), (88, 4096), (508, 1)] {
        file[at..at + 4].copy_from_slice(&i32::to_le_bytes(value));
    }
    file.extend((0..24i16).flat_map(|v| (v * -300).to_le_bytes()));
    file
}

/// An AIM of 4 x 3 x 2 of a type, voxels of 0.082 mm.
fn aim(thirty: bool, kind: i32, data: &[u8]) -> Vec<u8> {
    let log = b"! a log";
    let number = |value: i64| if thirty { value.to_le_bytes().to_vec() } else { (value as i32).to_le_bytes().to_vec() };
    let numbers = |values: &[i64]| values.iter().flat_map(|v| number(*v)).collect::<Vec<u8>>();
    let structure: Vec<u8> = if thirty {
        let head = [16, 0, 0, kind].map(i32::to_le_bytes).concat();
        [head, numbers(&[1, 2, 3, 4, 3, 2]), numbers(&[0; 15]), numbers(&[82_000; 3]), vec![0; 16]].concat()
    } else {
        // 0.082 of VAX: 0x3da7ef9e times four, halves swapped.
        let size = (0.082f32 * 4.0).to_le_bytes();
        let size = [size[2], size[3], size[0], size[1]];
        [numbers(&[16, 0, 0, 0, 0, kind.into(), 1, 2, 3, 4, 3, 2]), numbers(&[0; 15]), size.repeat(3), vec![0; 20]].concat()
    };
    let own = if thirty { 40 } else { 20 };
    let lengths = numbers(&[own, structure.len() as i64, log.len() as i64, data.len() as i64, 0]);
    let mark = if thirty { b"AIMDATA_V030   \0".to_vec() } else { Vec::new() };
    [mark, lengths, structure, log.to_vec(), data.to_vec()].concat()
}

#[test]
fn an_isq_says_the_extent_of_the_whole() {
    let scan = open("C0001.ISQ;1", isq()).unwrap();
    let h = scan.source.header();
    assert_eq!((h.shape, h.voxel, h.geometry.space(), h.geometry.spacing()), ([2, 3, 4], Type::I16, Space::Local, Some([0.02, 0.02, 0.025])));
    assert_eq!(h.meta["mu_scaling"], 4096);
    let native: Vec<u8> = (0..24i16).flat_map(|v| (v * -300).to_ne_bytes()).collect();
    assert_eq!(voxels(&scan).unwrap(), native);
}

#[test]
fn aims_of_both_versions() {
    let shorts: Vec<u8> = (0..24i16).flat_map(|v| (v * -300).to_le_bytes()).collect();
    let floats: Vec<u8> = (0..24).flat_map(|v| (v as f32 / 3.0).to_le_bytes()).collect();
    for thirty in [false, true] {
        for (kind, data, voxel) in [(0x20002, &shorts, Type::I16), (0x1a0004, &floats, Type::F32), (0x10001, &vec![200; 24], Type::I8)] {
            let scan = open("a.AIM;2", aim(thirty, kind, data)).unwrap();
            let h = scan.source.header();
            assert_eq!((h.shape, h.voxel, h.meta["processing_log"].as_str()), ([2, 3, 4], voxel, Some("! a log")));
            assert!(h.geometry.spacing().unwrap().iter().all(|s| (s - 0.082).abs() < 1e-8));
            assert_eq!(voxels(&scan).unwrap(), *data);
        }
        assert_eq!(open("a.aim", aim(thirty, 0x0015_0001, &[0; 24])).err().map(|e| e.kind()), Some(Kind::Unsupported));
    }
}

#[test]
fn what_is_cut_off_or_lies_is_refused() {
    for whole in [isq(), aim(false, 0x20002, &[0; 48]), aim(true, 0x20002, &[0; 48])] {
        for length in 0..whole.len() {
            assert!(open("a.aim", whole[..length].to_vec()).and_then(|s| voxels(&s)).is_err(), "{length} of {}", whole.len());
        }
        for at in 0..whole.len().min(520) {
            for value in [0, 0x7f, 0xff] {
                let mut bytes = whole.clone();
                bytes[at] = value;
                let _ = open("a.aim", bytes).and_then(|s| voxels(&s));
            }
        }
    }
}
