//! BMP slices (bitmaps of Windows and OS/2, uncompressed): 1, 4 and 8 bits with a palette, 24 and 32 bit RGB.

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

/// The smallest header of the rows: OS/2's first, with its file header before it.
const SMALLEST: usize = 26;

/// What the header of the rows says.
struct Head {
    /// Its own bytes: 12 in OS/2's first version, 40 and more in Windows and in later ones of OS/2.
    size: u32,
    width: i32,
    height: i32,
    planes: u16,
    bits: u16,
    compression: u32,
    /// Entries of the palette; 0 for all.
    used: u32,
}

impl Head {
    fn read(head: &[u8]) -> Result<Head> {
        let short = |at: usize| u16::from_le_bytes([head[at], head[at + 1]]);
        let long = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
        let cut = |needed: usize| Error::corrupt("BMP header").found(format_args!("{} bytes", head.len())).expected(needed).help("the file is cut off; copy it again");
        if head.len() < SMALLEST {
            return Err(cut(SMALLEST));
        }
        let size = long(14);
        if size == 12 {
            // The palette goes up to the rows.
            let used = long(10).saturating_sub(SMALLEST as u32) / 3;
            return Ok(Head { size, width: short(18).into(), height: short(20).into(), planes: short(22), bits: short(24), compression: 0, used });
        }
        if head.len() < 54 {
            return Err(cut(54));
        }
        Ok(Head { size, width: long(18) as i32, height: long(22) as i32, planes: short(26), bits: short(28), compression: long(30), used: long(46) })
    }

    /// Bytes of an entry of the palette.
    fn entry(&self) -> usize {
        if self.size == 12 { 3 } else { 4 }
    }
}

/// Reads the two headers and the palette.
pub(super) fn read(input: &Input) -> Result<(Rows, Vec<String>)> {
    let start = input.head(54)?;
    let head = Head::read(&start)?;
    let Head { size, width, height, bits, compression, .. } = head;
    if size < 40 && size != 12 || !matches!(bits, 1 | 4 | 8 | 24 | 32) || compression != 0 || head.planes != 1 {
        return Err(Error::unsupported("BMP")
            .found(format_args!("header of {size} bytes, {bits} bit, compression {compression}"))
            .expected("an uncompressed one of 1, 4, 8, 24 or 32 bit")
            .help("save it as PNG or TIFF"));
    }
    if width <= 0 || height == 0 || height == i32::MIN {
        return Err(Error::corrupt("BMP size").found(format_args!("{width}x{height}")).expected("at least 1x1"));
    }
    let stride = (u64::from(bits) * width as u64).div_ceil(32) * 4;
    let rows = u64::from(height.unsigned_abs());
    let offset = u64::from(u32::from_le_bytes([start[10], start[11], start[12], start[13]]));
    if stride.checked_mul(rows).and_then(|n| n.checked_add(offset)).is_none_or(|n| n > input.len()) {
        return Err(Error::corrupt("BMP rows")
            .found(format_args!("{} bytes", input.len()))
            .expected(format_args!("{rows} rows of {stride} from byte {offset}"))
            .help("the file is cut off; copy it again"));
    }
    let (greys, warnings) = if bits <= 8 { palette(input, &head)? } else { (None, Vec::new()) };
    Ok((Rows { width: width as usize, height: rows as usize, bits, bottom_up: height > 0, offset, stride: stride as usize, greys }, warnings))
}

/// A palette of greys gives each index its grey; one of colours leaves the indices.
fn palette(input: &Input, head: &Head) -> Result<(Option<Vec<u8>>, Vec<String>)> {
    let all = 1usize << head.bits;
    let count = if head.used == 0 { all } else { (head.used as usize).min(all) };
    let mut entries = vec![0; count * head.entry()];
    input.read_at(14 + u64::from(head.size), &mut entries)?;
    let entries = entries.chunks_exact(head.entry());
    if entries.clone().any(|e| e[0] != e[1] || e[1] != e[2]) {
        return Ok((None, vec!["the file has a colour palette: values are the stored indices".into()]));
    }
    let mut greys: Vec<u8> = entries.map(|e| e[0]).collect();
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
