use std::path::Path;
use std::sync::Arc;

use isovox_volume::{Header, Kind, Quantity, QuantityKind, Result, Run, Type};

use crate::format::{Given, Scan, Target};
use crate::input::Input;
use crate::open::{OpenOptions, create, open_given};

fn bytes_of(scan: &Scan) -> Result<Vec<u8>> {
    let run = Run::here();
    scan.source.prepare(&run)?;
    let (nz, frames) = (scan.source.header().nz(), scan.source.header().frames.count);
    let mut all = Vec::new();
    for frame in 0..frames {
        let mut cursor = scan.source.open(&run, frame, 0..nz)?;
        for z in 0..nz {
            all.extend_from_slice(cursor.pull(z..z + 1)?.data.bytes());
        }
    }
    Ok(all)
}

fn read(file: Vec<u8>) -> Result<(Header, Vec<u8>)> {
    let scan = open_given(Given::One(Input::bytes("a.npy", file)), &OpenOptions::default())?;
    let bytes = bytes_of(&scan)?;
    Ok((scan.source.header().clone(), bytes))
}

fn file(version: u8, descr: &str, fortran: bool, shape: &str, data: &[u8]) -> Vec<u8> {
    let order = if fortran { "True" } else { "False" };
    let text = format!("{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}\n");
    let mut out = [b"\x93NUMPY".as_slice(), &[version, 0]].concat();
    match version {
        1 => out.extend((text.len() as u16).to_le_bytes()),
        _ => out.extend((text.len() as u32).to_le_bytes()),
    }
    out.extend(text.as_bytes());
    out.extend(data);
    out
}

fn words(values: impl IntoIterator<Item = u16>) -> Vec<u8> {
    values.into_iter().flat_map(u16::to_ne_bytes).collect()
}

#[test]
fn versions_and_byte_orders() {
    let values = words(0..24);
    let big: Vec<u8> = (0..24u16).flat_map(u16::to_be_bytes).collect();
    for version in 1..=3 {
        let (header, bytes) = read(file(version, "'<u2'", false, "(2, 3, 4)", &words(0..24))).unwrap();
        assert_eq!((header.shape, header.voxel, bytes.as_slice()), ([2, 3, 4], Type::U16, values.as_slice()));
        assert_eq!(read(file(version, "'>u2'", false, "(2, 3, 4)", &big)).unwrap().1, values);
    }
    assert_eq!(read(file(4, "'<u2'", false, "(2, 3, 4)", &values)).unwrap_err().kind(), Kind::Unsupported);
}

#[test]
fn indices_are_the_arrays_own() {
    let (header, _) = read(file(1, "'|u1'", false, "(3, 4)", &[0; 12])).unwrap();
    assert_eq!((header.shape, header.frames.count), ([1, 3, 4], 1));
    let (header, _) = read(file(1, "'|u1'", false, "(2L, 3L, 4L, 5L)", &[0; 120])).unwrap();
    assert_eq!((header.shape, header.frames.count), ([3, 4, 5], 2));
    for shape in ["()", "(24,)", "(1, 1, 2, 3, 4)"] {
        assert_eq!(read(file(1, "'|u1'", false, shape, &[0; 24])).unwrap_err().kind(), Kind::Unsupported, "{shape}");
    }
}

#[test]
fn fortran_order_is_transposed() {
    let (nf, nz, ny, nx) = (2, 3, 4, 5);
    let at = |f: usize, z: usize, y: usize, x: usize| ((f * nz + z) * ny + y) * nx + x;
    let mut stored = Vec::new();
    for x in 0..nx {
        for y in 0..ny {
            for z in 0..nz {
                stored.extend((0..nf).map(|f| at(f, z, y, x) as u16));
            }
        }
    }
    let (header, bytes) = read(file(1, "'<u2'", true, "(2, 3, 4, 5)", &words(stored.clone()))).unwrap();
    assert_eq!((header.shape, bytes), ([3, 4, 5], words(0..120)));
    let big: Vec<u8> = stored.iter().flat_map(|v| f64::from(*v).to_be_bytes()).collect();
    let doubles: Vec<u8> = (0..120).flat_map(|v| f64::from(v).to_ne_bytes()).collect();
    assert_eq!(read(file(1, "'>f8'", true, "(2, 3, 4, 5)", &big)).unwrap().1, doubles);
    let plane: Vec<u8> = (0..5).flat_map(|x| (0..4).map(move |y| y * 5 + x)).collect();
    assert_eq!(read(file(1, "'|i1'", true, "(4, 5)", &plane)).unwrap().1, (0..20).collect::<Vec<u8>>());
}

#[test]
fn fortran_order_keeps_to_the_memory_allowed() {
    let scan = open_given(Given::One(Input::bytes("a.npy", file(1, "'|u1'", true, "(8, 8, 8)", &[0; 512]))), &OpenOptions::default()).unwrap();
    let error = scan.source.prepare(&Run::new(1, 600, std::env::temp_dir())).unwrap_err();
    assert_eq!(error.kind(), Kind::Memory);
    scan.source.prepare(&Run::here()).unwrap();
}

#[test]
fn bool_is_a_mask_and_half_is_f32() {
    let (header, bytes) = read(file(1, "'|b1'", false, "(1, 1, 3)", &[1, 0, 1])).unwrap();
    assert_eq!((header.quantity.kind, header.voxel, bytes), (QuantityKind::Mask, Type::U8, vec![1, 0, 1]));
    for fortran in [false, true] {
        let (header, bytes) = read(file(1, "'>f2'", fortran, "(1, 1, 2)", &[0x3c, 0x00, 0xc1, 0x00])).unwrap();
        assert_eq!((header.voxel, bytes), (Type::F32, [1.0f32.to_ne_bytes(), (-2.5f32).to_ne_bytes()].concat()));
    }
}

#[test]
fn what_is_no_volume_is_refused_by_name() {
    for (descr, word) in [("'|O'", "pickle"), ("'<c16'", "complex"), ("'<U3'", "text"), ("[('a', '<i2')]", "records")] {
        let error = read(file(1, descr, false, "(1, 1, 1)", &[0; 64])).unwrap_err();
        assert!(error.kind() == Kind::Unsupported && error.to_string().contains(word), "{error}");
    }
    for shape in ["(0, 1, 1)", "(-1, 1, 1)", "(4294967296, 4294967296, 4294967296)", "(99999999999999999999, 1, 1)", "(1, 1, exit())", "3"] {
        let error = read(file(1, "'|u1'", false, shape, &[0; 64])).unwrap_err();
        assert_eq!(error.kind(), Kind::Corrupt, "{shape}: {error}");
    }
}

#[test]
fn cut_off_files_are_errors_and_longer_ones_say_so() {
    let whole = file(1, "'<u2'", false, "(2, 3, 4)", &words(0..24));
    let fortran = file(2, "'<u2'", true, "(2, 3, 4)", &words(0..24));
    for cut in 0..whole.len() {
        assert!(read(whole[..cut].to_vec()).is_err(), "{cut}");
    }
    for cut in 0..fortran.len() {
        assert!(read(fortran[..cut].to_vec()).is_err(), "{cut}");
    }
    let (header, _) = read([whole, vec![0; 5]].concat()).unwrap();
    assert!(header.warnings[0].contains("5 bytes"), "{:?}", header.warnings);
}

#[test]
fn every_changed_header_byte_is_an_error_or_a_volume() {
    let whole = file(1, "'<u2'", false, "(2, 3, 4)", &words(0..24));
    for at in 0..whole.len() - 48 {
        for byte in [0, b'\'', b'(', b'9', b'L', 0xff] {
            let mut changed = whole.clone();
            changed[at] = byte;
            let _ = read(changed);
        }
    }
}

fn target(path: &Path) -> Target {
    Target { path: path.into(), force: false, provenance: None }
}

fn write(path: &Path, header: &Header, bytes: &[u8]) {
    let sink = create(&target(path), header).unwrap();
    let plane = header.plane_bytes();
    for (i, plane) in bytes.chunks(plane).enumerate() {
        let z = i % header.nz();
        sink.write(i / header.nz(), z..z + 1, plane).unwrap();
    }
    assert_eq!(sink.finish().unwrap(), [path]);
}

#[test]
fn what_is_written_reads_back() {
    let folder = tempfile::tempdir().unwrap();
    for (n, voxel) in Type::ALL.into_iter().enumerate() {
        for frames in [1, 2] {
            let header = Header::new([2, 3, 3], frames, voxel).unwrap();
            let bytes: Vec<u8> = (0..header.bytes()).map(|i| (i * 7 % 120) as u8).collect();
            for ending in ["npy", "npz"] {
                let path = folder.path().join(format!("{n}_{frames}.{ending}"));
                write(&path, &header, &bytes);
                let scan = crate::open(&[path], &OpenOptions::default()).unwrap();
                let back = scan.source.header();
                assert_eq!((back.shape, back.frames.count, back.voxel), (header.shape, frames, voxel));
                assert_eq!(bytes_of(&scan).unwrap(), bytes, "{voxel} {ending}");
            }
        }
    }
}

#[test]
fn headers_are_padded_and_files_repeat() {
    let header = Header::new([2, 3, 4], 1, Type::I16).unwrap().like(Type::U8, Quantity::certain(QuantityKind::Mask, "test"));
    let head = super::write::head(&header);
    assert_eq!((head.len() % 64, head.last()), (0, Some(&b'\n')));
    let folder = tempfile::tempdir().unwrap();
    let paths = ["a.npz", "b.npz"].map(|n| folder.path().join(n));
    for path in &paths {
        write(path, &header, &[1; 24]);
    }
    assert_eq!(std::fs::read(&paths[0]).unwrap(), std::fs::read(&paths[1]).unwrap());
    assert!(create(&target(&paths[0]), &header).is_err());
}

#[test]
fn an_archive_needs_one_volume() {
    use std::io::Write;
    let archive = |entries: &[(&str, Vec<u8>)]| {
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for (name, bytes) in entries {
            zip.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
            zip.write_all(bytes).unwrap();
        }
        zip.finish().unwrap().into_inner()
    };
    let open = |bytes| open_given(Given::One(Input::bytes("a.npz", bytes)), &OpenOptions::default());
    let (volume, line) = (|| file(1, "'|u1'", false, "(2, 3, 4)", &[7; 24]), || file(1, "'|u1'", false, "(3,)", &[7; 3]));
    let scan = open(archive(&[("vol.npy", volume()), ("spacing.npy", line()), ("notes.txt", vec![1])])).unwrap();
    assert!(scan.source.header().warnings[0].contains("spacing (3,)"));
    assert_eq!(bytes_of(&scan).unwrap(), [7; 24]);
    for entries in [vec![("a.npy", volume()), ("b.npy", volume())], vec![("a.npy", line())], vec![], vec![("a.npy", b"\x93NUMPY".to_vec())]] {
        assert!(open(archive(&entries)).is_err());
    }
    let error = open(archive(&[("a.npy", volume()), ("b.npy", volume())])).err().unwrap();
    assert!(error.to_string().contains("a (2, 3, 4); b (2, 3, 4)"), "{error}");
    let shared = Arc::new(archive(&[("vol.npy", volume())]));
    for cut in 0..shared.len() {
        assert!(open(shared[..cut].to_vec()).is_err(), "{cut}");
    }
}
