//! DICOM files made by hand: no library's, so that reader and writer cannot share a fault.

/// One element: tag, value representation, value.
pub type Element = (u16, u16, [u8; 2], Vec<u8>);

/// A text of an element, padded to an even length.
pub fn text(group: u16, element: u16, vr: &str, text: &str) -> Element {
    let pad = if vr == "UI" { 0 } else { b' ' };
    let mut value = text.as_bytes().to_vec();
    value.resize(value.len().next_multiple_of(2), pad);
    (group, element, vr.as_bytes().try_into().expect("a value representation is two letters"), value)
}

/// A number of 16 bits.
pub fn short(group: u16, element: u16, value: u16) -> Element {
    (group, element, *b"US", value.to_le_bytes().to_vec())
}

/// An element as bytes.
pub fn encoded((group, element, vr, value): &Element, explicit: bool) -> Vec<u8> {
    let mut bytes = [group.to_le_bytes(), element.to_le_bytes()].concat();
    let long = [b"OB", b"OW", b"SQ", b"UN", b"UT"].contains(&vr);
    if explicit && long {
        bytes.extend([vr[0], vr[1], 0, 0]);
        bytes.extend((value.len() as u32).to_le_bytes());
    } else if explicit {
        bytes.extend(vr);
        bytes.extend((value.len() as u16).to_le_bytes());
    } else {
        bytes.extend((value.len() as u32).to_le_bytes());
    }
    bytes.extend(value);
    bytes
}

/// A sequence of items, with lengths.
pub fn sequence(group: u16, element: u16, items: &[Vec<Element>]) -> Element {
    let item = |elements: &Vec<Element>| {
        let inner: Vec<u8> = elements.iter().flat_map(|e| encoded(e, true)).collect();
        [&[0xFE, 0xFF, 0x00, 0xE0][..], &(inner.len() as u32).to_le_bytes(), &inner].concat()
    };
    (group, element, *b"SQ", items.iter().flat_map(item).collect())
}

/// An enhanced image: frames at `places` along z, in that order, each of `columns` x `rows` words.
pub fn enhanced(places: &[f64], size: [u16; 2], stored: &[i16], more: impl Fn(usize) -> Vec<Element>) -> Vec<Element> {
    let shared = vec![
        sequence(0x20, 0x9116, &[vec![text(0x20, 0x37, "DS", "1\\0\\0\\0\\1\\0")]]),
        sequence(0x28, 0x9110, &[vec![text(0x18, 0x50, "DS", "5"), text(0x28, 0x30, "DS", "0.8\\0.5")]]),
    ];
    let frame = |(n, z): (usize, &f64)| {
        let place = sequence(0x20, 0x9113, &[vec![text(0x20, 0x32, "DS", &format!("-10\\-20\\{z}"))]]);
        [vec![place], more(n)].concat()
    };
    let frames: Vec<Vec<Element>> = places.iter().enumerate().map(frame).collect();
    let mut file = ct(0.0, 1, size, stored);
    for (group, element) in [(0x18, 0x50), (0x20, 0x32), (0x20, 0x37), (0x28, 0x30), (0x28, 0x1052), (0x28, 0x1053)] {
        file = without(file, group, element);
    }
    file.extend([text(0x28, 8, "IS", &places.len().to_string()), sequence(0x5200, 0x9229, &[shared]), sequence(0x5200, 0x9230, &frames)]);
    file
}

/// A CSA header of the later kind, from the layout that `csa.rs` describes.
pub fn csa(elements: &[(&str, &[&str])]) -> Vec<u8> {
    let mut bytes = b"SV10\x04\x03\x02\x01".to_vec();
    let word = |bytes: &mut Vec<u8>, v: u32| bytes.extend(v.to_le_bytes());
    word(&mut bytes, elements.len() as u32);
    word(&mut bytes, 77);
    for (name, values) in elements {
        let mut named = name.as_bytes().to_vec();
        named.resize(64, 0);
        bytes.extend(named);
        // How many, VR, type, how many are written, sync.
        [values.len() as u32, u32::from_le_bytes(*b"IS\0\0"), 6, values.len() as u32, 77].iter().for_each(|v| word(&mut bytes, *v));
        for value in *values {
            let length = value.len() as u32;
            [length, length, 77, length].iter().for_each(|v| word(&mut bytes, *v));
            bytes.extend(value.as_bytes());
            bytes.resize(bytes.len().next_multiple_of(4), 0);
        }
    }
    bytes
}

/// Pixels in fragments, the first of them the offset table.
pub fn fragments(parts: &[&[u8]]) -> Vec<u8> {
    let mut bytes = vec![0xE0, 0x7F, 0x10, 0, b'O', b'B', 0, 0, 0xFF, 0xFF, 0xFF, 0xFF];
    for part in parts {
        bytes.extend([0xFE, 0xFF, 0x00, 0xE0]);
        bytes.extend((part.len() as u32).to_le_bytes());
        bytes.extend(*part);
    }
    bytes.extend([0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0]);
    bytes
}

/// A file of a transfer syntax that is not compressed.
pub fn file(syntax: &str, elements: &[Element]) -> Vec<u8> {
    let meta = [text(2, 2, "UI", "1.2.840.10008.5.1.4.1.1.2"), text(2, 0x10, "UI", syntax)];
    let meta: Vec<u8> = meta.iter().flat_map(|e| encoded(e, true)).collect();
    let mut bytes = vec![0; 128];
    bytes.extend(b"DICM");
    bytes.extend(encoded(&(2, 0, *b"UL", (meta.len() as u32).to_le_bytes().to_vec()), true));
    bytes.extend(meta);
    let mut elements = elements.to_vec();
    elements.sort_by_key(|e| (e.0, e.1));
    bytes.extend(elements.iter().flat_map(|e| encoded(e, syntax != "1.2.840.10008.1.2")));
    bytes
}

/// Explicit VR little endian.
pub const EXPLICIT: &str = "1.2.840.10008.1.2.1";

/// An axial CT slice of `columns` x `rows` words at `z`, 0.5 mm between columns and 0.8 mm between rows, HU = stored - 1024.
pub fn ct(z: f64, instance: u32, [columns, rows]: [u16; 2], stored: &[i16]) -> Vec<Element> {
    vec![
        text(8, 0x18, "UI", &format!("1.2.3.{instance}")),
        text(8, 0x60, "CS", "CT"),
        text(8, 0x80, "LO", "Hospital of Nowhere"),
        text(8, 0x90, "PN", "Refer^Doctor"),
        text(8, 0x103E, "LO", "thorax"),
        text(0x10, 0x10, "PN", "Muster^Erika"),
        text(0x10, 0x20, "LO", "ID-4711"),
        text(0x10, 0x30, "DA", "19641220"),
        text(0x18, 0x50, "DS", "5"),
        text(0x20, 0x0D, "UI", "1.2.3.0"),
        text(0x20, 0x0E, "UI", "1.2.3.9"),
        text(0x20, 0x11, "IS", "7"),
        text(0x20, 0x13, "IS", &instance.to_string()),
        text(0x20, 0x32, "DS", &format!("-10\\-20\\{z}")),
        text(0x20, 0x37, "DS", "1\\0\\0\\0\\1\\0"),
        text(0x20, 0x4000, "LT", "Erika came by bus"),
        short(0x28, 2, 1),
        text(0x28, 4, "CS", "MONOCHROME2"),
        short(0x28, 0x10, rows),
        short(0x28, 0x11, columns),
        text(0x28, 0x30, "DS", "0.8\\0.5"),
        short(0x28, 0x100, 16),
        short(0x28, 0x101, 16),
        short(0x28, 0x102, 15),
        short(0x28, 0x103, 1),
        text(0x28, 0x1052, "DS", "-1024"),
        text(0x28, 0x1053, "DS", "1"),
        text(0x29, 0x10, "LO", "MAKER"),
        text(0x29, 0x1001, "LO", "Muster again"),
        (0x7FE0, 0x10, *b"OW", stored.iter().flat_map(|v| v.to_le_bytes()).collect()),
    ]
}

/// The same with one element replaced or added.
pub fn with(mut elements: Vec<Element>, element: Element) -> Vec<Element> {
    elements.retain(|e| (e.0, e.1) != (element.0, element.1));
    elements.push(element);
    elements
}

/// The same without an element.
pub fn without(mut elements: Vec<Element>, group: u16, element: u16) -> Vec<Element> {
    elements.retain(|e| (e.0, e.1) != (group, element));
    elements
}
