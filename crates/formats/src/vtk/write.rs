//! Writing `.vti`: one piece, one array on points, appended as bytes behind a length of 8 bytes.

use isovox_volume::{Error, Header, Result, Sink, Space, Type};

use crate::embed;
use crate::format::{self, Target};
use crate::staged::Staged;
use crate::stored::StoredSink;

/// The name of the field that holds our provenance.
pub(super) const PROVENANCE: &str = "isovox";

/// Its key that names the space, for which VTK has no word.
pub(super) const SPACE: &str = "space";

/// The shear, degrees, over which a direction is no rotation.
const TILTED: f64 = 0.1;

pub(super) fn holds(header: &Header) -> Result<()> {
    format::even(header)?;
    if header.frames.count > 1 {
        return Err(Error::unsupported(format_args!("{} frames as .vti", header.frames.count))
            .expected("one volume")
            .help("choose one with --frame N, or write .nrrd, .nii.gz or .npy"));
    }
    let shear = header.geometry.shear_deg();
    if shear > TILTED {
        return Err(Error::geometry("sheared axes, which VTK readers take for rotated ones")
            .found(format_args!("{shear:.2} degrees"))
            .help("write .nii.gz, .nrrd or .zarr, which hold shear, or resample to an even grid first"));
    }
    Ok(())
}

pub(super) fn create(target: &Target, header: &Header) -> Result<Box<dyn Sink>> {
    holds(header)?;
    let mut head = head(header, target.provenance.as_deref()).into_bytes();
    let bytes = header.bytes() as u64;
    head.extend(bytes.to_le_bytes());
    let data = Staged::create(&target.path, target.force)?;
    data.write_at(head.len() as u64 + bytes, b"\n  </AppendedData>\n</VTKFile>\n")?;
    Ok(Box::new(StoredSink::new(data, &head, header, Vec::new())?))
}

fn type_name(voxel: Type) -> &'static str {
    match voxel {
        Type::U8 | Type::Rgb8 => "UInt8",
        Type::I8 => "Int8",
        Type::U16 => "UInt16",
        Type::I16 => "Int16",
        Type::U32 => "UInt32",
        Type::I32 => "Int32",
        Type::U64 => "UInt64",
        Type::I64 => "Int64",
        Type::F32 => "Float32",
        Type::F64 => "Float64",
    }
}

fn head(header: &Header, provenance: Option<&str>) -> String {
    let join = |values: &[f64]| values.iter().map(|v| (v + 0.0).to_string()).collect::<Vec<_>>().join(" ");
    let extent = header.shape.iter().rev().map(|n| format!("0 {}", n - 1)).collect::<Vec<_>>().join(" ");
    let place = match (header.geometry.origin(), header.geometry.spacing(), header.geometry.direction()) {
        (Some(origin), Some(spacing), Some(direction)) => {
            format!(" Origin=\"{}\" Spacing=\"{}\" Direction=\"{}\"", join(&origin), join(&spacing), join(direction.as_flattened()))
        }
        // VTK's own readers need one; our provenance says that it is none.
        _ => " Origin=\"0 0 0\" Spacing=\"1 1 1\"".into(),
    };
    let (name, components) = (type_name(header.voxel), if header.voxel == Type::Rgb8 { 3 } else { 1 });
    let lines = [
        "<?xml version=\"1.0\"?>".into(),
        "<VTKFile type=\"ImageData\" version=\"1.0\" byte_order=\"LittleEndian\" header_type=\"UInt64\">".into(),
        format!("  <ImageData WholeExtent=\"{extent}\"{place}>"),
        field(header, provenance),
        format!("    <Piece Extent=\"{extent}\">"),
        "      <PointData Scalars=\"values\">".into(),
        format!("        <DataArray type=\"{name}\" Name=\"values\" NumberOfComponents=\"{components}\" format=\"appended\" offset=\"0\"/>"),
        "      </PointData>".into(),
        "    </Piece>".into(),
        "  </ImageData>".into(),
        "  <AppendedData encoding=\"raw\">".into(),
        "   _".into(),
    ];
    lines.join("\n")
}

/// Our provenance, as VTK writes a text: the numbers of its bytes, then 0.
fn field(header: &Header, provenance: Option<&str>) -> String {
    let patient = header.geometry.space() == Space::Patient;
    let mut told: serde_json::Value = provenance.and_then(|p| serde_json::from_str(p).ok()).unwrap_or_else(|| serde_json::json!({}));
    if let (true, Some(object)) = (patient, told.as_object_mut()) {
        object.insert(SPACE.into(), Space::Patient.name().into());
    }
    let told = (patient || provenance.is_some()).then(|| told.to_string());
    let Some(text) = embed::text(told.as_deref(), header) else { return "    <FieldData/>".into() };
    let bytes = text.bytes().map(|b| b.to_string()).collect::<Vec<_>>().join(" ");
    format!("    <FieldData>\n      <DataArray type=\"String\" Name=\"{PROVENANCE}\" NumberOfTuples=\"1\" format=\"ascii\">\n{bytes} 0\n      </DataArray>\n    </FieldData>")
}
