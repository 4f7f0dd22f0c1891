//! JPEG-LS, by the decoder of this project.

use isovox_jpegls::{Error as Fault, Info};
use isovox_volume::{Error, Result};

use super::{Layout, other_size, put};

pub(super) fn decode(stream: &[u8], layout: Layout, out: &mut [u8]) -> Result<Option<u16>> {
    let Info { width, height, components, bits } = isovox_jpegls::info(stream).map_err(fault)?;
    if (height, width, components) != (layout.rows, layout.columns, layout.samples) {
        return Err(other_size("JPEG-LS frame", format_args!("{width}x{height} of {components} samples"), layout));
    }
    if bits as usize > 8 * layout.word {
        return Err(Error::corrupt("JPEG-LS precision").found(bits).expected(format_args!("at most {} bits", 8 * layout.word)));
    }
    if let (2, Ok(samples)) = (layout.word, bytemuck::try_cast_slice_mut(out)) {
        isovox_jpegls::decode(stream, samples).map_err(fault)?;
    } else {
        let mut samples = vec![0; layout.pixels() * layout.samples];
        isovox_jpegls::decode(stream, &mut samples).map_err(fault)?;
        put(out, layout, samples.iter().map(|&v| i32::from(v)));
    }
    Ok(Some(bits as u16))
}

fn fault(fault: Fault) -> Error {
    match fault {
        Fault::Unsupported(_) => Error::unsupported(fault),
        Fault::CutOff | Fault::Corrupt(_) => Error::corrupt(fault),
    }
}
