//! The little of OME-XML that is read: a plain z stack of one image, and its voxel size.

use isovox_volume::{Error, Result};

use crate::unit::millimetres;

/// What an OME-XML block says.
pub(super) struct Ome {
    /// Planes of the one image.
    pub(super) planes: usize,
    /// Voxel size, mm, where all three are stated.
    pub(super) spacing: Option<[f64; 3]>,
}

impl Ome {
    /// Reads a block; everything but a plain z stack is refused by name.
    pub(super) fn parse(text: &str) -> Result<Ome> {
        let images = elements(text, "Pixels");
        let [pixels] = images[..] else {
            return Err(Error::unsupported("OME-TIFF")
                .found(format_args!("{} images in one file", images.len()))
                .expected("one")
                .help("save the image you want as a TIFF of its own"));
        };
        for (key, what) in [("SizeC", "channels"), ("SizeT", "time points")] {
            let count = number(pixels, key)?;
            if count != 1 {
                return Err(Error::unsupported(format_args!("OME-TIFF of several {what}"))
                    .found(count)
                    .expected("1: a plain z stack")
                    .help("split it, for example with bfconvert -channel 0 or -timepoint 0"));
            }
        }
        for data in elements(text, "TiffData") {
            let plane = |key| attribute(data, key).map_or(Some(0), |v| v.parse::<usize>().ok());
            if plane("IFD").is_none() || plane("IFD") != plane("FirstZ") {
                return Err(Error::unsupported("OME-TIFF whose planes are not in page order").help("save it as a plain TIFF stack"));
            }
        }
        Ok(Ome { planes: number(pixels, "SizeZ")?, spacing: spacing(pixels) })
    }
}

fn number(element: &str, key: &str) -> Result<usize> {
    let found = attribute(element, key).and_then(|v| v.parse().ok()).filter(|&n: &usize| n > 0);
    found.ok_or_else(|| Error::corrupt(format_args!("OME-XML {key}")).found(attribute(element, key).unwrap_or("nothing")).expected("a number"))
}

fn spacing(pixels: &str) -> Option<[f64; 3]> {
    let mut spacing = [0.0; 3];
    for (to, axis) in spacing.iter_mut().zip(["X", "Y", "Z"]) {
        let size: f64 = attribute(pixels, &format!("PhysicalSize{axis}"))?.parse().ok()?;
        // The schema's default unit is the micrometre.
        let unit = attribute(pixels, &format!("PhysicalSize{axis}Unit")).unwrap_or("um");
        *to = size * millimetres(&unit.replace("&#181;", "u").replace("&#xB5;", "u"))?;
    }
    spacing.iter().all(|s| s.is_finite() && *s > 0.0).then_some(spacing)
}

/// The start tags of a name.
fn elements<'a>(text: &'a str, name: &str) -> Vec<&'a str> {
    let starts = |at: &usize| text[*at..].trim_start_matches(|c: char| c != ':' && c != '<' && c.is_alphanumeric()).starts_with([' ', '\n', '\r', '\t', '>', '/']);
    text.match_indices(name)
        .filter(|(at, _)| matches!(text[..*at].chars().next_back(), Some('<' | ':')) && starts(&(at + name.len())))
        .filter(|(at, _)| !text[..*at].rsplit('<').next().is_some_and(|before| before.starts_with('/')))
        .filter_map(|(at, _)| text[at..].split('>').next())
        .collect()
}

/// An attribute's value in a start tag.
fn attribute<'a>(element: &'a str, key: &str) -> Option<&'a str> {
    element.match_indices(key).find_map(|(at, _)| {
        let before = element[..at].ends_with(char::is_whitespace);
        let value = element[at + key.len()..].trim_start().strip_prefix('=').filter(|_| before)?.trim_start();
        let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        value[1..].split(quote).next()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: &str = r#"<?xml version="1.0"?><OME><Image ID="Image:0"><Pixels ID="P" DimensionOrder="XYZCT" SizeC="1" SizeT="1" SizeX="4" SizeY="3" SizeZ="2" PhysicalSizeX="82" PhysicalSizeY="82.0" PhysicalSizeZ="0.5" PhysicalSizeZUnit="mm"><TiffData IFD="0" PlaneCount="2"/></Pixels></Image></OME>"#;

    #[test]
    fn a_plain_stack_has_planes_and_a_size() {
        let ome = Ome::parse(PLAIN).unwrap();
        assert_eq!(ome.planes, 2);
        assert_eq!(ome.spacing, Some([0.082, 0.082, 0.5]));
        assert_eq!(Ome::parse(&PLAIN.replace("PhysicalSizeY", "Other")).unwrap().spacing, None);
    }

    #[test]
    fn what_is_not_a_plain_stack_is_refused() {
        for (from, to) in [("SizeC=\"1\"", "SizeC=\"3\""), ("SizeT=\"1\"", "SizeT=\"2\""), ("IFD=\"0\"", "IFD=\"1\""), ("SizeZ=\"2\"", ""), ("</Pixels>", "</Pixels><Pixels />")] {
            assert!(Ome::parse(&PLAIN.replace(from, to)).is_err(), "{to}");
        }
    }
}
