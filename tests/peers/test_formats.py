"""What isovox writes, read by the readers that others use: every value, and every place."""

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk
import tifffile

from conftest import noise, types

ALL = "uint8 int8 uint16 int16 uint32 int32 uint64 int64 float32 float64"
SHAPE = (7, 11, 13)
LPS_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])


def affine_ras():
    """Oblique, anisotropic, away from the origin."""
    angle = 0.3
    turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    affine = np.eye(4)
    affine[:3, :3] = turn @ np.diag([0.5, 0.75, 1.25])
    affine[:3, 3] = [-10.5, 20.25, 3.125]
    return affine


def itk_affine(image):
    """Index to LPS of an ITK image."""
    affine = np.eye(4)
    affine[:3, :3] = np.array(image.GetDirection()).reshape(3, 3) @ np.diag(image.GetSpacing())
    affine[:3, 3] = image.GetOrigin()
    return affine


@types(ALL)
@pytest.mark.parametrize("name", ["o.nii", "o.nii.gz"])
def test_nibabel_reads_ours(isovox, rng, dtype, name):
    array = noise(rng, SHAPE, dtype)
    nibabel.save(nibabel.Nifti1Image(array.T, affine_ras(), dtype=dtype), isovox.path("in.nii"))
    isovox("convert", "in.nii", name)
    back = nibabel.load(isovox.path(name))
    assert back.get_data_dtype() == dtype
    np.testing.assert_array_equal(np.asanyarray(back.dataobj).T, array)
    np.testing.assert_allclose(back.affine, affine_ras(), atol=1e-6)
    assert (back.header["sform_code"] > 0) and (back.header["qform_code"] > 0)
    np.testing.assert_allclose(back.get_qform(), affine_ras(), atol=1e-5)


@types(ALL)
@pytest.mark.parametrize("name", ["o.nii.gz", "o.mha", "o.mhd"])
def test_simpleitk_reads_ours(isovox, rng, dtype, name):
    array = noise(rng, SHAPE, dtype)
    nibabel.save(nibabel.Nifti1Image(array.T, affine_ras(), dtype=dtype), isovox.path("in.nii"))
    isovox("convert", "in.nii", name)
    back = sitk.ReadImage(str(isovox.path(name)))
    np.testing.assert_array_equal(sitk.GetArrayFromImage(back), array, strict=True)
    np.testing.assert_allclose(LPS_RAS @ itk_affine(back), affine_ras(), atol=1e-5)


@types(ALL)
def test_simpleitk_files_come_through(isovox, rng, dtype):
    array = noise(rng, SHAPE, dtype)
    image = sitk.GetImageFromArray(array)
    image.SetSpacing([0.5, 0.75, 1.25])
    image.SetOrigin([1, -2, 3.5])
    image.SetDirection([0, -1, 0, 1, 0, 0, 0, 0, 1])
    sitk.WriteImage(image, str(isovox.path("in.mha")), useCompression=True)
    isovox("convert", "in.mha", "o.nii.gz")
    back = nibabel.load(isovox.path("o.nii.gz"))
    np.testing.assert_array_equal(np.asanyarray(back.dataobj).T, array)
    np.testing.assert_allclose(back.affine, LPS_RAS @ itk_affine(image), atol=1e-6)


@types(ALL)
def test_tifffile_reads_ours(isovox, rng, dtype):
    array = noise(rng, SHAPE, dtype)
    isovox("convert", isovox.give(array), "o.tif", "--voxel-size", "5,6,7.5um")
    np.testing.assert_array_equal(tifffile.imread(isovox.path("o.tif")), array, strict=True)
    with tifffile.TiffFile(isovox.path("o.tif")) as tif:
        page = tif.pages[0]
        x, y = (page.tags[t].value for t in ("XResolution", "YResolution"))
        assert np.isclose(x[1] / x[0], 5, rtol=1e-6) or np.isclose(10_000 * x[1] / x[0], 5, rtol=1e-6)
        assert np.isclose((y[1] / y[0]) / (x[1] / x[0]), 6 / 5, rtol=1e-6)


@types(ALL)
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_tifffile_files_come_through(isovox, rng, dtype, compression):
    array = noise(rng, SHAPE, dtype)
    tifffile.imwrite(isovox.path("in.tif"), array, photometric="minisblack", compression=compression)
    isovox("convert", "in.tif", "o.npy")
    np.testing.assert_array_equal(np.load(isovox.path("o.npy")), array, strict=True)


@types("uint8 uint16 float32")
def test_slices(isovox, rng, dtype):
    array = noise(rng, SHAPE, dtype)
    isovox.path("s").mkdir()
    isovox("convert", isovox.give(array), "s/z_###.tif")
    slices = sorted(isovox.path("s").glob("*.tif"))
    np.testing.assert_array_equal(np.stack([tifffile.imread(s) for s in slices]), array, strict=True)


@types(ALL)
def test_numpy_and_raw(isovox, rng, dtype):
    array = noise(rng, SHAPE, dtype)
    for order in "CF":
        isovox("convert", isovox.give(np.asarray(array, order=order)), "o.npy", "--force")
        np.testing.assert_array_equal(np.load(isovox.path("o.npy")), array, strict=True)
    np.savez_compressed(isovox.path("in.npz"), some=array)
    isovox("convert", "in.npz", "o.npz")
    with np.load(isovox.path("o.npz")) as back:
        (name,) = back.files
        np.testing.assert_array_equal(back[name], array, strict=True)
    isovox("convert", "in.npz", "o.raw")
    np.testing.assert_array_equal(np.fromfile(isovox.path("o.raw"), dtype).reshape(SHAPE), array)


def test_many_frames(isovox, rng):
    array = rng.integers(0, 255, (3, *SHAPE), dtype=np.uint8)
    nibabel.save(nibabel.Nifti1Image(array.T, affine_ras()), isovox.path("in.nii"))
    for name in ["o.nii.gz", "o.npy"]:
        isovox("convert", "in.nii", name)
    np.testing.assert_array_equal(np.asanyarray(nibabel.load(isovox.path("o.nii.gz")).dataobj).T, array)
    np.testing.assert_array_equal(np.load(isovox.path("o.npy")), array)
