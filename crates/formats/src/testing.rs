//! What the tests of several folders share.

use isovox_volume::Result;

use crate::format::Scan;

/// All voxels of all frames, native-endian, `[frame, z, y, x]`.
pub(crate) fn voxels(scan: &Scan) -> Result<Vec<u8>> {
    isovox_testing::scans::planes(scan.source.as_ref())
}
