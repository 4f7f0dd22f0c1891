//! Texts of users, damaged: values of parameters are refused or read back from their JSON, and nothing panics.

use isovox_ops::geometry::matrix::Matrix;
use isovox_ops::spec::{Lengths, RegionText, Value, Values};
use isovox_volume::{Extent, Size, Type};

/// How many texts.
const CASES: u64 = 100_000;

/// Pieces that texts are put together from.
const PIECES: [&str; 38] = [
    "0",
    "1",
    "2",
    "5.3",
    "-",
    "+",
    ".",
    "e",
    "E9",
    "e308",
    "e-400",
    ",",
    ",",
    ":",
    " ",
    "\t",
    "x",
    "um",
    "µm",
    "μm",
    "mm",
    "cm",
    "vox",
    "um3",
    "mm3",
    "µ",
    "é",
    "💥",
    "\0",
    "NaN",
    "inf",
    "18446744073709551615",
    "18446744073709551616",
    "-9223372036854775808",
    "true",
    "u8",
    "rgb8",
    "\u{301}",
];

/// Numbers by splitmix64.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % n as u64) as usize
    }
}

/// Pieces of affines, as numbers and as ITK writes them.
const AFFINES: [&str; 12] = [
    "1 0 0 5 0 1 0 -6 0 0 2 7 ",
    "0 0 0 1",
    "2 0 0 0 1 0 0 0 1 10 20 30",
    "1e308 1e308 1e308 ",
    "0.1 -0.2 0.3 1 2 3",
    "\n",
    "#Insight Transform File V1.0\n",
    "Transform: AffineTransform_double_3_3\n",
    "Transform: Euler3DTransform_double_3_3\n",
    "Parameters: ",
    "FixedParameters: ",
    "nan ",
];

/// What is taken has finite numbers and comes back from the JSON that provenance keeps.
fn check<T: Value + PartialEq + std::fmt::Debug>(text: &str, taken: &mut usize) {
    let Ok(value) = T::read(text) else { return };
    *taken += 1;
    assert!(value.numbers().iter().all(|n| n.is_finite()), "{text:?} is {value:?}");
    let kept = Values::from_json(&serde_json::json!({ "v": value.json() }));
    assert_eq!(T::read(kept.get("v").unwrap_or_default()).ok(), Some(value), "{text:?}");
}

#[test]
fn texts_of_users() {
    let mut random = Random(8);
    let mut taken = [0; 8];
    for _ in 0..CASES {
        let text: String = (0..=random.below(6)).map(|_| PIECES[random.below(PIECES.len())]).collect();
        check::<Extent>(&text, &mut taken[0]);
        check::<Lengths>(&text, &mut taken[1]);
        check::<Size>(&text, &mut taken[2]);
        check::<Type>(&text, &mut taken[3]);
        check::<RegionText>(&text, &mut taken[4]);
        check::<f64>(&text, &mut taken[5]);
        check::<i64>(&text, &mut taken[6]);
        check::<bool>(&text, &mut taken[7]);
    }
    assert!(taken.iter().all(|&n| n > 10), "too few texts are taken to say anything: {taken:?}");
}

#[test]
fn affines_of_users() {
    let mut random = Random(9);
    let mut taken = 0;
    for _ in 0..CASES {
        let itk = "#Insight Transform File V1.0\nTransform: AffineTransform_double_3_3\nParameters: ";
        let head = if random.below(2) == 0 { itk } else { "" };
        let text: String = std::iter::once(head).chain((0..=random.below(5)).map(|_| AFFINES[random.below(AFFINES.len())])).collect();
        check::<Matrix>(&text, &mut taken);
    }
    assert!(taken > 10, "too few texts are taken to say anything: {taken}");
}
