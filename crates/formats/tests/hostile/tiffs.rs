//! TIFF files made field by field: what our own writer does not write.

use std::io::Write;

use isovox_volume::Type;

use crate::seeds::{Seed, counting, written};

/// A file of equal pages.
#[derive(Clone)]
struct Build {
    big: bool,
    wide: bool,
    tags: Vec<(u16, u64)>,
    chunks: Vec<Vec<u8>>,
    text: &'static str,
    pages: usize,
}

impl Build {
    fn new(tags: &[(u16, u64)], chunks: Vec<Vec<u8>>) -> Build {
        let mut all = vec![(256, 5), (257, 4), (258, 8), (259, 1), (262, 1)];
        all.retain(|(tag, _)| tags.iter().all(|(other, _)| other != tag));
        all.extend(tags);
        Build { big: false, wide: false, tags: all, chunks, text: "", pages: 1 }
    }

    fn number(&self, value: u64, bytes: usize) -> Vec<u8> {
        if self.big { value.to_be_bytes()[8 - bytes..].to_vec() } else { value.to_le_bytes()[..bytes].to_vec() }
    }

    /// Bytes of a place in the file.
    fn word(&self) -> usize {
        if self.wide { 8 } else { 4 }
    }

    fn file(&self) -> Vec<u8> {
        let mut file = [if self.big { &b"MM"[..] } else { b"II" }, &self.number(if self.wide { 43 } else { 42 }, 2)].concat();
        if self.wide {
            file.extend([self.number(8, 2), self.number(0, 2)].concat());
        }
        for _ in 0..self.pages {
            let link = file.len();
            file.extend(self.number(0, self.word()));
            let directory = self.page(&mut file);
            let here = self.number(file.len() as u64, self.word());
            file[link..link + self.word()].copy_from_slice(&here);
            file.extend(directory);
        }
        file.extend(self.number(0, self.word()));
        file
    }

    /// Writes a page's chunks and lists; gives its directory, to which the link to the next is added.
    fn page(&self, file: &mut Vec<u8>) -> Vec<u8> {
        let tiled = self.tags.iter().any(|t| t.0 == 322);
        let mut places = Vec::new();
        for chunk in &self.chunks {
            places.push(file.len() as u64);
            file.extend(chunk);
        }
        let lengths: Vec<u64> = self.chunks.iter().map(|c| c.len() as u64).collect();
        let mut fields: Vec<Vec<u8>> = self.tags.iter().map(|&(tag, value)| self.field(tag, 4, &[value], file)).collect();
        fields.push(self.field(if tiled { 324 } else { 273 }, if self.wide { 16 } else { 4 }, &places, file));
        fields.push(self.field(if tiled { 325 } else { 279 }, 4, &lengths, file));
        let text: Vec<u64> = self.text.bytes().map(u64::from).collect();
        fields.push(self.field(270, 2, &text, file));
        fields.sort_by_key(|f| if self.big { [f[0], f[1]] } else { [f[1], f[0]] });
        [self.number(fields.len() as u64, if self.wide { 8 } else { 2 }), fields.concat()].concat()
    }

    fn field(&self, tag: u16, kind: u16, values: &[u64], file: &mut Vec<u8>) -> Vec<u8> {
        let bytes = [1, 1, 1, 2, 4][kind.min(4) as usize] << (kind / 16);
        let mut value: Vec<u8> = values.iter().flat_map(|&v| self.number(v, bytes)).collect();
        if value.len() > self.word() {
            let place = self.number(file.len() as u64, self.word());
            file.extend(&value);
            value = place;
        }
        value.resize(self.word(), 0);
        [self.number(tag.into(), 2), self.number(kind.into(), 2), self.number(values.len() as u64, self.word()), value].concat()
    }
}

/// One grey page of one strip.
pub(crate) fn plain() -> Vec<u8> {
    Build::new(&[], vec![counting(20)]).file()
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("memory")
}

fn lzw() -> Vec<u8> {
    let mut file = std::io::Cursor::new(Vec::new());
    let encoder = tiff::encoder::TiffEncoder::new(&mut file).expect("memory");
    encoder.with_compression(tiff::encoder::Compression::Lzw).write_image::<tiff::encoder::colortype::Gray8>(5, 4, &[7; 20]).expect("memory");
    file.into_inner()
}

/// A frame of Zstandard that holds its bytes as they are.
fn zstd(bytes: &[u8]) -> Vec<u8> {
    let block = (bytes.len() as u32) << 3 | 1;
    [&[0x28, 0xb5, 0x2f, 0xfd, 0x20, bytes.len() as u8][..], &block.to_le_bytes()[..3], bytes].concat()
}

pub(crate) fn seeds() -> Vec<Seed> {
    let imagej = "ImageJ=1.53\nimages=6\nslices=3\nframes=2\nunit=micron\nspacing=2\n";
    let ome = r#"<OME><Image><Pixels SizeC="1" SizeT="1" SizeX="5" SizeY="4" SizeZ="2" PhysicalSizeX="2" PhysicalSizeY="2" PhysicalSizeZ="3" PhysicalSizeZUnit="nm"><TiffData IFD="0"/></Pixels></Image></OME>"#;
    let packbits: Vec<u8> = [&[19][..], &counting(20)].concat();
    let behind = Build { text: imagej, ..Build::new(&[], vec![counting(120)]) };
    vec![
        ("written", written("a.tif", Type::I16, 1)),
        ("strips", Build { pages: 2, big: true, ..Build::new(&[(278, 2)], vec![counting(10), counting(10)]) }.file()),
        ("behind", behind.file()),
        ("shaped", Build { text: "{\"shape\": [2, 3, 4, 5], \"truncated\": true}", ..behind }.file()),
        ("ome", Build { text: ome, pages: 2, wide: true, ..Build::new(&[], vec![counting(20)]) }.file()),
        ("deflate", Build::new(&[(259, 8), (317, 2), (258, 16)], vec![deflate(&counting(40))]).file()),
        ("float", Build { big: true, ..Build::new(&[(259, 8), (317, 3), (258, 32), (339, 3)], vec![deflate(&counting(80))]) }.file()),
        ("half", Build::new(&[(258, 16), (339, 3)], vec![counting(40)]).file()),
        ("twelve", Build::new(&[(258, 12), (266, 2)], vec![counting(32)]).file()),
        ("tiles", Build::new(&[(322, 16), (323, 16)], vec![counting(256)]).file()),
        ("deep", Build::new(&[(32_997, 3), (322, 16), (323, 16), (32_998, 2)], vec![counting(512), counting(512)]).file()),
        ("channels", Build::new(&[(277, 2)], vec![counting(40)]).file()),
        ("separate", Build::new(&[(277, 2), (284, 2)], vec![counting(20), counting(20)]).file()),
        ("colour", Build::new(&[(277, 3), (262, 2)], vec![counting(60)]).file()),
        ("packbits", Build::new(&[(259, 32_773)], vec![packbits]).file()),
        ("lzw", lzw()),
        ("zstd", Build::new(&[(259, 50_000)], vec![zstd(&counting(20))]).file()),
    ]
}
