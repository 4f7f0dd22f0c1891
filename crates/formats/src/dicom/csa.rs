//! Siemens' CSA headers: values by name, within a private element.
//!
//! No standard defines them. The layout is as nibabel's manual describes it ("Siemens format DICOM with CSA header"): a
//! count of elements; each a name of 64 bytes, five words, and its values, each with four words before it and padded to 4
//! bytes. Files of the later kind begin with `SV10`.

/// Elements that are looked at; scanners write about a hundred.
const MOST: u32 = 1024;

/// Values of an element that are looked at.
const MOST_VALUES: u32 = 1024;

struct Words<'a>(&'a [u8]);

impl<'a> Words<'a> {
    fn take(&mut self, bytes: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(bytes)?;
        self.0 = rest;
        Some(taken)
    }

    fn word(&mut self) -> Option<u32> {
        self.take(4)?.try_into().ok().map(u32::from_le_bytes)
    }

    fn words<const N: usize>(&mut self) -> Option<[u32; N]> {
        let mut words = [0; N];
        for word in &mut words {
            *word = self.word()?;
        }
        Some(words)
    }
}

/// The numbers of a named element; `None` where the header has none, or is not what it seems.
pub(super) fn numbers(header: &[u8], name: &str) -> Option<Vec<f64>> {
    let later = header.starts_with(b"SV10");
    let mut words = Words(if later { header.get(8..)? } else { header });
    let [count, _] = words.words()?;
    let mut first = None;
    for _ in 0..count.min(MOST) {
        let named = text(words.take(64)?);
        let [_, _, _, values, _] = words.words()?;
        // In the earlier kind the lengths of values are counted from the number of the first element's values.
        let base = if later { 0 } else { *first.get_or_insert(values) };
        let mut found = Vec::new();
        for _ in 0..values.min(MOST_VALUES) {
            let lengths: [u32; 4] = words.words()?;
            let length = if later { lengths[1] } else { lengths[0].checked_sub(base)? };
            let value = words.take(length as usize)?;
            words.take((4 - length as usize % 4) % 4)?;
            if length > 0 {
                found.push(text(value));
            }
        }
        if named == name {
            return Some(found.iter().map_while(|v| v.trim().parse().ok()).filter(|v: &f64| v.is_finite()).collect());
        }
    }
    None
}

/// A text that ends at its first zero.
fn text(bytes: &[u8]) -> &str {
    let end = bytes.iter().position(|&b| b == 0).unwrap_or(bytes.len());
    std::str::from_utf8(&bytes[..end]).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use isovox_testing::dicom::csa as made;

    #[test]
    fn numbers_by_name() {
        let header = made(&[("EchoLinePosition", &["36      "]), ("SliceNormalVector", &["0.0", "-0.5", "1e0"]), ("Empty", &[])]);
        assert_eq!(numbers(&header, "SliceNormalVector"), Some(vec![0.0, -0.5, 1.0]));
        assert_eq!(numbers(&header, "Empty"), Some(vec![]));
        assert_eq!(numbers(&header, "B_value"), None);
    }

    #[test]
    fn what_is_cut_off_has_nothing() {
        let header = made(&[("NumberOfImagesInMosaic", &["5"])]);
        assert_eq!(numbers(&header, "NumberOfImagesInMosaic"), Some(vec![5.0]));
        assert!((0..header.len()).all(|n| numbers(&header[..n], "NumberOfImagesInMosaic").is_none()));
        assert_eq!(numbers(&[0xFF; 300], "x"), None);
    }
}
