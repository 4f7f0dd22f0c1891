//! A phantom's truth as volumes in memory.

use std::sync::Arc;

use isovox_volume::{Block, Data, Quantity, QuantityKind, Result, Type, Volume};

use super::{Kind, Phantom};

impl Phantom {
    /// The truth mask, `u8`: 1 in pores; of grains, 1 in grains.
    ///
    /// Shape: the phantom's. Errors: `Memory` when the volume does not fit.
    pub fn mask(&self) -> Result<Volume> {
        let count = self.header.voxels();
        let mut block = Block::zeroed(Type::U8, count)?;
        let own = Arc::get_mut(&mut block).and_then(Block::bytes_mut).expect("a fresh block has one owner");
        self.pattern.mask(self.header.shape, own);
        self.truth_volume(Data::new(block, Type::U8, 0, count)?, QuantityKind::Mask)
    }

    /// The grains' numbers, `i32`, in the order of the truth's `objects` from 1, 0 outside; `None` for other kinds.
    ///
    /// Where grains overlap, a voxel belongs to the one with the least power distance, the first of equals.
    /// Shape: the phantom's. Errors: `Memory` when the volume does not fit.
    pub fn labels(&self) -> Result<Option<Volume>> {
        if self.kind != Kind::Grains {
            return Ok(None);
        }
        let data = Data::from_slice(&self.power_cells())?;
        self.truth_volume(data, QuantityKind::Label).map(Some)
    }

    fn power_cells(&self) -> Vec<i32> {
        let [_, ny, nx] = self.header.shape;
        let mut labels = vec![0; self.header.voxels()];
        let mut least = vec![f64::INFINITY; labels.len()];
        for (label, s) in (1..).zip(self.spheres()) {
            for v in s.voxels(self.header.shape) {
                let power = s.square_distance(v.map(|i| i as f64)) - s.radius * s.radius;
                let i = (v[0] * ny + v[1]) * nx + v[2];
                if power <= 0.0 && power < least[i] {
                    (labels[i], least[i]) = (label, power);
                }
            }
        }
        labels
    }

    fn truth_volume(&self, data: Data, meaning: QuantityKind) -> Result<Volume> {
        let quantity = Quantity::certain(meaning, "the phantom's truth");
        Volume::new(self.header.like(data.voxel(), quantity), data)
    }
}
