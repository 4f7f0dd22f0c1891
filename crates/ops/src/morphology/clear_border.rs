//! What is cut off by the edge of the volume.

use isovox_macros::Op;
use isovox_volume::{Header, Result, Runs};

use crate::access::{Join, Paint, integers};
use crate::components::{Connectivity, Of, Rule};
use crate::morphology::faces::Faces;

/// Remove connected components that touch a face of the volume; the others keep their values.
///
/// A component is of equal values: of a label in two parts only the part that touches goes. Which of the six faces count
/// is for --faces to say. Labels are not renumbered. Shape and type stay. Agrees with `skimage.segmentation.clear_border`,
/// whose connectivity is 26.
#[derive(Op)]
#[op(access = Join, input = Label, output = SameType, example = "isovox clear-border labels.mha -o whole.mha --faces x,y")]
pub struct ClearBorder {
    /// Faces that count: x, y, z (both of an axis), x- (the first), x+ (the last), with commas between.
    #[op(default = Faces::ALL)]
    pub faces: Faces,
    /// Which neighbours connect: 6 faces, 18 edges too, 26 corners too.
    #[op(default = Connectivity::Faces)]
    pub connectivity: Connectivity,
}

impl Join for ClearBorder {
    fn rule(&self) -> Rule {
        Rule::new(Of::EachValue, self.connectivity)
    }

    fn paint(&self) -> Paint {
        Paint::Value
    }

    fn header(&self, input: &Header) -> Result<Header> {
        integers("clear-border", input)?;
        Ok(input.clone())
    }

    fn numbers(&self, input: &Header, runs: &Runs) -> Result<Option<Vec<u32>>> {
        let touching = self.faces.touching(runs, input.nz(), input.nx());
        Ok(Some(touching.iter().enumerate().map(|(n, touches)| u32::from(n > 0 && !touches)).collect()))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use isovox_volume::Type;

    use super::*;
    use crate::components::{Scan, join};
    use crate::spec::Value;

    #[track_caller]
    fn check(faces: &str, expect: [u8; 27]) {
        // By hand: 3x3x3 with a voxel in the middle, in the corner of all first faces, and in y's and z's last faces alone.
        let mask: [u8; 27] = std::array::from_fn(|i| u8::from([0, 13, 25].contains(&i)));
        let op = ClearBorder { faces: Faces::read(faces).unwrap(), connectivity: Connectivity::Faces };
        let rule = Rule::new(Of::EachValue, Connectivity::Faces);
        let parts = (0..3).map(|z| {
            let mut scan = Scan::new(rule, false, 3, z);
            scan.planes(&mask[9 * z..9 * z + 9], 3).unwrap();
            Arc::new(scan.close())
        });
        let runs = join(parts.collect(), rule, 3).unwrap();
        let kept = runs.renumbered(&op.numbers(&Header::new([3; 3], 1, Type::U8).unwrap(), &runs).unwrap().unwrap());
        let mut out = [0; 27];
        kept.paint(0..3, 3, 0, |_, _, number| number as u8, &mut out);
        assert_eq!(out, expect, "{faces}");
    }

    #[test]
    fn only_the_faces_that_count() {
        let left = |kept: &[usize]| std::array::from_fn(|i| u8::from(kept.contains(&i)));
        check("x,y,z", left(&[13]));
        check("x", left(&[13, 25]));
        check("x+,y+", left(&[0, 13]));
        check("y-", left(&[13, 25]));
        check("z+", left(&[0, 13]));
    }
}
