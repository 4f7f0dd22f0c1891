"""The same input through isovox and through its peers: equal bits, or the tolerance that the definition allows."""
import csv
import os
import subprocess

import cc3d
import cv2
import nibabel
import numpy as np
import pytest
import SimpleITK as sitk
import tifffile
from scipy import ndimage
from skimage import filters

PROGRAM = os.environ.get("ISOVOX") or os.environ.get("ISOVOX_BIN") or "isovox"


def isovox(*words):
    done = subprocess.run([PROGRAM, *map(str, words)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def rng():
    return np.random.default_rng(7)


def through(tmp_path, array, *step):
    """The result of one operation on an array, as an array."""
    np.save(tmp_path / "in.npy", array)
    isovox(*step[:1], tmp_path / "in.npy", "-o", tmp_path / "out.npy", "--force", *step[1:])
    return np.load(tmp_path / "out.npy")


def table(tmp_path, array, *step, extra=()):
    np.save(tmp_path / "in.npy", array)
    isovox(*step[:1], tmp_path / "in.npy", "-o", tmp_path / "out.csv", "--force", *step[1:], *extra)
    with open(tmp_path / "out.csv") as f:
        return list(csv.DictReader(f))


def canonical(labels):
    flat = labels.ravel()
    values, first = np.unique(flat, return_index=True)
    keep = values != 0
    lut = np.zeros(int(flat.max()) + 1, np.int64)
    lut[values[keep][np.argsort(first[keep])]] = np.arange(1, keep.sum() + 1)
    return lut[flat].reshape(labels.shape)


SHAPES = [(17, 23, 31), (1, 40, 50), (40, 1, 3), (5, 66, 130)]


@pytest.mark.parametrize("connectivity", [6, 18, 26])
@pytest.mark.parametrize("shape", SHAPES)
def test_labels_of_masks(tmp_path, rng, shape, connectivity):
    mask = (rng.random(shape) < 0.4).astype(np.uint8)
    ours = through(tmp_path, mask, "label", "--connectivity", connectivity)
    assert (ours == canonical(cc3d.connected_components(mask, connectivity=connectivity))).all()
    structure = ndimage.generate_binary_structure(3, {6: 1, 18: 2, 26: 3}[connectivity])
    assert (ours == canonical(ndimage.label(mask, structure)[0])).all()


@pytest.mark.parametrize("connectivity", [6, 18, 26])
def test_labels_of_many_values(tmp_path, rng, connectivity):
    values = rng.integers(0, 4, (20, 21, 22)).astype(np.uint16)
    ours = through(tmp_path, values, "label", "--connectivity", connectivity)
    assert (ours == canonical(cc3d.connected_components(values, connectivity=connectivity))).all()


@pytest.mark.parametrize("connectivity", [6, 26])
def test_small_and_large(tmp_path, rng, connectivity):
    mask = (rng.random((30, 31, 32)) < 0.3).astype(np.uint8)
    ours = through(tmp_path, mask, "remove-small", "--min", "5vox", "--connectivity", connectivity)
    assert (ours == cc3d.dust(mask, threshold=5, connectivity=connectivity)).all()
    labels, n = cc3d.connected_components(mask, connectivity=connectivity, return_N=True)
    largest = np.bincount(labels.ravel())[1:]
    ours = through(tmp_path, mask, "keep-largest", "--connectivity", connectivity)
    assert (ours > 0).sum() == largest.max()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16])
def test_otsu(tmp_path, rng, dtype):
    parts = np.concatenate([rng.normal(60, 12, 9000), rng.normal(150, 20, 6600)])
    volume = np.clip(parts, 0, 255).astype(dtype).reshape(12, 26, 50)
    ours = through(tmp_path, volume, "otsu")
    assert (ours == (volume > filters.threshold_otsu(volume))).all()
    if dtype == np.int16:
        return
    whole, _ = cv2.threshold(volume.reshape(12, -1), 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    assert (ours == (volume > whole)).all()
    per_slice = through(tmp_path, volume, "otsu", "--per-slice", "--dark")
    for ours_slice, piece in zip(per_slice, volume):
        t, _ = cv2.threshold(piece, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
        assert (ours_slice == (piece <= t)).all()


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16, np.float32, np.float64])
@pytest.mark.parametrize("radius", ["1", "2", "0,1,2"])
def test_median(tmp_path, rng, dtype, radius):
    volume = (rng.random((9, 14, 19)) * 250).astype(dtype)
    x, y, z = (int(r) for r in (radius.split(",") * 3)[:3])
    size = (2 * z + 1, 2 * y + 1, 2 * x + 1)
    assert (through(tmp_path, volume, "median", "--radius", radius) == ndimage.median_filter(volume, size=size, mode="nearest")).all()


@pytest.mark.parametrize("mode", ["nearest", "reflect", "mirror", "wrap", "constant"])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
def test_gaussian(tmp_path, rng, dtype, mode):
    volume = (rng.random((11, 14, 23)) * 200).astype(dtype)
    ours = through(tmp_path, volume, "gaussian", "--sigma", "2vox,1.3vox,0.7vox", "--boundary", mode)
    peer = ndimage.gaussian_filter(volume.astype(np.float64), (0.7, 1.3, 2.0), mode=mode)
    assert np.abs(ours - peer).max() <= 1e-5 * 200


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint32, np.int64, np.float32, np.float64])
def test_statistics(tmp_path, rng, dtype):
    volume = (rng.normal(100, 20, (8, 9, 11))).astype(dtype)
    row = table(tmp_path, volume, "statistics")[0]
    wide = volume.astype(np.float64)
    assert float(row["min"]) == volume.min() and float(row["max"]) == volume.max()
    assert float(row["median"]) == np.median(wide)
    assert abs(float(row["mean"]) - wide.mean()) <= 1e-12 * abs(wide.mean())
    assert abs(float(row["sd"]) - wide.std()) <= 1e-11 * wide.std()


def test_measures(tmp_path, rng):
    labels = cc3d.connected_components((rng.random((20, 21, 22)) < 0.3).astype(np.uint8), connectivity=6).astype(np.uint32)
    image = rng.integers(0, 1000, labels.shape).astype(np.uint16)
    np.save(tmp_path / "image.npy", image)
    rows = table(tmp_path, labels, "measure", "--median", extra=("--image", tmp_path / "image.npy"))
    peer = cc3d.statistics(labels)
    assert [int(r["label"]) for r in rows] == list(range(1, labels.max() + 1))
    for row in rows:
        n = int(row["label"])
        inside = image[labels == n]
        z, y, x = peer["centroids"][n]
        assert int(row["voxels"]) == peer["voxel_counts"][n] == len(inside)
        assert np.allclose([float(row["centroid_i"]), float(row["centroid_j"]), float(row["centroid_k"])], [x, y, z], atol=1e-9)
        box = peer["bounding_boxes"][n]
        assert [int(row["min_k"]), int(row["max_k"])] == [box[0].start, box[0].stop - 1]
        assert [int(row["min_i"]), int(row["max_i"])] == [box[2].start, box[2].stop - 1]
        assert float(row["intensity_min"]) == inside.min() and float(row["intensity_max"]) == inside.max()
        assert abs(float(row["intensity_mean"]) - inside.mean()) < 1e-9 and abs(float(row["intensity_sd"]) - inside.std()) < 1e-9
        assert float(row["intensity_median"]) == np.median(inside)


@pytest.mark.parametrize("ending", ["nii", "nii.gz", "mha", "mhd", "tif"])
@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16, np.float32])
def test_files_read_by_others(tmp_path, rng, ending, dtype):
    volume = (rng.random((6, 7, 9)) * 200).astype(dtype)
    image = sitk.GetImageFromArray(volume)
    image.SetSpacing((0.5, 0.75, 2.0))
    image.SetOrigin((10.0, -20.0, 30.0))
    image.SetDirection((0.6, -0.8, 0.0, 0.8, 0.6, 0.0, 0.0, 0.0, 1.0))
    sitk.WriteImage(image, str(tmp_path / "in.mha"))
    out = tmp_path / f"out.{ending}"
    isovox("convert", tmp_path / "in.mha", out)
    if ending == "tif":
        assert (tifffile.imread(out) == volume).all()
        return
    back = sitk.ReadImage(str(out))
    assert (sitk.GetArrayFromImage(back) == volume).all()
    for ours, truth in ((back.GetSpacing(), image.GetSpacing()), (back.GetOrigin(), image.GetOrigin()), (back.GetDirection(), image.GetDirection())):
        assert np.allclose(ours, truth, atol=1e-5)
    if ending.startswith("nii"):
        nifti = nibabel.load(out)
        assert (np.asarray(nifti.dataobj).transpose(2, 1, 0) == volume).all()
        lps = np.diag([-1.0, -1.0, 1.0, 1.0]) @ nifti.affine
        assert np.allclose(lps[:3, 3], image.GetOrigin(), atol=1e-5)
