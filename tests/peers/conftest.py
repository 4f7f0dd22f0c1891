"""The command as the peers see it: arrays in, arrays and tables out."""

import json
import os
import pathlib
import shutil
import subprocess

import numpy as np
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]


def binary():
    """$ISOVOX_BIN or $ISOVOX, else the last build of the repository."""
    named = os.environ.get("ISOVOX_BIN") or os.environ.get("ISOVOX")
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    candidates = [pathlib.Path(named)] if named else [target / "release" / "isovox", target / "debug" / "isovox"]
    for path in candidates:
        if shutil.which(path):
            return path.resolve()
    pytest.exit(f"no isovox at {candidates}: build it, or set ISOVOX_BIN", returncode=2)


class Isovox:
    """Runs the command in a folder of its own."""

    def __init__(self, folder):
        self.folder = folder
        self.binary = binary()

    def path(self, name):
        return self.folder / name

    def __call__(self, *words):
        ran = subprocess.run([self.binary, *map(str, words)], cwd=self.folder, capture_output=True, text=True)
        assert ran.returncode == 0, f"{words}: {ran.stderr}"
        return ran.stdout

    def give(self, array, name="in.npy"):
        np.save(self.path(name), array)
        return name

    def volume(self, array, *words):
        """An operation on an array, as an array."""
        self(words[0], self.give(array), *words[1:], "-o", "out.npy", "--force")
        return np.load(self.path("out.npy"))

    def table(self, array, *words):
        """An operation on an array, as rows."""
        self(words[0], self.give(array), *words[1:], "-o", "out.json", "--force")
        return json.loads(self.path("out.json").read_text())


@pytest.fixture
def isovox(tmp_path):
    return Isovox(tmp_path)


@pytest.fixture
def rng():
    return np.random.default_rng(20)


def types(names):
    return pytest.mark.parametrize("dtype", [np.dtype(n) for n in names.split()], ids=str)


def noise(rng, shape, dtype):
    """Every bit of an integer type, or floats of both signs."""
    if dtype.kind == "f":
        return rng.normal(0, 1000, shape).astype(dtype)
    info = np.iinfo(dtype)
    return rng.integers(info.min, info.max, shape, dtype=dtype, endpoint=True)


def smooth(rng, shape, dtype):
    """Two classes with noise, as a scan has them."""
    import scipy.ndimage as nd

    field = nd.gaussian_filter(rng.normal(0, 1, shape), 2)
    values = 90 + 60 * (field > 0) + rng.normal(0, 12, shape)
    return values.clip(0, 255).astype(dtype)


def canonical(labels):
    """Labels renumbered 1..n by first voxel in raster order: equal partitions are equal arrays."""
    values, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    numbers = np.zeros(len(values), np.int64)
    order = np.argsort(np.where(values == 0, -1, first), kind="stable")
    order = order[values[order] != 0]
    numbers[order] = np.arange(1, len(order) + 1)
    return numbers[inverse].reshape(labels.shape)
