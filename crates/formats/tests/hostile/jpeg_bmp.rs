//! Pictures made by hand: JPEG and BMP, which nothing here writes, and PNG.

/// A PNG of one row, or rows, of grey.
pub(crate) fn grey_png(width: u32, depth: png::BitDepth, row: usize) -> Vec<u8> {
    png(width, png::ColorType::Grayscale, depth, row)
}

/// A PNG of 8-bit colours.
pub(crate) fn colour_png() -> Vec<u8> {
    png(2, png::ColorType::Rgb, png::BitDepth::Eight, 6)
}

fn png(width: u32, color: png::ColorType, depth: png::BitDepth, row: usize) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, 2);
    encoder.set_color(color);
    encoder.set_depth(depth);
    encoder.add_text_chunk("isovox".into(), "isovox_space=local\nisovox_affine=1,0,0,0,0,1,0,0,0,0,1,0\n".into()).expect("a short text");
    let data = crate::seeds::counting(2 * row);
    encoder.write_header().and_then(|mut writer| writer.write_image_data(&data)).expect("memory");
    file
}

/// A bitmap of width 3 whose rows are padded to 4 bytes.
pub(crate) fn bmp(bits: u16, height: i32, palette: &[u8], rows: &[u8]) -> Vec<u8> {
    let offset = 54 + palette.len() as u32;
    let size = offset + rows.len() as u32;
    let fields = [size, 0, offset, 40, 3, height as u32].map(u32::to_le_bytes).concat();
    let colours = [palette.len() as u32 / 4, 0].map(u32::to_le_bytes).concat();
    [b"BM", &fields[..], &[1, 0], &bits.to_le_bytes(), &[0; 16], &colours, palette, rows].concat()
}

/// A JPEG of 8 x 8: a block a component, no difference, no detail: all 128. `frame` is the marker of its coding.
pub(crate) fn jpeg(components: u8, frame: u8) -> Vec<u8> {
    let mut file = b"\xff\xd8\xff\xdb\0\x43\0".to_vec();
    file.extend([1; 64]);
    file.extend([0xff, frame, 0, 8 + 3 * components, 8, 0, 8, 0, 8, components]);
    (1..=components).for_each(|c| file.extend([c, 0x11, 0]));
    for class in [0u8, 0x10] {
        file.extend([0xff, 0xc4, 0, 20, class, 1]);
        file.extend([0; 16]);
    }
    file.extend([0xff, 0xda, 0, 6 + 2 * components, components]);
    (1..=components).for_each(|c| file.extend([c, 0]));
    file.extend([0, 63, 0, 0x03, 0xff, 0xd9]);
    file
}
