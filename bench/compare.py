"""Times isovox against its peers on the same input in the same run; agreement is checked before any time counts.

Usage: compare.py BENCH_PROGRAM [--size 512] [--out results.json]
Inputs as the project's speed goals define them: rock, clean and noisy masks, cells. CPU seconds of one thread, best of
three (slow peers once); needs numpy, scipy, opencv, connected-components-3d, scikit-image, SimpleITK, vtk.
"""
import argparse
import json
import os
import subprocess
import tempfile

# First: peers read how many threads they may use when they are imported.
from timing import Record, digest, timed

import cc3d
import cv2
import numpy as np
import SimpleITK as sitk
import vtk
from scipy import ndimage
from skimage.filters import rank
from skimage.morphology import footprint_rectangle
from vtk.util import numpy_support

from phantoms import chest, rock

cv2.setNumThreads(1)


def canonical(labels):
    flat = labels.ravel()
    values, first = np.unique(flat, return_index=True)
    keep = values != 0
    table = np.zeros(int(flat.max()) + 1, np.uint32)
    table[values[keep][np.argsort(first[keep])]] = np.arange(1, keep.sum() + 1, dtype=np.uint32)
    return table[flat]


def otsu_cv2(volume):
    t, _ = cv2.threshold(volume.reshape(volume.shape[0], -1), 0, 255, cv2.THRESH_BINARY_INV + cv2.THRESH_OTSU)
    return cv2.threshold(volume.reshape(volume.shape[0], -1), t, 1, cv2.THRESH_BINARY_INV)[1]


def nlm_cv2(volume):
    return np.stack([cv2.fastNlMeansDenoising(s, None, 10, 7, 21) for s in volume])


def holes_cc3d(mask):
    """Holes of a 26-connected mask: components through faces of what is not in it, that touch no face of the volume."""
    labels = cc3d.connected_components(1 - mask, connectivity=6)
    inside = np.ones(int(labels.max()) + 1, np.uint8)
    for face in (labels[0], labels[-1], labels[:, 0], labels[:, -1], labels[:, :, 0], labels[:, :, -1]):
        inside[face.ravel()] = 0
    inside[0] = 1
    return inside[labels]


def holes_cv2(mask):
    out = np.empty_like(mask)
    for s, o in zip(mask, out):
        ring = np.pad(s, 1)
        cv2.floodFill(ring, None, (0, 0), 2, flags=4)
        np.not_equal(ring[1:-1, 1:-1], 2, out=o)
    return out


def recipe(volume):
    """The published pore recipe as an expert writes it: Otsu and contours by slice, labels, sizes, a table of colours."""
    mask = np.zeros_like(volume)
    for s, o in zip(volume, mask):
        _, binary = cv2.threshold(s, 0, 255, cv2.THRESH_BINARY_INV + cv2.THRESH_OTSU)
        for c in cv2.findContours(binary, cv2.RETR_TREE, cv2.CHAIN_APPROX_SIMPLE)[-2]:
            if cv2.contourArea(c) > 10:
                cv2.drawContours(o, [c], 0, 255, -1)
    labels = cc3d.connected_components(mask, connectivity=6)
    areas = np.bincount(labels.ravel())
    np.histogram(areas[1:-1], np.logspace(0, 6, 20))
    colours = np.random.default_rng(0).integers(0, 256, (len(areas), 3), dtype=np.uint8)
    colours[0] = 0
    return int(labels.max()), colours[labels]


def flying_edges(volume, level):
    """Triangles of VTK's filter, on one thread."""
    vtk.vtkSMPTools.Initialize(1)
    image = vtk.vtkImageData()
    image.SetDimensions(*volume.shape[::-1])
    image.GetPointData().SetScalars(numpy_support.numpy_to_vtk(volume.ravel(), deep=False))
    edges = vtk.vtkFlyingEdges3D()
    edges.SetInputData(image)
    edges.SetValue(0, level)
    edges.ComputeNormalsOff()
    edges.ComputeScalarsOff()
    edges.Update()
    return edges.GetOutput().GetNumberOfCells()


class near:
    """A count of the peer's that another may differ from by one in fifty: ambiguous faces are each program's own."""

    def __init__(self, count):
        self.count = count

    def __eq__(self, other):
        return abs(int(other) / self.count - 1) < 0.02


class alike:
    """Integers that another may round the other way, or cut off, where a value lies between two."""

    def __init__(self, array):
        self.array = array.ravel()

    def __eq__(self, other):
        if other.shape != self.array.shape:
            return False
        return int(np.abs(other.astype(np.int32) - self.array).max()) <= 1


def grids(volume):
    """To 1 mm from 0.7 x 0.7 x 1.36 mm, on the same grid, and to another orientation."""
    step = [1 / 0.7, 1 / 0.7, 1 / 1.36]
    size = [int(np.ceil(n / s - 1e-6)) for n, s in zip(volume.shape[::-1], step)]
    first = [((n - 1) - s * (m - 1)) / 2 for n, s, m in zip(volume.shape[::-1], step, size)]
    image = sitk.GetImageFromArray(volume)
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)

    def linear():
        return sitk.GetArrayFromImage(sitk.Resample(image, size, sitk.Transform(), sitk.sitkLinear, first, step))

    def cubic():
        return ndimage.affine_transform(volume, step[::-1], first[::-1], size[::-1], order=3, mode="mirror")

    def turned():
        return np.ascontiguousarray(volume.transpose(2, 1, 0)[:, ::-1])

    to = {"spacing": ",".join(f"{s!r}vox" for s in step), "no-antialias": True}
    return [
        ("resample order 1 to 1 mm, chest", "resample", {**to, "interpolation": "linear"}, volume, "i16", linear, alike, "SimpleITK", 8.0),
        ("resample order 3 to 1 mm", "resample", {**to, "interpolation": "cubic", "overshoot": True}, volume, "i16", cubic, alike, "scipy", 25.0),
        ("reorient, chest", "reorient", {"to": "SAL"}, volume, "i16-patient", turned, digest, "numpy", 15.0),
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program")
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--out")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--only", help="cases whose names hold this")
    a = parser.parse_args()
    n = a.size
    grey, clean = rock(n)
    noisy = (grey <= 105).astype(np.uint8)
    small = np.ascontiguousarray(grey[:256, :256, :256])
    cases = [
        ("otsu + mask, u8", "otsu", {"dark": True}, grey, "u8", lambda: otsu_cv2(grey), digest, "cv2", 1.2),
        ("label 6, clean", "label", {"connectivity": 6}, clean, "u8-mask", lambda: cc3d.connected_components(clean, connectivity=6), lambda r: digest(canonical(r)), "cc3d", 2.5),
        ("label 26, noisy", "label", {"connectivity": 26}, noisy, "u8-mask", lambda: cc3d.connected_components(noisy, connectivity=26), lambda r: digest(canonical(r)), "cc3d", 1.5),
        ("label 6, noisy", "label", {"connectivity": 6}, noisy, "u8-mask", lambda: cc3d.connected_components(noisy, connectivity=6), lambda r: digest(canonical(r)), "cc3d", 2.0),
        ("remove-small < 64, noisy", "remove-small", {"min": "64vox", "connectivity": 26}, noisy, "u8-mask", lambda: cc3d.dust(noisy, threshold=64, connectivity=26), digest, "cc3d", 7.0),
        ("keep-largest, noisy", "keep-largest", {"connectivity": 26}, noisy, "u8-mask", lambda: (cc3d.largest_k(noisy, k=1, connectivity=26) > 0).astype(np.uint8), digest, "cc3d", 5.0),
        ("median 3, 256", "median", {"radius": 1}, small, "u8", lambda: rank.median(small, footprint_rectangle((3, 3, 3))), None, "skimage.rank", 60.0),
        ("median 5, 256", "median", {"radius": 2}, small, "u8", lambda: rank.median(small, footprint_rectangle((5, 5, 5))), None, "skimage.rank", 25.0),
    ]
    soft = ndimage.gaussian_filter(small, 1.5)
    closed = np.pad(soft, 1)
    cases.append(("surface, 256", "surface", {"level": 105}, soft, "u8", lambda: flying_edges(closed, 105), near, "vtk", 1.5))
    labels = canonical(cc3d.connected_components(noisy, connectivity=26)).reshape(noisy.shape)
    solid = 1 - noisy[:256, :256, :256]
    cases.append(("fill-holes 3-D, 256", "fill-holes", {}, solid, "u8-mask", lambda: holes_cc3d(solid), digest, "cc3d", 3.0))
    cases.append(("fill-holes per slice", "fill-holes", {"per-slice": True}, 1 - noisy, "u8-mask", lambda: holes_cv2(1 - noisy), digest, "cv2", 3.0))
    slices = np.ascontiguousarray(grey[:64])
    cases.append(("nlm 2-D, 64 slices", "nlm", {}, slices, "u8", lambda: nlm_cv2(slices), digest, "cv2", 2.0))
    scan = np.ascontiguousarray(grey[:300])
    cases.append(("pores --literal", "recipe", {}, scan, "u8", lambda: recipe(scan), lambda r: str(r[0]), "cv2 + cc3d", 4.0))
    cases.append(("measure, noisy labels", "measure", {}, labels, "u32", lambda: cc3d.statistics(labels, no_slice_conversion=True), None, "cc3d", 3.0))
    cases += grids(chest(275 * n // 512, n))
    record = Record(a.threads)
    with tempfile.TemporaryDirectory() as folder:
        for name, op, parameters, array, voxel, peer, same, peer_name, goal in (c for c in cases if (a.only or "") in c[0]):
            path = os.path.join(folder, "input.raw")
            array.tofile(path)
            size = "x".join(str(s) for s in array.shape[::-1])
            made = os.path.join(folder, "output.raw")
            command = [a.program, op, json.dumps(parameters), voxel, size, path, str(a.threads), "3", *([made] if same is alike else [])]
            ours = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            peer_s, result = timed(peer, 1 if any(slow in name for slow in ("median", "nlm", "order 3")) else 3)
            if same is alike:
                ours["result"] = np.fromfile(made, array.dtype)
            record.add(name, ours, peer_name, peer_s, goal, None if same is None else same(result) == ours["result"])
    record.save(a.out, f"--size {n}")


if __name__ == "__main__":
    main()
