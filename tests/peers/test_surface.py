"""Surfaces, read back by trimesh and held against scikit-image's marching cubes."""

import json

import nibabel
import numpy as np
import pytest
import scipy.ndimage as nd
import trimesh
from scipy.spatial import cKDTree
from skimage.measure import euler_number, marching_cubes

from conftest import smooth

ENDINGS = pytest.mark.parametrize("ending", ["stl", "ply"])


def surface(isovox, words, ending, name="in.npy"):
    isovox("surface", name, *words, "-o", f"out.{ending}", "--force")
    mesh = trimesh.load(isovox.path(f"out.{ending}"))
    found = json.loads(isovox.path(f"out.{ending}.provenance.json").read_text())["steps"][-1]["found"]
    return mesh, found


def field(rng, shape=(40, 44, 48)):
    return nd.gaussian_filter(rng.normal(0, 1, shape), 3).astype(np.float32)


def away_from_faces(array):
    """The same below every level at the faces: how a surface is closed there is each program's own."""
    for k in range(3):
        array[tuple([slice(None)] * k + [[0, -1]])] = -1
    return array


def peer(array, level):
    """Scikit-image's mesh, vertices x, y, z in voxels."""
    vertices, triangles, _, _ = marching_cubes(array, level)
    return trimesh.Trimesh(vertices[:, ::-1], triangles, process=False)


@ENDINGS
def test_watertight_and_measured(isovox, rng, ending):
    array = field(rng)
    isovox.give(array)
    mesh, found = surface(isovox, ["--level", 0.02], ending)
    assert mesh.is_watertight and mesh.is_winding_consistent and mesh.volume > 0
    assert len(mesh.faces) == found["triangles"] and len(mesh.vertices) == found["vertices"]
    assert mesh.area == pytest.approx(found["area_voxel2"], rel=1e-5)
    assert mesh.volume == pytest.approx(found["volume_voxel3"], rel=1e-5)
    assert mesh.euler_number == 2 * euler_number(np.pad(array >= 0.02, 1), connectivity=1)


@ENDINGS
@pytest.mark.parametrize("share", [0.05, 0.3, 0.6, 0.95])
def test_noise_is_a_manifold(isovox, rng, ending, share):
    array = (rng.random((17, 19, 70)) < share).astype(np.uint8)
    isovox.give(array)
    mesh, _ = surface(isovox, ["--label", 1], ending)
    assert mesh.is_watertight and mesh.is_winding_consistent
    assert mesh.euler_number == 2 * euler_number(array, connectivity=1)


def test_level_at_values(isovox, rng):
    isovox.give(smooth(rng, (24, 25, 26), np.uint8))
    mesh, _ = surface(isovox, ["--level", 120], "stl")
    assert mesh.is_watertight and mesh.is_winding_consistent


def test_as_scikit_image(isovox, rng):
    array = away_from_faces(field(rng))
    isovox.give(array)
    mesh, _ = surface(isovox, ["--level", 0.02], "ply")
    theirs = peer(array, 0.02)
    assert mesh.area == pytest.approx(theirs.area, rel=2e-3)
    assert mesh.volume == pytest.approx(abs(theirs.volume), rel=1e-3)
    ours = np.unique(np.round(mesh.vertices, 2), axis=0)
    distance, _ = cKDTree(theirs.vertices).query(ours)
    assert distance.max() < 0.02


@pytest.mark.parametrize("world", ["lps", "ras"])
def test_oblique_and_mirrored_grids(isovox, rng, world):
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0] @ np.diag([0.7, 0.9, 2.5])
    for flip in (1, -1):
        affine = np.eye(4)
        affine[:3, :3] = turn @ np.diag([flip, 1, 1])
        affine[:3, 3] = [-80, 33, 410]
        array = away_from_faces(field(rng, (30, 28, 20)))
        nibabel.Nifti1Image(array, affine).to_filename(isovox.path("in.nii"))
        mesh, found = surface(isovox, ["--level", 0.03, "--world", world], "ply", "in.nii")
        assert found["world"] == world.upper()
        assert mesh.is_watertight and mesh.volume > 0
        assert mesh.euler_number == 2 * euler_number(np.pad(array >= 0.03, 1), connectivity=1)
        # Every vertex lies where the field passes the level.
        to_ras = np.diag([-1, -1, 1]) if world == "lps" else np.eye(3)
        index = np.linalg.solve(affine[:3, :3], (mesh.vertices @ to_ras.T - affine[:3, 3]).T)
        inner = np.all((index > 0) & (index < np.array(array.shape)[:, None] - 1), axis=0)
        values = nd.map_coordinates(array, index[:, inner], order=1)
        assert np.abs(values - 0.03).max() < 1e-3
        assert mesh.volume == pytest.approx(abs(peer(array, 0.03).volume * np.linalg.det(turn)), rel=2e-3)
