"""Where voxels go, beside SimpleITK, nibabel and SciPy on the same volumes."""

import itertools
import json

import nibabel as nib
import numpy as np
import pytest
import scipy.ndimage as nd
import SimpleITK as sitk

from conftest import types

SHAPE = (19, 26, 31)
TURNED = np.array([[0.8, -0.6, 0.0], [0.6, 0.8, 0.0], [0.0, 0.0, -1.0]])


def wave(shape=SHAPE, dtype=np.float32):
    z, y, x = np.mgrid[tuple(slice(n) for n in shape)]
    return (500 * np.sin(x / 4.0) * np.cos(y / 5.0) + 30 * z + 20 * ((x + y + z) % 3)).astype(dtype)


def image(array, spacing=(0.7, 0.8, 2.5), origin=(-31.0, 12.5, 99.0), direction=TURNED):
    out = sitk.GetImageFromArray(array)
    out.SetSpacing(spacing)
    out.SetOrigin(origin)
    out.SetDirection(direction.ravel())
    return out


def through(isovox, given, *words):
    sitk.WriteImage(given, str(isovox.path("in.mha")))
    isovox(words[0], "in.mha", *words[1:], "-o", "out.mha", "--force")
    return sitk.ReadImage(str(isovox.path("out.mha")))


def like(grid, given, kernel, fill=0.0, transform=None):
    filter = sitk.ResampleImageFilter()
    filter.SetReferenceImage(grid)
    filter.SetInterpolator(kernel)
    filter.SetDefaultPixelValue(fill)
    if transform is not None:
        filter.SetTransform(transform)
    return sitk.GetArrayFromImage(filter.Execute(given))


KERNELS = pytest.mark.parametrize("name, kernel", [("nearest", sitk.sitkNearestNeighbor), ("linear", sitk.sitkLinear), ("cubic", sitk.sitkBSpline3)], ids=lambda v: v if isinstance(v, str) else "")


def inner(a):
    """Away from faces that lie exactly between inside and outside."""
    return a[1:-1, 1:-1, 1:-1]


@KERNELS
@types("int16 float32")
def test_resample_to_a_spacing(isovox, name, kernel, dtype):
    given = image(wave(dtype=dtype))
    ours = through(isovox, given, "resample", "--spacing", "1,1.1,1.3", "--interpolation", name, "--no-antialias", "--overshoot")
    assert ours.GetSpacing() == pytest.approx((1, 1.1, 1.3), abs=1e-12)
    extent = np.multiply(given.GetSize(), given.GetSpacing())
    assert list(ours.GetSize()) == [int(np.ceil(e / s - 1e-6)) for e, s in zip(extent, (1, 1.1, 1.3))]
    centre = lambda i: np.array(i.TransformContinuousIndexToPhysicalPoint([(n - 1) / 2 for n in i.GetSize()]))
    np.testing.assert_allclose(centre(ours), centre(given), atol=1e-9)
    # SimpleITK cuts integers off, so it is asked for floats; here they are rounded, halves to even.
    theirs = like(ours, sitk.Cast(given, sitk.sitkFloat64), kernel)
    found = sitk.GetArrayFromImage(ours)
    off = np.abs(found - theirs)
    if name == "nearest":
        assert (off != 0).mean() < 0.001, "only halves may be rounded another way"
    elif dtype == np.int16:
        assert off.max() <= 0.5 + 1e-3
    else:
        assert off.max() <= 1e-4 * np.ptp(sitk.GetArrayFromImage(given))


@KERNELS
def test_resample_onto_a_grid_that_lies_askew(isovox, name, kernel):
    given, other = image(wave()), image(np.zeros((24, 20, 22), np.uint8), (1.1, 0.9, 1.7), (-40.0, 20.0, 95.0), np.array([[0.6, 0.0, -0.8], [0.0, 1.0, 0.0], [0.8, 0.0, 0.6]]))
    sitk.WriteImage(other, str(isovox.path("other.mha")))
    ours = through(isovox, given, "resample", "--like", "other.mha", "--interpolation", name, "--no-antialias", "--overshoot", "--fill", "-7")
    assert ours.GetOrigin() == other.GetOrigin() and ours.GetSize() == other.GetSize()
    np.testing.assert_allclose(ours.GetDirection(), other.GetDirection(), atol=1e-12)
    theirs, found = like(other, given, kernel, -7), sitk.GetArrayFromImage(ours)
    assert (found == -7).any() and (found != -7).any()
    off = np.abs(found - theirs)
    allowed = 0 if name == "nearest" else 1e-4 * np.ptp(sitk.GetArrayFromImage(given))
    assert (off > allowed).mean() < 0.001, off.max()


@KERNELS
def test_transform_as_itk_has_it(isovox, name, kernel):
    given = image(wave())
    transform = sitk.Euler3DTransform()
    transform.SetCenter((-25.0, 25.0, 80.0))
    transform.SetRotation(0.1, -0.2, 0.3)
    transform.SetTranslation((1.5, -2.0, 3.0))
    sitk.WriteTransform(transform, str(isovox.path("rigid.tfm")))
    words = ["--interpolation", name, "--overshoot", "--fill", "-7"]
    ours = sitk.GetArrayFromImage(through(isovox, given, "transform", "--matrix", "rigid.tfm", *words))
    theirs = like(given, given, kernel, -7, transform)
    allowed = 0 if name == "nearest" else 1e-4 * np.ptp(theirs)
    # The smoothing of a turned grid is none: its steps are as long.
    assert (np.abs(ours - theirs) > allowed).mean() < 0.002
    affine = sitk.AffineTransform(transform.GetMatrix(), transform.GetTranslation(), transform.GetCenter())
    offset = np.array(affine.TransformPoint((0, 0, 0)))
    plain = np.vstack([np.column_stack([np.reshape(transform.GetMatrix(), (3, 3)), offset]), [0, 0, 0, 1]])
    np.savetxt(isovox.path("plain.txt"), plain)
    again = sitk.GetArrayFromImage(through(isovox, given, "transform", "--matrix", "plain.txt", *words))
    assert (np.abs(again - ours) > 1e-3).mean() < 0.002


@types("int16 uint8 float32 float64")
@pytest.mark.parametrize("size", [(40, 33, 12), (16, 26, 30), (31, 26, 19), (1, 50, 3)])
def test_literal_zoom(isovox, dtype, size):
    array = np.abs(wave(dtype=np.float64)).clip(0, 250).astype(dtype)
    ours = isovox.volume(array, "resample", "--size", "x".join(map(str, size)), "--literal-zoom")
    theirs = nd.zoom(array, [n / m for n, m in zip(size[::-1], array.shape)], mode="nearest")
    assert ours.shape == theirs.shape and ours.dtype == theirs.dtype
    if dtype.kind == "f":
        np.testing.assert_allclose(ours, theirs, atol=1e-6 * 250)
    else:
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("letters", ["".join(l) for p in itertools.permutations(["RL", "AP", "SI"]) for l in itertools.product(*p)])
def test_reorient_as_nibabel(isovox, letters):
    affine = nib.affines.from_matvec(np.diag([0.7, 0.8, 2.5]) @ TURNED, [10, -20, 30])
    given = nib.Nifti1Image(wave(dtype=np.int16), affine)
    nib.save(given, isovox.path("in.nii"))
    isovox("reorient", "in.nii", "--to", letters, "-o", "out.nii")
    turn = nib.orientations.ornt_transform(nib.io_orientation(affine), nib.orientations.axcodes2ornt(letters))
    theirs, ours = given.as_reoriented(turn), nib.load(isovox.path("out.nii"))
    np.testing.assert_array_equal(np.asarray(ours.dataobj), np.asarray(theirs.dataobj))
    np.testing.assert_allclose(ours.affine, theirs.affine, atol=1e-5)
    isovox("canonical", "out.nii", "-o", "ras.nii")
    back, canonical = nib.load(isovox.path("ras.nii")), nib.as_closest_canonical(given)
    np.testing.assert_array_equal(np.asarray(back.dataobj), np.asarray(canonical.dataobj))
    np.testing.assert_allclose(back.affine, canonical.affine, atol=1e-5)


@types("uint8 int16 float64")
@pytest.mark.parametrize("beyond, mode", [("fill", "constant"), ("nearest", "edge"), ("reflect", "symmetric"), ("mirror", "reflect"), ("wrap", "wrap")])
def test_pad(isovox, dtype, beyond, mode):
    array = wave((5, 6, 7), np.float64).clip(0, 200).astype(dtype)
    ours = isovox.volume(array, "pad", "--before", "1,2,3vox", "--after", "4,3,2vox", "--beyond", beyond)
    np.testing.assert_array_equal(ours, np.pad(array, [(3, 2), (2, 3), (1, 4)], mode=mode))


def test_flip_and_transpose_keep_places(isovox):
    given = image(wave())
    flipped = through(isovox, given, "flip", "--axes", "xz")
    # SimpleITK's filter moves the origin and turns the direction when it flips about no origin.
    theirs = sitk.Flip(given, [True, False, True])
    np.testing.assert_array_equal(sitk.GetArrayFromImage(flipped), sitk.GetArrayFromImage(theirs))
    for index in [(0, 0, 0), (30, 25, 18), (3, 7, 11)]:
        np.testing.assert_allclose(flipped.TransformIndexToPhysicalPoint(index), theirs.TransformIndexToPhysicalPoint(index), atol=1e-9)
    turned, theirs = through(isovox, given, "transpose", "--order", "zxy"), sitk.PermuteAxes(given, [2, 0, 1])
    np.testing.assert_array_equal(sitk.GetArrayFromImage(turned), sitk.GetArrayFromImage(theirs))
    np.testing.assert_allclose(turned.GetDirection(), theirs.GetDirection(), atol=1e-12)


def test_affines_as_nibabel(isovox):
    said = json.loads(isovox("affine", "--zoom", "3,2,4", "--rotate-z", "0.4rad", "--rotate-y", "-20", "--rotate-x", "0.3rad", "--translate", "-78,-76,-64", "--json"))
    turn = nib.eulerangles.euler2mat(x=0.3, y=np.radians(-20), z=0.4)
    theirs = nib.affines.from_matvec(turn @ np.diag([3, 2, 4]), [-78, -76, -64])
    np.testing.assert_allclose(said["affine"], theirs, atol=1e-12)
    np.testing.assert_allclose(said["zooms"], nib.affines.voxel_sizes(theirs), atol=1e-12)
    np.testing.assert_allclose(said["rotation"], turn, atol=1e-12)
    np.testing.assert_allclose(said["angles_rad"], [0.3, np.radians(-20), 0.4], atol=1e-12)
    np.testing.assert_allclose(said["angles_rad"][::-1], nib.eulerangles.mat2euler(turn), atol=1e-12)
    back = np.array([[float(v) for v in l.split()] for l in isovox("affine", "--rotate-x", "30", "--shear", "0.1,0.2,-0.3", "--inverse").splitlines()])
    shear = np.eye(4)
    shear[0, 1], shear[0, 2], shear[1, 2] = 0.1, 0.2, -0.3
    np.testing.assert_allclose(back, np.linalg.inv(shear @ nib.affines.from_matvec(nib.eulerangles.euler2mat(x=np.radians(30)))), atol=1e-12)


def test_probe_as_simpleitk(isovox, rng):
    given = image(wave())
    sitk.WriteImage(given, str(isovox.path("in.mha")))
    points = np.array([given.TransformContinuousIndexToPhysicalPoint(list(map(float, p))) for p in rng.uniform([-3, -3, -3], [33, 28, 21], (200, 3))])
    isovox.path("points.csv").write_text("x_mm,y_mm,z_mm\n" + "\n".join(",".join(map(repr, map(float, p))) for p in points))
    isovox("probe", "in.mha", "--points", "points.csv", "-o", "found.json")
    rows = json.loads(isovox.path("found.json").read_text())
    seen = 0
    for point, row in zip(points, rows):
        index = given.TransformPhysicalPointToContinuousIndex(point)
        np.testing.assert_allclose([row[k] for k in "ijk"], index, atol=1e-9)
        inside = all(-0.5 <= i <= n - 0.5 for i, n in zip(index, given.GetSize()))
        assert row["inside"] == inside
        seen += inside
        if inside:
            assert row["value"] == pytest.approx(given.GetPixel(given.TransformPhysicalPointToIndex(point)))
    assert 20 < seen < 180
