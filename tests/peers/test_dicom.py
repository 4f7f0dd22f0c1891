"""Images that peers compressed, as the peers themselves decode them: every value."""

import jpeg_ls
import numpy as np
import pydicom
import pytest
from pydicom.encaps import encapsulate
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    JPEG2000,
    JPEG2000Lossless,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

# OpenJPEG wants at least 32 a side.
ROWS, COLUMNS = 45, 37


def slices(rng, bits, colours=1):
    """Smooth places, where runs are, and noise of every bit."""
    import scipy.ndimage as nd

    shape = (ROWS, COLUMNS) if colours == 1 else (ROWS, COLUMNS, colours)
    field = nd.gaussian_filter(rng.normal(0, 1, shape), (3, 3) + (0,) * (len(shape) - 2))
    array = (2**bits - 1) * (field - field.min()) / np.ptp(field)
    array[: ROWS // 3] = array[: ROWS // 3] // (2 ** (bits - 1)) * (2 ** (bits - 1))
    array[-ROWS // 4 :] = rng.integers(0, 2**bits, array[-ROWS // 4 :].shape)
    return array.astype(np.uint8 if bits <= 8 else np.uint16)


def dataset(array, bits, photometric=None):
    ds = pydicom.Dataset()
    ds.file_meta = pydicom.dataset.FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID = "1.2.3.4"
    ds.SeriesInstanceUID, ds.Modality = "1.2.3", "OT"
    ds.Rows, ds.Columns = array.shape[:2]
    ds.SamplesPerPixel = 1 if array.ndim == 2 else 3
    ds.PhotometricInterpretation = photometric or ("MONOCHROME2" if array.ndim == 2 else "RGB")
    if array.ndim == 3:
        ds.PlanarConfiguration = 0
    ds.BitsAllocated = 8 * array.dtype.itemsize
    ds.BitsStored, ds.HighBit, ds.PixelRepresentation = bits, bits - 1, 0
    ds.PixelData = array.tobytes() + b"\0" * (array.nbytes % 2)
    ds["PixelData"].VR = "OW" if array.dtype.itemsize > 1 else "OB"
    return ds


def opened(isovox, ds):
    ds.save_as(isovox.path("in.dcm"), enforce_file_format=True)
    isovox("convert", "in.dcm", "out.npy", "--force")
    array = np.load(isovox.path("out.npy"))[0]
    # Colours are a structure of red, green and blue.
    return array.view(np.uint8).reshape(*array.shape, 3) if array.dtype.names else array


def streamed(array, bits, stream, uid):
    ds = dataset(array, bits)
    ds.file_meta.TransferSyntaxUID = uid
    ds.PixelData = encapsulate([bytes(stream)])
    ds["PixelData"].is_undefined_length = True
    return ds


@pytest.mark.parametrize("bits", [8, 10, 12, 16])
@pytest.mark.parametrize("uid", [RLELossless, JPEG2000Lossless, JPEGLSLossless, DeflatedExplicitVRLittleEndian], ids=lambda u: u.name)
def test_lossless(isovox, rng, bits, uid):
    array = slices(rng, bits)
    ds = dataset(array, bits)
    if uid == DeflatedExplicitVRLittleEndian:
        ds.file_meta.TransferSyntaxUID = uid
    else:
        ds.compress(uid)
    np.testing.assert_array_equal(opened(isovox, ds), array)


@pytest.mark.parametrize("near", [1, 2, 3, 7, 20])
@pytest.mark.parametrize("bits", [8, 12, 16])
def test_near_lossless(isovox, rng, bits, near):
    array = slices(rng, bits)
    ds = dataset(array, bits)
    ds.compress(JPEGLSNearLossless, jls_error=near)
    ours = opened(isovox, ds)
    np.testing.assert_array_equal(ours, ds.pixel_array)
    assert np.abs(ours.astype(int) - array).max() <= near


@pytest.mark.parametrize("near", [0, 3])
@pytest.mark.parametrize("interleave", [0, 1, 2])
def test_colours_of_every_interleave(isovox, rng, interleave, near):
    array = slices(rng, 8, colours=3)
    ordered = array.transpose(2, 0, 1) if interleave == 0 else array
    stream = jpeg_ls.encode_array(np.ascontiguousarray(ordered), near, interleave)
    uid = JPEGLSNearLossless if near else JPEGLSLossless
    ours = opened(isovox, streamed(array, 8, stream, uid))
    assert np.abs(ours.astype(int) - array).max() <= near


@pytest.mark.parametrize("bits", range(2, 17))
def test_every_precision(isovox, rng, bits):
    array = slices(rng, bits)
    ds = dataset(array, bits)
    ds.compress(JPEGLSLossless)
    np.testing.assert_array_equal(opened(isovox, ds), array)


def test_lossy_jpeg_2000(isovox, rng):
    array = slices(rng, 12)
    ds = dataset(array, 12)
    ds.compress(JPEG2000, j2k_psnr=[60])
    np.testing.assert_array_equal(opened(isovox, ds), ds.pixel_array)


@pytest.mark.parametrize("photometric", ["RGB", "YBR_FULL"])
def test_colours_uncompressed(isovox, rng, photometric):
    array = slices(rng, 8, colours=3)
    ds = dataset(array, 8, photometric)
    expected = array if photometric == "RGB" else pydicom.pixels.convert_color_space(array, "YBR_FULL", "RGB")
    assert np.abs(opened(isovox, ds).astype(int) - expected).max() <= (0 if photometric == "RGB" else 1)
