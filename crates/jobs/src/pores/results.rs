//! What follows from numbers alone: table, summary, charts, report. A finished folder gets them anew without its voxels.

use isovox_formats::picture;
use isovox_formats::{staged, table};
use isovox_ops::measure::measure::{Measure, Unit};
use isovox_ops::measure::objects::Objects;
use isovox_ops::measure::size_distribution::{Border, Size, SizeDistribution};
use isovox_ops::picture::chart::SIZE;
use isovox_ops::picture::raster::raster;
use isovox_ops::picture::size_distribution_plot::chart;
use isovox_volume::{Header, Result};
use serde_json::Value as Json;

use super::literal::Literal;
use super::report::{Facts, Shown, html};
use super::summary::Summary;
use crate::folder::Folder;

/// The job's numbers.
pub(super) struct Results {
    /// The grid of the labels.
    pub(super) header: Header,
    pub(super) summary: Summary,
    pub(super) kept: Objects,
    pub(super) literal: Option<Literal>,
}

/// Sizes of pores that no face cuts, in um where the volume has a scale.
pub(super) fn distribution(of: Size) -> SizeDistribution {
    SizeDistribution { of, border: Border::LeaveOut, bins: 20, unit: Some(Unit::Um) }
}

impl Results {
    /// Fits the volumes; everything else of the summary is known.
    pub(super) fn new(header: Header, mut summary: Summary, kept: Objects, literal: Option<Literal>) -> Results {
        summary.lognormal = distribution(Size::Volume).of(&kept, &header).fit;
        Results { header, summary, kept, literal }
    }

    /// `pores.csv`, `summary.json`, `literal.json`, `sizes.png`, `sizes.svg`.
    pub(super) fn write(&self, folder: &Folder) -> Result<()> {
        let measure = Measure { unit: None, median: false };
        table::write(&measure.table(&self.kept, &[&self.header]), &folder.path("pores.csv"), false)?;
        json_file(folder, "summary.json", &self.summary.json())?;
        if let Some(literal) = &self.literal {
            json_file(folder, "literal.json", &literal.json())?;
        }
        let figure = chart(&distribution(Size::Diameter).of(&self.kept, &self.header)).figure(SIZE);
        let pixels = raster(&figure);
        ["sizes.svg", "sizes.png"].iter().try_for_each(|name| picture::write_figure(&figure, &pixels, &folder.path(name), false, None).map(|_| ()))
    }

    /// `report.html`, from pictures that lie in the folder.
    pub(super) fn report(&self, folder: &Folder, name: &str, provenance: &Json) -> Result<()> {
        let pictures: Vec<Shown> = PICTURES.iter().filter_map(|(file, kind, shows)| shown(folder, file, kind, shows)).collect();
        let sizes = distribution(Size::Diameter).of(&self.kept, &self.header);
        let facts = Facts { name, summary: &self.summary, kept: &self.kept, sizes: &sizes, literal: self.literal.as_ref(), pictures: &pictures, provenance };
        staged::write_file(&folder.path("report.html"), false, html(&facts).as_bytes()).map(|_| ())
    }
}

/// Pictures of the report: file, kind, what they show.
const PICTURES: [(&str, &str, &str); 3] = [
    ("views.png", "image/png", "The three middle cuts; each pore that is kept has a colour of its own."),
    ("render.png", "image/png", "The pores, seen from outside."),
    ("flythrough.gif", "image/gif", "A flight along z."),
];

/// Bytes of pictures that a report takes at most; what is larger stays in the folder.
const MOST: u64 = 5 << 20;

fn shown(folder: &Folder, file: &str, kind: &'static str, shows: &str) -> Option<Shown> {
    let path = folder.path(file);
    let small = path.metadata().is_ok_and(|m| m.len() <= MOST);
    let bytes = if small { std::fs::read(&path).ok()? } else { return None };
    Some(Shown { kind, bytes, shows: shows.into() })
}

/// A JSON file of the folder.
pub(super) fn json_file(folder: &Folder, name: &str, json: &Json) -> Result<()> {
    staged::write_file(&folder.path(name), false, format!("{json:#}\n").as_bytes()).map(|_| ())
}
