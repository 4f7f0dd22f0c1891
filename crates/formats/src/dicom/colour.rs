//! Colours as red, green and blue of 8 bits (PS3.3 C.7.6.3.1.2).

/// How three samples are a colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Space {
    Rgb,
    /// Luminance and two differences, all of the full range.
    Ybr,
}

impl Space {
    /// Of a photometric interpretation of 3 samples; `None` for one that is not read. What JPEG 2000 transforms, its decoder
    /// transforms back.
    pub(super) fn of(photometric: &str) -> Option<Space> {
        match photometric {
            "RGB" | "YBR_RCT" | "YBR_ICT" => Some(Space::Rgb),
            "YBR_FULL" | "YBR_FULL_422" => Some(Space::Ybr),
            _ => None,
        }
    }

    /// Three samples, the highest 8 of their bits, as a colour.
    #[inline]
    pub(super) fn rgb(self, samples: [u8; 3]) -> [u8; 3] {
        match self {
            Space::Rgb => samples,
            Space::Ybr => {
                let [y, blue, red] = samples.map(f64::from);
                let (blue, red) = (blue - 128.0, red - 128.0);
                // A cast keeps within 0 to 255.
                let rounded = |v: f64| (v + 0.5) as u8;
                [rounded(y + 1.402 * red), rounded(y - (0.114 * 1.772 * blue + 0.299 * 1.402 * red) / 0.587), rounded(y + 1.772 * blue)]
            }
        }
    }
}

/// Pairs of pixels that share their chroma, taken apart: Y Y B R to Y B R Y B R.
pub(super) fn apart(shared: &[u8], out: &mut Vec<u8>) {
    out.clear();
    for &[first, second, blue, red] in shared.as_chunks().0 {
        out.extend([first, blue, red, second, blue, red]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn luminance_and_differences() {
        // By hand, from C.7.6.3.1.2 inverted: black, white, grey; full red is Y 76.245, B 84.97, R 255.5.
        assert_eq!(Space::Ybr.rgb([0, 128, 128]), [0, 0, 0]);
        assert_eq!(Space::Ybr.rgb([255, 128, 128]), [255, 255, 255]);
        assert_eq!(Space::Ybr.rgb([100, 128, 128]), [100, 100, 100]);
        assert_eq!(Space::Ybr.rgb([76, 85, 255]), [254, 0, 0]);
        let mut out = Vec::new();
        apart(&[1, 2, 3, 4], &mut out);
        assert_eq!(out, [1, 3, 4, 2, 3, 4]);
    }
}
