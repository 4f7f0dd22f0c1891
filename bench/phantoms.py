"""Volumes that the goals name, the same on every machine."""
import numpy as np
from scipy import ndimage


def rock(n):
    g = ndimage.gaussian_filter(np.random.default_rng(1).standard_normal((n, n, n), dtype=np.float32), 4, mode="wrap", truncate=3)
    pore = g < np.sort(g.ravel()[::7])[int(0.15 * len(g.ravel()[::7]))]
    f = ndimage.gaussian_filter(np.where(pore, np.float32(70), np.float32(140)), 1, mode="nearest", truncate=3)
    f += 12 * np.random.default_rng(2).standard_normal(f.shape, dtype=np.float32)
    return np.clip(np.rint(f), 0, 255).astype(np.uint8), pore.astype(np.uint8)


def chest(slices, side):
    """The chest of the speed goals (275 slices of 512 x 512): air, a body with lungs, vessels, a spine and a table, in Hounsfield units."""
    shape = (slices, side, side)
    z, y, x = np.meshgrid(*(np.linspace(-1, 1, n, dtype=np.float32) for n in shape), indexing="ij", sparse=True)
    out = np.full(shape, -1000, np.float32)
    body = (x / 0.88) ** 2 + (y / 0.62) ** 2
    out[np.broadcast_to(body < 1, shape)] = -90
    out[np.broadcast_to(body < 0.86, shape)] = 40
    vessels = ndimage.gaussian_filter(np.random.default_rng(7).standard_normal(shape, dtype=np.float32), (2, 4, 4))
    for centre in (-0.38, 0.38):
        lung = ((x - centre) / 0.3) ** 2 + (y / 0.42) ** 2 + (z / 0.92) ** 2 < 1
        out[lung] = np.where(vessels[lung] > 2 * vessels.std(), 30, -860)
    out[np.broadcast_to((x / 0.1) ** 2 + ((y - 0.42) / 0.12) ** 2 < 1, shape)] = 500
    out[np.broadcast_to((z < 0.1) & (x**2 + (y + 0.12) ** 2 < 0.035**2), shape)] = -990
    out[np.broadcast_to((abs(y - 0.7) < 0.015) & (abs(x) < 0.8), shape)] = 100
    out += 20 * np.random.default_rng(8).standard_normal(shape, dtype=np.float32)
    return np.clip(np.rint(out), -1024, 3071).astype(np.int16)
