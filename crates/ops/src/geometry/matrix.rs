//! Affines as text: 16 numbers, or a transform as ITK writes it.

use isovox_volume::affine::{Affine, IDENTITY, from_linear, inverse};
use isovox_volume::{Error, Result};
use serde_json::{Value as Json, json};

use crate::spec::Value;

/// An affine of the world, rows outermost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Matrix(pub Affine);

/// Transforms of ITK that are affine, with the number of their parameters.
const AFFINE: [(&str, usize); 3] = [("AffineTransform_", 12), ("MatrixOffsetTransformBase_", 12), ("TranslationTransform_", 3)];

impl Value for Matrix {
    const KIND: &'static str = "affine";

    fn read(text: &str) -> Result<Matrix> {
        let affine = if text.trim_start().starts_with("#Insight Transform File") { itk(text)? } else { plain(text)? };
        if inverse(&affine).is_none() {
            return Err(Error::parameter("affine").found("one that does not span space"));
        }
        Ok(Matrix(affine))
    }

    fn json(&self) -> Json {
        json!(self.0.as_flattened())
    }
}

fn numbers(text: &str) -> Option<Vec<f64>> {
    let words = text.split(|c: char| c.is_whitespace() || ",;[]".contains(c)).filter(|w| !w.is_empty());
    words.map(|w| w.parse::<f64>().ok().filter(|v| v.is_finite())).collect()
}

/// 16 numbers row by row, of which the last four are 0 0 0 1.
fn plain(text: &str) -> Result<Affine> {
    let wrong = || Error::parameter("affine").expected("16 numbers, row by row, ending in 0 0 0 1, or a transform file of ITK");
    let list = <[f64; 16]>::try_from(numbers(text).ok_or_else(wrong)?).map_err(|_| wrong())?;
    let affine: Affine = std::array::from_fn(|r| std::array::from_fn(|c| list[4 * r + c]));
    if affine[3] == IDENTITY[3] { Ok(affine) } else { Err(wrong().found(format_args!("a last row of {:?}", affine[3]))) }
}

/// `x -> matrix (x - centre) + translation + centre`, as ITK's text files hold it.
fn itk(text: &str) -> Result<Affine> {
    let wrong = |what: &str| Error::parameter(format_args!("transform file: {what}"));
    let line = |key: &str| text.lines().filter_map(|l| l.split_once(':')).filter(|(k, _)| k.trim() == key).map(|(_, v)| v.trim()).collect::<Vec<_>>();
    let [kind] = line("Transform")[..] else {
        return Err(wrong("several transforms").expected("one affine").help("write them as one affine transform first"));
    };
    let list = |key: &str| line(key).first().map_or(Some(Vec::new()), |t| numbers(t)).ok_or_else(|| wrong(key).expected("numbers"));
    let (parameters, fixed) = (list("Parameters")?, list("FixedParameters")?);
    let is = |name: &str, count: usize| kind.starts_with(name) && parameters.len() == count;
    let mut affine = IDENTITY;
    let mut shift = parameters.len().saturating_sub(3);
    if is("Euler3DTransform_", 6) {
        affine = turned(&parameters, &fixed);
    } else if is("VersorRigid3DTransform_", 6) {
        affine = versor(&parameters, 1.0).ok_or_else(|| wrong("Parameters").expected("a versor of length 1 at most"))?;
    } else if is("Similarity3DTransform_", 7) {
        affine = versor(&parameters, parameters[6]).ok_or_else(|| wrong("Parameters").expected("a versor of length 1 at most"))?;
        shift = 3;
    } else if AFFINE.iter().any(|(name, count)| is(name, *count)) {
        (0..parameters.len() - 3).for_each(|k| affine[k / 3][k % 3] = parameters[k]);
    } else {
        let error = wrong(kind).found(format_args!("{} parameters", parameters.len()));
        return Err(error.expected("an affine, rigid (Euler3D, VersorRigid3D), similarity or shift transform of three dimensions"));
    }
    let shift = &parameters[shift..shift + 3];
    let centre: [f64; 3] = std::array::from_fn(|a| if parameters.len() == 3 { 0.0 } else { fixed.get(a).copied().unwrap_or(0.0) });
    for r in 0..3 {
        affine[r][3] = shift[r] + centre[r] - (0..3).map(|c| affine[r][c] * centre[c]).sum::<f64>();
    }
    Ok(affine)
}

/// A turn by three angles: ITK's Z X Y, or Z Y X where a fourth fixed parameter is set.
fn turned(angles: &[f64], fixed: &[f64]) -> Affine {
    use isovox_volume::affine::{product, rotation};
    let [x, y, z] = [0, 1, 2].map(|axis| rotation(axis, angles[axis]));
    if fixed.get(3).is_some_and(|v| *v != 0.0) { product(&z, &product(&y, &x)) } else { product(&z, &product(&x, &y)) }
}

/// A turn by the vector part of a unit quaternion, times a scale; `None` where that vector is longer than 1.
fn versor(parameters: &[f64], scale: f64) -> Option<Affine> {
    let [x, y, z] = [parameters[0], parameters[1], parameters[2]];
    let rest = 1.0 - (x * x + y * y + z * z);
    let w = (rest > -1e-9).then(|| rest.max(0.0).sqrt())?;
    let turn = [
        [1.0 - 2.0 * (y * y + z * z), 2.0 * (x * y - z * w), 2.0 * (x * z + y * w)],
        [2.0 * (x * y + z * w), 1.0 - 2.0 * (x * x + z * z), 2.0 * (y * z - x * w)],
        [2.0 * (x * z - y * w), 2.0 * (y * z + x * w), 1.0 - 2.0 * (x * x + y * y)],
    ];
    Some(from_linear(turn.map(|row| row.map(|v| v * scale))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixteen_numbers_are_an_affine() {
        let text = "1 0 0 5\n0 1 0 -6\n0,0,2,7\n0 0 0 1\n";
        let matrix = Matrix::read(text).unwrap();
        assert_eq!([matrix.0[0][3], matrix.0[1][3], matrix.0[2][2]], [5.0, -6.0, 2.0]);
        for wrong in ["", "1 2 3", "1 0 0 0 0 1 0 0 0 0 1 0 0 0 1 1", "0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 1", "a"] {
            assert!(Matrix::read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn transforms_of_itk_turn_about_their_centre() {
        let text = "#Insight Transform File V1.0\n#Transform 0\nTransform: AffineTransform_double_3_3\nParameters: 2 0 0 0 1 0 0 0 1 10 20 30\nFixedParameters: 5 0 0\n";
        let Matrix(a) = Matrix::read(text).unwrap();
        // (x - 5) * 2 + 10 + 5 = 2 x + 5.
        assert_eq!([a[0][0], a[0][3], a[1][3], a[2][3]], [2.0, 5.0, 20.0, 30.0]);
        assert!(Matrix::read(&text.replace("AffineTransform_double_3_3", "BSplineTransform_double_3_3")).is_err());
        assert!(Matrix::read(&text.replace(" 30", "")).is_err());
    }

    #[test]
    fn versors_turn_and_scale() {
        // A quarter turn about z: x goes to y; 0.7071 is sin(45 degrees).
        let half = std::f64::consts::FRAC_1_SQRT_2;
        let text = format!("#Insight Transform File V1.0\nTransform: VersorRigid3DTransform_double_3_3\nParameters: 0 0 {half} 1 2 3\nFixedParameters: 0 0 0\n");
        let Matrix(a) = Matrix::read(&text).unwrap();
        let expect = [[0.0, -1.0, 0.0, 1.0], [1.0, 0.0, 0.0, 2.0], [0.0, 0.0, 1.0, 3.0]];
        assert!((0..3).all(|r| (0..4).all(|c| (a[r][c] - expect[r][c]).abs() < 1e-12)), "{a:?}");
        let Matrix(a) = Matrix::read(&text.replace("VersorRigid3D", "Similarity3D").replace("1 2 3", "1 2 3 2")).unwrap();
        assert!((a[1][0] - 2.0).abs() < 1e-12 && a[2][3] == 3.0, "{a:?}");
        assert!(Matrix::read(&text.replace("Parameters: 0 0", "Parameters: 1 1")).is_err());
    }
}
