//! BMP slices (Windows bitmaps, uncompressed): 1, 4 and 8 bits with a palette, 24 and 32 bit RGB.

use isovox_volume::{Error, Result, Type};

use crate::input::Input;
use crate::tiff;

/// How rows lie in a file.
pub(super) struct Rows {
    pub(super) width: usize,
    pub(super) height: usize,
    bits: u16,
    /// Whether the last row comes first, as it mostly does.
    bottom_up: bool,
    offset: u64,
    /// Bytes of a row: a multiple of four.
    stride: usize,
    /// Grey of each index, where the palette is grey but not in order.
    greys: Option<Vec<u8>>,
}

/// Reads the two headers and the palette.
pub(super) fn read(input: &Input) -> Result<(Rows, Vec<String>)> {
    let head = input.head(54)?;
    let short = |at: usize| u16::from_le_bytes([head[at], head[at + 1]]);
    let long = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
    if head.len() < 54 {
        return Err(Error::corrupt("BMP header").found(format_args!("{} bytes", head.len())).expected("54").help("the file is cut off; copy it again"));
    }
    let (size, bits, compression) = (long(14), short(28), long(30));
    if size < 40 || !matches!(bits, 1 | 4 | 8 | 24 | 32) || compression != 0 || short(26) != 1 {
        return Err(Error::unsupported("BMP")
            .found(format_args!("header of {size} bytes, {bits} bit, compression {compression}"))
            .expected("an uncompressed one of 1, 4, 8, 24 or 32 bit")
            .help("save it as PNG or TIFF"));
    }
    let (width, height) = (long(18) as i32, long(22) as i32);
    if width <= 0 || height == 0 || height == i32::MIN {
        return Err(Error::corrupt("BMP size").found(format_args!("{width}x{height}")).expected("at least 1x1"));
    }
    let stride = (u64::from(bits) * width as u64).div_ceil(32) * 4;
    let rows = u64::from(height.unsigned_abs());
    let offset = u64::from(long(10));
    if stride.checked_mul(rows).and_then(|n| n.checked_add(offset)).is_none_or(|n| n > input.len()) {
        return Err(Error::corrupt("BMP rows")
            .found(format_args!("{} bytes", input.len()))
            .expected(format_args!("{rows} rows of {stride} from byte {offset}"))
            .help("the file is cut off; copy it again"));
    }
    let (greys, warnings) = if bits <= 8 { palette(input, 14 + u64::from(size), bits, long(46))? } else { (None, Vec::new()) };
    Ok((Rows { width: width as usize, height: rows as usize, bits, bottom_up: height > 0, offset, stride: stride as usize, greys }, warnings))
}

/// A palette of greys gives each index its grey; one of colours leaves the indices.
fn palette(input: &Input, at: u64, bits: u16, used: u32) -> Result<(Option<Vec<u8>>, Vec<String>)> {
    let all = 1usize << bits;
    let count = if used == 0 { all } else { (used as usize).min(all) };
    let mut entries = vec![0; count * 4];
    input.read_at(at, &mut entries)?;
    if entries.chunks_exact(4).any(|e| e[0] != e[1] || e[1] != e[2]) {
        return Ok((None, vec!["the file has a colour palette: values are the stored indices".into()]));
    }
    let mut greys: Vec<u8> = entries.chunks_exact(4).map(|e| e[0]).collect();
    if greys.iter().enumerate().all(|(i, &g)| i == usize::from(g)) {
        return Ok((None, Vec::new()));
    }
    greys.resize(all, 0);
    Ok((Some(greys), vec!["the file's palette is grey, not in order: values are its greys".into()]))
}

impl Rows {
    pub(super) fn voxel(&self) -> Type {
        if self.bits > 8 { Type::Rgb8 } else { Type::U8 }
    }

    /// Rows from the top, colours as red, green, blue.
    pub(super) fn decode(&self, input: &Input, out: &mut [u8]) -> Result<()> {
        let mut stored = vec![0; self.stride * self.height];
        input.read_at(self.offset, &mut stored)?;
        let line = out.len() / self.height;
        for (y, to) in out.chunks_exact_mut(line).enumerate() {
            let from = if self.bottom_up { self.height - 1 - y } else { y };
            self.row(&stored[from * self.stride..][..self.stride], to);
        }
        Ok(())
    }

    fn row(&self, row: &[u8], to: &mut [u8]) {
        if self.bits > 8 {
            let pixels = row.chunks_exact(usize::from(self.bits) / 8);
            to.chunks_exact_mut(3).zip(pixels).for_each(|(rgb, bgr)| rgb.copy_from_slice(&[bgr[2], bgr[1], bgr[0]]));
            return;
        }
        tiff::unpack(row, self.bits, to);
        if let Some(greys) = &self.greys {
            for value in to {
                *value = greys[usize::from(*value)];
            }
        }
    }
}
