//! Size and type in a file name: `polymer3d_8bit_128x128x128.raw`, `s16be_off512_gap16`.

use isovox_volume::Type;

use super::likely;
use super::said::{Pixel, Said};
use crate::input::Input;

fn base(input: &Input) -> String {
    input.name().rsplit('/').next().unwrap_or_default().to_lowercase()
}

/// The first `AxBxC` of a file name, as `[z, y, x]`.
pub(super) fn size(input: &Input) -> Option<[usize; 3]> {
    find(&base(input)).map(|(size, _)| size)
}

/// The size, and the name with a blank in its place.
fn find(name: &str) -> Option<([usize; 3], String)> {
    // Not within a number, nor behind another side: four sides are another shape.
    let within = |before: &str| before.trim_end_matches(['x', '×']).ends_with(|c: char| c.is_ascii_digit());
    let mut starts = name.char_indices().filter(|&(i, c)| c.is_ascii_digit() && !within(&name[..i]));
    starts.find_map(|(i, _)| sides(&name[i..]).map(|(size, len)| (size, format!("{} {}", &name[..i], &name[i + len..]))))
}

/// `AxBxC` at the beginning of a text, and its length.
fn sides(text: &str) -> Option<([usize; 3], usize)> {
    let (mut at, mut found) = (0, [0; 3]);
    for (i, side) in found.iter_mut().enumerate() {
        let digits = text[at..].bytes().take_while(u8::is_ascii_digit).count();
        *side = text[at..at + digits].parse().ok().filter(|&n| n > 0)?;
        at += digits;
        if i < 2 {
            at += text[at..].chars().next().filter(|c| matches!(c, 'x' | '×')).map(char::len_utf8)?;
        }
    }
    let [x, y, z] = found;
    let more = text[at..].strip_prefix(['x', '×']).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    (!more).then_some(([z, y, x], at))
}

/// What a name says, with a warning that names it; `None` where it has no size.
pub(super) fn read(input: &Input) -> Option<Said> {
    let (size, rest) = find(&base(input))?;
    let words: Vec<&str> = rest.split(|c: char| !c.is_ascii_alphanumeric()).filter(|w| !w.is_empty()).collect();
    let mut said = Said { by: "its name".into(), size: Some(size), ..Said::default() };
    let mut assumed = Vec::new();
    let mut voxel = kind(&words, &mut assumed);
    said.offset = words.iter().find_map(|w| number(w, &["offset", "off", "header", "skip"]));
    said.gap = words.iter().find_map(|w| number(w, &["gap"]));
    if voxel.is_none() && said.gap.is_none() {
        voxel = input.len().checked_sub(said.offset.unwrap_or(0)).and_then(|len| likely::bytes(size, len));
        assumed.extend(voxel.map(|_| "u8, a byte a voxel".to_string()));
    }
    said.pixel = voxel.map(Pixel::Plain);
    said.big = order(&words);
    if said.big.is_none() && voxel.is_some_and(|v| v.bytes() > 1 && v != Type::Rgb8) {
        assumed.push("little-endian".into());
    }
    said.warnings.push(warning(&said, voxel, &assumed));
    Some(said)
}

fn warning(said: &Said, voxel: Option<Type>, assumed: &[String]) -> String {
    let [z, y, x] = said.size.unwrap_or_default();
    let mut parts = vec![format!("size {x}x{y}x{z}")];
    parts.extend(voxel.map(|v| format!("type {v}")));
    parts.extend(said.big.map(|big| if big { "big-endian".into() } else { "little-endian".into() }));
    parts.extend(said.offset.map(|n| format!("offset {n}")));
    parts.extend(said.gap.map(|n| format!("gap {n}")));
    let assumed = if assumed.is_empty() { String::new() } else { format!("; assumed: {}", assumed.join(", ")) };
    format!("{} by the file name alone; they fit the byte count{assumed}", parts.join(", "))
}

fn number(word: &str, before: &[&str]) -> Option<u64> {
    before.iter().find_map(|b| word.strip_prefix(b)?.parse().ok())
}

/// The one type that words name; `None` for none or several.
fn kind(words: &[&str], assumed: &mut Vec<String>) -> Option<Type> {
    let exact: Vec<Type> = words.iter().filter_map(|w| exact(without_order(w).0)).collect();
    if let [first, rest @ ..] = &exact[..] {
        return rest.iter().all(|t| t == first).then_some(*first);
    }
    let joined = words.windows(2).filter(|w| w[1].starts_with("bit")).map(|w| w[0]);
    let bits = words.iter().filter_map(|w| without_order(w).0.trim_end_matches('s').strip_suffix("bit")).chain(joined).find_map(|n| n.parse::<u32>().ok())?;
    let has = |names: &[&str]| words.iter().any(|w| names.contains(&without_order(w).0));
    let (signed, unsigned, real) = (has(&["signed", "int"]), has(&["unsigned", "uint"]), has(&["float", "real", "single", "double"]));
    let (voxel, sure) = match bits {
        8 => (if signed { Type::I8 } else { Type::U8 }, true),
        16 if real => return None,
        16 => (if signed { Type::I16 } else { Type::U16 }, signed || unsigned),
        32 if signed => (Type::I32, true),
        32 if unsigned => (Type::U32, true),
        32 => (Type::F32, real),
        64 => (Type::F64, real),
        _ => return None,
    };
    if !sure {
        assumed.push(format!("{voxel} for {bits} bit"));
    }
    Some(voxel)
}

fn exact(word: &str) -> Option<Type> {
    let word = match word {
        "uchar" | "8u" => "u8",
        "ushort" | "16u" => "u16",
        "short" | "16s" => "i16",
        "float" | "32f" => "f32",
        "double" | "64f" => "f64",
        "rgb" | "rgb24" => "rgb8",
        other => other,
    };
    let short = match word {
        w if w.starts_with("uint") => format!("u{}", &w[4..]),
        w if w.starts_with("int") => format!("i{}", &w[3..]),
        w if w.starts_with("float") => format!("f{}", &w[5..]),
        w if w.starts_with('s') => format!("i{}", &w[1..]),
        w => w.into(),
    };
    Type::from_name(&short)
}

/// A word without `le` or `be` behind a type, and whether it was `be`.
fn without_order(word: &str) -> (&str, Option<bool>) {
    let strip = |ending: &str| word.strip_suffix(ending).filter(|w| exact(w).is_some() || w.ends_with("bit"));
    match (strip("le"), strip("be")) {
        (Some(w), _) => (w, Some(false)),
        (_, Some(w)) => (w, Some(true)),
        _ => (word, None),
    }
}

fn order(words: &[&str]) -> Option<bool> {
    words.iter().find_map(|w| match *w {
        "le" | "little" | "littleendian" | "lsb" => Some(false),
        "be" | "big" | "bigendian" | "msb" => Some(true),
        word => without_order(word).1,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, len: usize, size: [usize; 3], voxel: Option<Type>, big: Option<bool>) {
        let said = read(&Input::bytes(name, vec![0; len])).expect("a size");
        assert_eq!((said.size, said.pixel, said.big), (Some(size), voxel.map(Pixel::Plain), big), "{name}");
        assert_eq!(said.warnings.len(), 1);
    }

    #[test]
    fn names_of_all_kinds() {
        check("polymer3d_8bit_4x3x2.raw", 24, [2, 3, 4], Some(Type::U8), None);
        check("aluminium_4x3x2_f32le.raw", 96, [2, 3, 4], Some(Type::F32), Some(false));
        check("scan_946x946x900_u8.raw", 1, [900, 946, 946], Some(Type::U8), None);
        check("a_16bit_4X3X2.RAW", 48, [2, 3, 4], Some(Type::U16), None);
        check("a_16-bit-signed-big_4x3x2.raw", 48, [2, 3, 4], Some(Type::I16), Some(true));
        check("a_4x3x2_uint16.dat", 48, [2, 3, 4], Some(Type::U16), None);
        check("a_4x3x2_64bit.dat", 48, [2, 3, 4], Some(Type::F64), None);
        check("a 4x3x2 rgb.raw", 72, [2, 3, 4], Some(Type::Rgb8), None);
        check("4x3x2.raw", 24, [2, 3, 4], Some(Type::U8), None);
        check("4x3x2.raw", 48, [2, 3, 4], None, None);
        check("a_u8_or_u16_4x3x2.raw", 24, [2, 3, 4], Some(Type::U8), None);
        let said = read(&Input::bytes("a_4x3x2_s16be_off512_gap16.raw", vec![0; 576])).unwrap();
        assert_eq!((said.pixel, said.big, said.offset, said.gap), (Some(Pixel::Plain(Type::I16)), Some(true), Some(512), Some(16)));
    }

    #[test]
    fn names_without_a_size() {
        for name in ["a.raw", "a_4x3.raw", "0x3x2.raw", "x1x2x", "a_4x3x2x5.raw", "99999999999999999999x1x1.raw", "é×1×2×3×4", "1×2×3×4", ""] {
            assert!(size(&Input::bytes(name, Vec::new())).is_none(), "{name}");
        }
        for name in ["é3×1×2.raw", "1×2×3×é4×", "linux4x3x2"] {
            assert!(size(&Input::bytes(name, Vec::new())).is_some(), "{name}");
        }
    }

    #[test]
    fn what_is_assumed_is_said() {
        let said = read(&Input::bytes("a_16bit_4x3x2.raw", vec![0; 48])).unwrap();
        assert!(said.warnings[0].contains("u16 for 16 bit") && said.warnings[0].contains("little-endian"), "{:?}", said.warnings);
    }
}
