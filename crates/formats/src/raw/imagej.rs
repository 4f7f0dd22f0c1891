//! `ImageJ`'s settings of File > Import > Raw, as text beside the data.
//!
//! Source: `ij.plugin.Raw` / `ij.io.ImportDialog`: `Image type`, `Width`, `Height`, `Offset to first image`, `Number of
//! images`, `Gap between images`, `White is zero`, `Little-endian byte order`. `Voxel size: 5x5x5 micron^3`, as `ImageJ`'s
//! Show Info has it, is taken where it stands there too.

use isovox_volume::{Error, Result, Type};

use super::colour::Colour;
use super::said::{Pixel, Said};
use crate::input::Input;
use crate::unit::millimetres;

/// The longest settings text.
const LONGEST: u64 = 64 << 10;

/// The settings beside a file: `X.imagej.txt`, `X.raw.txt` or `X.txt` beside `X.raw`, where it is such a text.
pub(super) fn beside(input: &Input) -> Option<Input> {
    let base = input.name().rsplit('/').next()?;
    let stem = base.rfind('.').filter(|&i| i > 0).map_or(base, |i| &base[..i]);
    let names = [format!("{stem}.imagej.txt"), format!("{base}.imagej.txt"), format!("{base}.txt"), format!("{stem}.txt")];
    names.iter().filter(|name| *name != base).filter_map(|name| input.sibling(name).ok()).find(is_settings)
}

/// Whether a file is such a text.
pub(super) fn is_settings(input: &Input) -> bool {
    input.ends("txt") && text(input).is_ok_and(|text| key(&text, "image type").is_some() && key(&text, "width").is_some())
}

fn text(input: &Input) -> Result<String> {
    Ok(String::from_utf8_lossy(&input.all(LONGEST)?).into_owned())
}

fn key<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let pairs = text.lines().filter_map(|line| line.split_once(':'));
    pairs.filter(|(k, _)| k.trim().eq_ignore_ascii_case(name)).map(|(_, v)| v.trim()).next()
}

/// What a settings text says.
pub(super) fn read(input: &Input) -> Result<Said> {
    let base = input.name().rsplit('/').next().unwrap_or_default();
    parse(&text(input)?, base).map_err(|e| e.within(input.path()))
}

fn parse(text: &str, by: &str) -> Result<Said> {
    let wrong = |name: &str, value: &str, expected: &str| Error::corrupt(format_args!("{name:?} in {by}")).found(format_args!("{value:?}")).expected(expected);
    let number = |name: &str| -> Result<Option<u64>> {
        let Some(value) = key(text, name) else { return Ok(None) };
        let digits = value.split_whitespace().next().unwrap_or_default();
        digits.parse().map(Some).map_err(|_| wrong(name, value, "a whole number"))
    };
    let answer = |name: &str| -> Result<Option<bool>> {
        match key(text, name).map(str::to_lowercase).as_deref() {
            None => Ok(None),
            Some("yes" | "true") => Ok(Some(true)),
            Some("no" | "false") => Ok(Some(false)),
            Some(value) => Err(wrong(name, value, "yes or no")),
        }
    };
    let side = |name: &str| number(name).map(|n| n.map(|n| usize::try_from(n).unwrap_or(usize::MAX)));
    let (Some(width), Some(height)) = (side("width")?, side("height")?) else { return Err(Error::corrupt(format_args!("settings in {by}")).expected("Width and Height")) };
    let mut said = Said {
        by: by.into(),
        size: Some([side("number of images")?.unwrap_or(1), height, width]),
        pixel: Some(pixel(key(text, "image type").unwrap_or_default())?),
        big: answer("little-endian byte order")?.map(|little| !little),
        offset: number("offset to first image")?,
        gap: number("gap between images")?,
        white: answer("white is zero")?.unwrap_or(false),
        ..Said::default()
    };
    if let Some(value) = key(text, "voxel size") {
        said.spacing = spacing(value);
        if said.spacing.is_none() {
            said.warnings.push(format!("voxel size {value:?} in {by} names no length and is not used"));
        }
    }
    Ok(said)
}

fn pixel(name: &str) -> Result<Pixel> {
    Ok(match name.to_lowercase().replace(" (", " ").replace(')', "").as_str() {
        "8-bit" | "8-bit unsigned" => Pixel::Plain(Type::U8),
        "8-bit signed" => Pixel::Plain(Type::I8),
        "16-bit signed" => Pixel::Plain(Type::I16),
        "16-bit" | "16-bit unsigned" => Pixel::Plain(Type::U16),
        "32-bit signed" => Pixel::Plain(Type::I32),
        "32-bit unsigned" => Pixel::Plain(Type::U32),
        "32-bit real" => Pixel::Plain(Type::F32),
        "64-bit real" => Pixel::Plain(Type::F64),
        "24-bit rgb" => Pixel::Plain(Type::Rgb8),
        "24-bit rgb planar" => Pixel::Colour(Colour::Planar),
        "24-bit bgr" => Pixel::Colour(Colour::Bgr),
        "32-bit argb" => Pixel::Colour(Colour::Argb),
        "32-bit abgr" => Pixel::Colour(Colour::Abgr),
        _ => return Err(Error::unsupported(format_args!("ImageJ's image type {name:?}")).help("convert it in ImageJ to 8, 16 or 32 bit")),
    })
}

/// `5.3x5.3x10 micron^3`, mm.
fn spacing(value: &str) -> Option<[f64; 3]> {
    let (sides, unit) = value.split_once(' ')?;
    let mm = millimetres(unit.trim().trim_end_matches("^3"))?;
    let sides: Vec<f64> = sides.split('x').map(|s| s.parse().ok()).collect::<Option<_>>()?;
    let sides: [f64; 3] = sides.try_into().ok()?;
    Some(sides.map(|s| s * mm))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "Image type: 16-bit Signed\nWidth: 4 pixels\nHeight: 3 pixels\nOffset to first image: 8 bytes\nNumber of images: 2\nGap between images: 5 bytes\nWhite is zero: yes\nLittle-endian byte order: no\nVoxel size: 5x5x10 micron^3\n";

    #[test]
    fn all_keys() {
        let said = parse(TEXT, "a.txt").unwrap();
        let expected = Said {
            by: "a.txt".into(),
            size: Some([2, 3, 4]),
            pixel: Some(Pixel::Plain(Type::I16)),
            big: Some(true),
            offset: Some(8),
            gap: Some(5),
            white: true,
            spacing: Some([0.005, 0.005, 0.01]),
            warnings: Vec::new(),
        };
        assert_eq!(said, expected);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (from, to, word) in [
            ("4 pixels", "four", "width"),
            ("yes", "maybe", "maybe"),
            ("16-bit Signed", "1-bit Bitmap", "1-bit"),
            ("Height", "Hight", "Height"),
            ("5x5x10 micron", "5x5x10 pixel", ""),
        ] {
            match parse(&TEXT.replacen(from, to, 1), "a.txt") {
                Err(error) => assert!(error.to_string().to_lowercase().contains(&word.to_lowercase()), "{error}"),
                Ok(said) => assert!(said.spacing.is_none() && said.warnings.len() == 1),
            }
        }
    }
}
