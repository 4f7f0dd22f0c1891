//! What operations take and give.

use std::sync::Arc;

use crate::mesh::Mesh;
use crate::picture::Picture;
use crate::source::Source;
use crate::table::Table;

/// Any noun that an operation gives.
pub enum Object {
    /// A volume, still flowing.
    Volume(Arc<dyn Source>),
    /// A table.
    Table(Table),
    /// A picture.
    Picture(Picture),
    /// A mesh.
    Mesh(Mesh),
}

impl Object {
    /// What it is, in a word.
    pub fn name(&self) -> &'static str {
        match self {
            Object::Volume(_) => "volume",
            Object::Table(_) => "table",
            Object::Picture(_) => "picture",
            Object::Mesh(_) => "mesh",
        }
    }
}
