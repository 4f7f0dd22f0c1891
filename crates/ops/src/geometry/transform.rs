//! Volumes moved by an affine of the world.

use isovox_macros::Op;
use isovox_volume::affine::{Affine, inverse, product, zoom};
use isovox_volume::{Error, Header, Result, Space};

use super::grid::fill;
use super::matrix::Matrix;
use super::resample::{onto, placed_like};
use super::sampling::{Interpolation, Manner, Sampling};
use crate::access::Gather;

/// Move a volume by a rigid or affine transform of the world, onto its own grid or another image's.
///
/// The transform is taken as ITK, ANTs and elastix take theirs: it maps points of the output to points of the input, in LPS
/// millimetres; what a registration of fixed and moving image gives brings the moving one to the fixed. --inverse takes it
/// the other way round, --ras has it in RAS. Values, edges and what stands outside are those of `resample`. Agrees with
/// SimpleITK's Resample with a transform within 1e-4 of the range.
#[derive(Op)]
#[op(access = Gather, input = Volume, output = SameType, also = [like: Volume], example = "isovox transform moving.nii.gz -o moved.nii.gz --matrix affine.tfm")]
pub struct Transform {
    /// The transform: a text file of ITK (.tfm, .txt), or of 16 numbers, row by row.
    pub matrix: Matrix,
    /// The transform maps points of the input to points of the output.
    #[op(default = false)]
    pub inverse: bool,
    /// The transform is of RAS millimetres.
    #[op(default = false)]
    pub ras: bool,
    /// How values between voxels are made.
    #[op(default = Interpolation::Auto)]
    pub interpolation: Interpolation,
    /// Let splines and Lanczos go beyond the input's range.
    #[op(default = false)]
    pub overshoot: bool,
    /// What stands outside the input.
    pub fill: Option<f64>,
}

impl Transform {
    /// From the output's world to the input's, in the affines' own millimetres.
    fn pull(&self, input: &Header) -> Result<Affine> {
        let mut matrix = self.matrix.0;
        if self.ras {
            if input.geometry.space() != Space::Patient {
                return Err(Error::geometry("--ras").found(format_args!("a {} space", input.geometry.space().name())).expected("a patient's space"));
            }
            let turned = zoom([-1.0, -1.0, 1.0]);
            matrix = product(&turned, &product(&matrix, &turned));
        }
        if self.inverse { inverse(&matrix).ok_or_else(|| Error::parameter("--matrix").expected("an affine that spans space")) } else { Ok(matrix) }
    }
}

impl Gather for Transform {
    type Plan = Sampling;

    fn plan(&self, inputs: &[&Header]) -> Result<(Header, Sampling)> {
        let input = inputs[0];
        let like = inputs.get(1).copied().unwrap_or(input);
        let grid = onto(input, like, &self.pull(input)?)?;
        let manner = Manner { interpolation: self.interpolation, smooth: true, overshoot: self.overshoot, fill: fill(input, self.fill)?, literal: false };
        let plan = Sampling::new(input, [like.nx(), like.ny(), like.nz()], grid, manner)?;
        Ok((placed_like(input, like, &plan)?, plan))
    }
}
