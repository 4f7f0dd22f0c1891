"""What isovox computes, beside what others compute of the same voxels."""

import json

import cc3d
import cv2
import numpy as np
import pytest
import scipy.ndimage as nd
import skimage.filters
import skimage.segmentation

from conftest import canonical, noise, smooth, types

CONNECTIVITIES = pytest.mark.parametrize("connectivity", [6, 18, 26])
FILLED = pytest.mark.parametrize("share", [0.02, 0.25, 0.31, 0.5, 0.9])
SHAPE = (23, 31, 37)


def structure(connectivity):
    return nd.generate_binary_structure(3, {6: 1, 18: 2, 26: 3}[connectivity])


@CONNECTIVITIES
@FILLED
def test_labels_of_masks(isovox, rng, connectivity, share):
    mask = (rng.random(SHAPE) < share).astype(np.uint8)
    ours = isovox.volume(mask, "label", "--connectivity", connectivity)
    np.testing.assert_array_equal(ours, canonical(cc3d.connected_components(mask, connectivity=connectivity)))
    np.testing.assert_array_equal(ours, canonical(nd.label(mask, structure(connectivity))[0]))


@CONNECTIVITIES
@types("uint8 uint16 int16 int32 uint64")
def test_labels_of_many_values(isovox, rng, connectivity, dtype):
    array = rng.integers(0, 4, SHAPE).astype(dtype)
    ours = isovox.volume(array, "label", "--connectivity", connectivity)
    np.testing.assert_array_equal(ours, canonical(cc3d.connected_components(array, connectivity=connectivity)))
    ours = isovox.volume(array, "label", "--any", "--connectivity", connectivity)
    np.testing.assert_array_equal(ours, canonical(nd.label(array != 0, structure(connectivity))[0]))


@pytest.mark.parametrize("shape", [(1, 31, 37), (23, 1, 37), (23, 31, 1), (1, 1, 1), (1, 1, 50)])
def test_labels_of_thin_volumes(isovox, rng, shape):
    mask = (rng.random(shape) < 0.5).astype(np.uint8)
    ours = isovox.volume(mask, "label", "--connectivity", 26)
    np.testing.assert_array_equal(ours, canonical(nd.label(mask, structure(26))[0]))


@types("uint8 uint16 int16 int8")
def test_otsu(isovox, rng, dtype):
    array = smooth(rng, SHAPE, np.uint8).astype(dtype) if dtype != np.int8 else (smooth(rng, SHAPE, np.uint8) // 2).astype(dtype)
    threshold = skimage.filters.threshold_otsu(array)
    np.testing.assert_array_equal(isovox.volume(array, "otsu"), array > threshold)
    np.testing.assert_array_equal(isovox.volume(array, "otsu", "--dark"), array <= threshold)
    if dtype == np.uint8:
        assert cv2.threshold(array.reshape(-1, SHAPE[2]), 0, 255, cv2.THRESH_OTSU)[0] == threshold


def test_otsu_of_wide_grey_values(isovox, rng):
    array = (smooth(rng, SHAPE, np.float64) * 200 + rng.normal(0, 50, SHAPE)).clip(0).astype(np.uint16)
    ours = isovox.volume(array, "otsu")
    np.testing.assert_array_equal(ours, array > cv2.threshold(array.reshape(-1, SHAPE[2]), 0, 65535, cv2.THRESH_OTSU)[0])
    # scikit-image counts in float32: over many values its sums round, and a voxel may change its side.
    assert (ours != (array > skimage.filters.threshold_otsu(array))).mean() < 1e-3


@types("float32 float64")
def test_otsu_of_floats(isovox, rng, dtype):
    array = smooth(rng, SHAPE, np.float64).astype(dtype)
    (row,) = isovox.table(array, "statistics")
    assert row["count"] == array.size
    isovox("otsu", "in.npy", "-o", "m.npy")
    # Voxels on the very edge of a bin may fall on either side.
    assert (np.load(isovox.path("m.npy")) != (array > skimage.filters.threshold_otsu(array))).mean() < 1e-4


@types("uint8 uint16")
def test_otsu_of_slices(isovox, rng, dtype):
    array = smooth(rng, SHAPE, dtype)
    array[3] = 17
    rows = isovox.table(array, "otsu-profile")
    expected = [cv2.threshold(s, 0, 255, cv2.THRESH_OTSU)[0] for s in array]
    assert [r["threshold"] for r in rows] == expected
    mask = isovox.volume(array, "otsu", "--per-slice")
    np.testing.assert_array_equal(mask, [s > t for s, t in zip(array, expected)])


@types("uint8 int8 uint16 int16 uint32 int32 float32 float64")
@pytest.mark.parametrize("radius", ["1", "2", "3", "1,2,0", "0,0,4", "5"])
def test_median(isovox, rng, dtype, radius):
    array = noise(rng, (11, 13, 17), dtype)
    x, y, z = (int(r) for r in (radius.split(",") * 3)[:3])
    expected = nd.median_filter(array, size=(2 * z + 1, 2 * y + 1, 2 * x + 1), mode="nearest")
    np.testing.assert_array_equal(isovox.volume(array, "median", "--radius", radius), expected, strict=True)


@types("uint64 int64")
def test_median_of_wide_integers(isovox, rng, dtype):
    array = noise(rng, (5, 7, 9), dtype) // 2048
    expected = nd.median_filter(array, size=3, mode="nearest")
    np.testing.assert_array_equal(isovox.volume(array, "median"), expected, strict=True)


@pytest.mark.parametrize("mode", ["nearest", "reflect", "mirror", "wrap", "constant"])
@types("uint8 int16 uint16 float32 float64 int32")
def test_gaussian(isovox, rng, mode, dtype):
    array = rng.normal(100, 30, (12, 14, 16)).clip(0, 255).astype(dtype)
    for sigma, order, truncate in [("1.5", "0", 4), ("0.7,2,3", "0", 3), ("1", "1,0,2", 4), ("6", "0", 4)]:
        sigmas, orders = ([float(v) for v in (text.split(",") * 3)[:3]][::-1] for text in (sigma, order))
        expected = nd.gaussian_filter(array.astype(np.float64), sigmas, order=[int(o) for o in orders], mode=mode, truncate=truncate)
        words = ["gaussian", "--sigma", sigma, "--order", order, "--boundary", mode, "--truncate", truncate]
        np.testing.assert_allclose(isovox.volume(array, *words), expected, atol=1e-5 * np.ptp(array.astype(np.float64)))


@types("uint8 int8 uint16 int16 uint32 int32 float32 float64")
def test_statistics(isovox, rng, dtype):
    array = noise(rng, SHAPE, dtype)
    (row,) = isovox.table(array, "statistics")
    wide = array.astype(np.float64)
    assert (row["count"], row["nan"], row["min"], row["max"]) == (array.size, 0, wide.min(), wide.max())
    for key, expected in [("mean", wide.mean()), ("sd", wide.std()), ("median", np.median(wide))]:
        assert abs(row[key] - expected) <= 1e-12 * max(abs(expected), wide.std()), key


def test_statistics_leave_out_what_is_not_finite(isovox, rng):
    array = rng.normal(0, 1, SHAPE)
    array[3, 4:9, 5] = np.nan
    array[5, 4:6, 5] = [np.inf, -np.inf]
    finite = array[np.isfinite(array)]
    (row,) = isovox.table(array, "statistics")
    left_out = (np.isnan(array).sum(), np.isinf(array).sum())
    assert (row["count"], row["min"], row["max"]) == (finite.size, finite.min(), finite.max())
    assert (row["nan"], row["inf"]) == left_out == (5, 2)
    assert abs(row["sd"] - finite.std()) < 1e-12 and abs(row["mean"] - finite.mean()) < 1e-12


@pytest.mark.parametrize("connectivity", [6, 26])
def test_measure(isovox, rng, connectivity):
    mask = (rng.random(SHAPE) < 0.2).astype(np.uint8)
    labels = isovox.volume(mask, "label", "--connectivity", connectivity)
    image = rng.normal(0, 100, SHAPE).astype(np.float32)
    isovox.give(image, "image.npy")
    rows = isovox.table(labels, "measure", "--image", "image.npy", "--median")
    peer = cc3d.statistics(labels)
    assert [r["label"] for r in rows] == list(range(1, labels.max() + 1))
    for row in rows:
        n = row["label"]
        values = image[labels == n].astype(np.float64)
        assert row["voxels"] == peer["voxel_counts"][n] == row["volume_vox3"]
        zyx = peer["bounding_boxes"][n]
        assert [row[f"min_{a}"] for a in "kji"] == [s.start for s in zyx]
        assert [row[f"max_{a}"] for a in "kji"] == [s.stop - 1 for s in zyx]
        np.testing.assert_allclose([row[f"centroid_{a}"] for a in "kji"], peer["centroids"][n], atol=1e-4)
        np.testing.assert_allclose([row[f"centroid_{a}"] for a in "kji"], np.argwhere(labels == n).mean(0), atol=1e-12)
        touches = any(s.start == 0 or s.stop == size for s, size in zip(zyx, SHAPE))
        assert row["touches_border"] == touches
        assert np.isclose(row["equivalent_diameter_vox"], np.cbrt(6 * row["voxels"] / np.pi), rtol=1e-12)
        found = [row[f"intensity_{k}"] for k in ("min", "max", "mean", "sd", "median")]
        expected = [values.min(), values.max(), values.mean(), values.std(), np.median(values)]
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-9)


def test_measure_in_the_world(isovox, rng):
    labels = isovox.volume((rng.random(SHAPE) < 0.1).astype(np.uint8), "label")
    rows = isovox.table(labels, "measure", "--voxel-size", "2,3,5um", "--unit", "um")
    for row in rows:
        z, y, x = np.argwhere(labels == row["label"]).mean(0)
        np.testing.assert_allclose([row[f"centroid_{a}_um"] for a in "xyz"], [2 * x, 3 * y, 5 * z], atol=1e-9)
        assert np.isclose(row["volume_um3"], 30 * row["voxels"], rtol=1e-12)


@CONNECTIVITIES
@pytest.mark.parametrize("least", [2, 5, 100])
def test_remove_small(isovox, rng, connectivity, least):
    for array in [(rng.random(SHAPE) < 0.25).astype(np.uint8), rng.integers(0, 3, SHAPE).astype(np.uint16)]:
        ours = isovox.volume(array, "remove-small", "--min", f"{least}vox", "--connectivity", connectivity)
        np.testing.assert_array_equal(ours, cc3d.dust(array, threshold=least, connectivity=connectivity), strict=True)


@CONNECTIVITIES
@pytest.mark.parametrize("count", [1, 2])
def test_keep_largest(isovox, rng, connectivity, count):
    mask = (nd.gaussian_filter(rng.normal(0, 1, SHAPE), 1.5) > 0.1).astype(np.uint8)
    parts = cc3d.connected_components(mask, connectivity=connectivity)
    sizes = np.sort(np.bincount(parts.ravel())[1:])[::-1]
    assert len(sizes) > count and sizes[count - 1] > sizes[count], "which are the largest is not open"
    ours = isovox.volume(mask, "keep-largest", "--count", count, "--connectivity", connectivity)
    np.testing.assert_array_equal(ours, cc3d.largest_k(mask, k=count, connectivity=connectivity) > 0)


def test_pores(isovox, rng):
    grey = smooth(rng, (40, 50, 60), np.uint8)
    isovox("pores", isovox.give(grey), "-o", "out", "--connectivity", 18, "--min-voxels", 4, "--format", "npy")
    dark = grey <= skimage.filters.threshold_otsu(grey)
    labels = canonical(nd.label(dark, structure(18))[0])
    sizes = np.bincount(labels.ravel())
    kept = canonical(np.where((sizes[labels] >= 4) & (labels > 0), labels, 0))
    np.testing.assert_array_equal(np.load(isovox.path("out") / "labels.npy"), kept)
    summary = json.loads((isovox.path("out") / "summary.json").read_text())
    assert summary["porosity"] == dark.sum() / dark.size
    assert (summary["components"], summary["components_kept"]) == (labels.max(), kept.max())
    touching = np.unique(np.concatenate([np.unique(np.take(labels, i, axis)) for axis in range(3) for i in (0, -1)]))
    open_voxels = sizes[touching[touching > 0]].sum()
    assert summary["porosity_open"] == open_voxels / dark.size
    np.testing.assert_allclose(summary["porosity_z"], dark.mean((1, 2)), atol=1e-15)
    for axis, name in enumerate("zyx"):
        first, last = (set(np.unique(np.take(labels, i, axis))) - {0} for i in (0, -1))
        assert summary["percolates"][name] == bool(first & last)


@pytest.mark.parametrize("h,template,search", [(10, 7, 21), (3, 7, 21), (25.5, 7, 21), (80, 5, 9), (10, 3, 3), (12, 1, 11), (0, 3, 7), (15, 9, 35), (7, 21, 5)])
@pytest.mark.parametrize("shape", [(3, 40, 57), (2, 5, 4), (2, 1, 1), (1, 1, 30), (1, 30, 2)])
def test_nlm(isovox, rng, h, template, search, shape):
    for array in [smooth(rng, shape, np.uint8), noise(rng, shape, np.dtype(np.uint8))]:
        expected = np.array([cv2.fastNlMeansDenoising(s, None, h, template, search) for s in array])
        ours = isovox.volume(array, "nlm", "--h", h, "--template", template, "--search", search)
        np.testing.assert_array_equal(ours, expected.reshape(shape), strict=True)


def test_nlm_of_whole_slices(isovox, rng):
    array = smooth(rng, (2, 301, 777), np.uint8)
    expected = [cv2.fastNlMeansDenoising(s, None, 10, 7, 21) for s in array]
    np.testing.assert_array_equal(isovox.volume(array, "nlm"), expected)


@CONNECTIVITIES
@FILLED
def test_fill_holes(isovox, rng, connectivity, share):
    mask = (rng.random(SHAPE) < share).astype(np.uint8)
    background = structure(26 if connectivity == 6 else 6)
    expected = nd.binary_fill_holes(mask, background)
    np.testing.assert_array_equal(isovox.volume(mask, "fill-holes", "--connectivity", connectivity), expected)
    slices = [nd.binary_fill_holes(s, background[1]) for s in mask]
    np.testing.assert_array_equal(isovox.volume(mask, "fill-holes", "--connectivity", connectivity, "--per-slice"), slices)


@pytest.mark.parametrize("shape", [(1, 31, 37), (23, 1, 37), (1, 1, 1), (3, 3, 3)])
def test_fill_holes_of_any_shape(isovox, rng, shape):
    mask = (rng.random(shape) < 0.7).astype(np.uint16) * 255
    np.testing.assert_array_equal(isovox.volume(mask, "fill-holes"), nd.binary_fill_holes(mask))
    np.testing.assert_array_equal(isovox.volume(mask, "fill-holes", "--per-slice"), [nd.binary_fill_holes(s) for s in mask])


@pytest.mark.parametrize("most", [1, 3, 20])
def test_fill_small_holes(isovox, rng, most):
    mask = (nd.gaussian_filter(rng.normal(0, 1, SHAPE), 0.8) > -0.3).astype(np.uint8)
    holes, count = nd.label(nd.binary_fill_holes(mask) & (mask == 0))
    sizes = np.bincount(holes.ravel())
    assert (sizes[1:] <= most).any() and (most == 20 or (sizes[1:] > most).any())
    expected = (mask > 0) | ((holes > 0) & (sizes[holes] <= most))
    np.testing.assert_array_equal(isovox.volume(mask, "fill-holes", "--max", f"{most}vox"), expected)


@FILLED
def test_clear_border(isovox, rng, share):
    mask = (rng.random(SHAPE) < share).astype(np.uint8)
    blobs = (nd.gaussian_filter(rng.normal(0, 1, SHAPE), 1.2) > 0.25).astype(np.uint16)
    labels = rng.integers(1, 5, SHAPE).astype(np.uint16) * blobs
    for array in [mask, blobs, labels, nd.label(blobs)[0].astype(np.uint32)]:
        expected = skimage.segmentation.clear_border(array)
        np.testing.assert_array_equal(isovox.volume(array, "clear-border", "--connectivity", 26), expected, strict=True)


@CONNECTIVITIES
@pytest.mark.parametrize("faces", ["x,y", "z", "x-", "y+,z-"])
def test_clear_some_faces(isovox, rng, connectivity, faces):
    mask = (nd.gaussian_filter(rng.normal(0, 1, SHAPE), 1) > 0.3).astype(np.uint8)
    labels = nd.label(mask, structure(connectivity))[0]
    gone = set()
    for word in faces.split(","):
        for end in {"": (0, -1), "-": (0,), "+": (-1,)}[word[1:]]:
            gone |= set(np.take(labels, end, axis="zyx".index(word[0])).ravel())
    expected = np.where(np.isin(labels, list(gone | {0})), 0, mask)
    np.testing.assert_array_equal(isovox.volume(mask, "clear-border", "--faces", faces, "--connectivity", connectivity), expected)
