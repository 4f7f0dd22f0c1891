//! Single voxels of a source.

use isovox_volume::{Error, Result, Rgb8, Run, Scalar, Source, Type, scalar};
use serde_json::{Value as Json, json};

/// The values of voxels `[x, y, z]` of a frame of a prepared source, in the order asked for; planes are read once, from the
/// lowest up.
pub fn values(run: &Run, source: &dyn Source, frame: usize, voxels: &[[usize; 3]]) -> Result<Vec<Json>> {
    let header = source.header();
    let sides = [header.nx(), header.ny(), header.nz()];
    if let Some(outside) = voxels.iter().find(|v| (0..3).any(|a| v[a] >= sides[a])) {
        return Err(Error::parameter("voxel").found(format_args!("{outside:?}")).expected(format_args!("one within {}", header.size())));
    }
    let _flight = run.lease(source.flight(1), "a plane")?;
    let mut order: Vec<usize> = (0..voxels.len()).collect();
    order.sort_by_key(|&i| voxels[i][2]);
    let mut found = vec![Json::Null; voxels.len()];
    for plane in order.chunk_by(|&a, &b| voxels[a][2] == voxels[b][2]) {
        run.check()?;
        let z = voxels[plane[0]][2];
        let slab = source.open(run, frame, z..z + 1)?.pull(z..z + 1)?;
        for &i in plane {
            let at = voxels[i][1] * header.nx() + voxels[i][0];
            found[i] = match header.voxel {
                Type::Rgb8 => json!(slab.data.as_slice::<Rgb8>()[at].0),
                other => scalar!(other, T => number(slab.data.as_slice::<T>()[at])),
            };
        }
    }
    Ok(found)
}

/// A value in full; one that is no number is none in JSON.
fn number<T: Scalar>(value: T) -> Json {
    if T::TYPE.is_float() {
        return json!(value.to_f64());
    }
    let whole = value.to_i128();
    i64::try_from(whole).map_or_else(|_| json!(whole as u64), |v| json!(v))
}
