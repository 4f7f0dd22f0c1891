//! What operations take and give.

use std::sync::Arc;

use crate::animation::Animation;
use crate::figure::Figure;
use crate::mesh::MeshSource;
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
    /// A figure, and itself as pixels: formats write either, and draw nothing.
    Figure(Figure, Picture),
    /// An animation.
    Animation(Animation),
    /// A mesh, still flowing.
    Mesh(Arc<dyn MeshSource>),
}

impl Object {
    /// What it is, in a word.
    pub fn name(&self) -> &'static str {
        match self {
            Object::Volume(_) => "volume",
            Object::Table(_) => "table",
            Object::Picture(_) => "picture",
            Object::Figure(..) => "figure",
            Object::Animation(_) => "animation",
            Object::Mesh(_) => "mesh",
        }
    }
}
