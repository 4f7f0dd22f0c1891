"""Pictures as other programs read them: Pillow for pixels and frames, an XML parser for figures, NumPy for what they show."""

import re
import xml.etree.ElementTree as xml

import numpy as np
import pytest
from PIL import Image, ImageSequence

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("name", ["o.gif", "o.png"])
def test_frames_are_the_slices(isovox, rng, name):
    """No caption reaches the middle of a frame: there greys are exact."""
    array = rng.integers(0, 256, (9, 270, 300), dtype=np.uint8)
    isovox("fly-through", isovox.give(array), "-o", name, "--low", 0, "--high", 255, "--fps", 10)
    with Image.open(isovox.path(name)) as film:
        frames = [np.asarray(frame.convert("L")) for frame in ImageSequence.Iterator(film)]
        assert film.info["loop"] == 0 and film.info["duration"] == 100
    np.testing.assert_array_equal(np.stack(frames)[:, 40:-60], array[:, 40:-60])


def test_blocks_are_means(isovox, rng):
    array = rng.integers(0, 256, (8, 600, 600), dtype=np.uint8)
    isovox("fly-through", isovox.give(array), "-o", "o.gif", "--low", 0, "--high", 255, "--frames", 4, "--size", 300)
    with Image.open(isovox.path("o.gif")) as film:
        frames = np.stack([np.asarray(frame.convert("L")) for frame in ImageSequence.Iterator(film)])
    means = np.rint(array.reshape(4, 2, 300, 2, 300, 2).mean((1, 3, 5)))
    np.testing.assert_array_equal(frames[:, 40:-60], means[:, 40:-60])


def test_bars_are_the_counts(isovox, rng):
    array = rng.normal(120, 12, (20, 40, 40)).astype(np.uint8)
    isovox("histogram-plot", isovox.give(array), "-o", "o.svg", "--otsu")
    root = xml.parse(isovox.path("o.svg")).getroot()
    bars = [float(r.get("height")) for r in root.iter(f"{SVG}rect") if r.get("fill") != "#ffffff"]
    counts = np.bincount(array.ravel())[array.min() : array.max() + 1]
    np.testing.assert_allclose(np.array(bars) / max(bars), counts[counts > 0] / counts.max(), atol=1e-4)
    texts = [t.text for t in root.iter(f"{SVG}text")]
    assert any(re.fullmatch(r"Otsu \d+", t) for t in texts) and "grey value" in texts


def test_a_ball_is_a_disc(isovox):
    z, y, x = np.ogrid[:60, :60, :60]
    ball = ((x - 29.5) ** 2 + (y - 29.5) ** 2 + (z - 29.5) ** 2 <= 400).astype(np.uint8)
    isovox("render", isovox.give(ball), "-o", "o.png", "--plain", "--background", "transparent", "--size", 300, "--level", 0.5)
    with Image.open(isovox.path("o.png")) as picture:
        alpha = np.asarray(picture.convert("RGBA"))[..., 3] > 127
    rows, columns = np.nonzero(alpha)
    height, width = np.ptp(rows) + 1, np.ptp(columns) + 1
    assert abs(width - height) <= 3
    assert abs(np.sqrt(alpha.sum() / np.pi) - width / 2) < 0.02 * width
