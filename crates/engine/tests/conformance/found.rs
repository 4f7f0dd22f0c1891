//! What a chain gave, down to the bits.

use isovox_engine::mesh::collect;
use isovox_volume::{Column, Object, Picture, Result, Run, Source, Table};

/// Something given, comparable bit by bit.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Found {
    /// Header, column names, size: all that is not voxels or cells.
    pub(crate) about: String,
    /// Bytes of one item.
    pub(crate) width: usize,
    /// Voxels, cells or pixels.
    pub(crate) bytes: Vec<u8>,
    /// Whether it is a volume.
    pub(crate) volume: bool,
}

impl Found {
    /// What an object holds; `pull` gives a volume's voxels.
    pub(crate) fn of(object: &Object, run: &Run, pull: impl Fn(&Run, &dyn Source) -> Result<Vec<u8>>) -> Result<Found> {
        Ok(match object {
            Object::Volume(source) => {
                let header = source.header();
                Found { about: format!("{header:?}"), width: header.voxel.bytes(), bytes: pull(run, source.as_ref())?, volume: true }
            }
            Object::Table(table) => table_found(table),
            Object::Picture(picture) => picture_found(picture),
            Object::Figure(figure, picture) => Found { about: format!("{figure:?}"), ..picture_found(picture) },
            Object::Animation(animation) => {
                let about = format!("{} frames of {}x{}, {:?}", animation.frames.len(), animation.width, animation.height, animation.palette);
                Found { about, width: 1, bytes: animation.frames.concat(), volume: false }
            }
            Object::Mesh(source) => {
                let (mesh, found) = collect(run, source.as_ref())?;
                let numbers = mesh.vertices.iter().flatten().map(|v| v.to_bits()).chain(mesh.triangles.iter().flatten().map(|&i| u64::from(i)));
                let measured = [found.area, found.volume].map(f64::to_bits);
                Found { about: format!("mesh {found:?} {measured:?}"), width: 8, bytes: numbers.flat_map(u64::to_le_bytes).collect(), volume: false }
            }
        })
    }

    /// Whether its items are all the same.
    pub(crate) fn constant(&self) -> bool {
        let first = self.bytes.get(..self.width);
        self.bytes.chunks(self.width).all(|item| Some(item) == first)
    }

    /// In what it differs, said shortly.
    pub(crate) fn difference(&self, other: &Found) -> String {
        if self.about != other.about {
            return format!("{} is not {}", other.about, self.about);
        }
        let at = self.bytes.chunks(self.width).zip(other.bytes.chunks(other.width)).position(|(a, b)| a != b);
        format!("{} and {} bytes, first different item {at:?}", self.bytes.len(), other.bytes.len())
    }
}

fn table_found(table: &Table) -> Found {
    let names: Vec<&str> = table.columns.iter().map(|(name, _)| name.as_str()).collect();
    let cells = table.columns.iter().flat_map(|(_, column)| (0..column.len()).map(move |row| cell(column, row)));
    Found { about: format!("table {names:?}, {} rows", table.rows()), width: 1, bytes: cells.collect::<Vec<_>>().join("\n").into_bytes(), volume: false }
}

fn cell(column: &Column, row: usize) -> String {
    match column {
        // Text would make one of 0 and -0.
        Column::Float(values) => format!("{:x?}", values[row].map(f64::to_bits)),
        other => other.text(row),
    }
}

fn picture_found(picture: &Picture) -> Found {
    let about = format!("picture {}x{}, {:?}", picture.width, picture.height, picture.mm_per_pixel.map(f64::to_bits));
    Found { about, width: 4, bytes: picture.pixels.as_flattened().to_vec(), volume: false }
}
