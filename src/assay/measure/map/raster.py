"""The map as a picture of pixels, for browsers without WebGL and for paper: a PNG of our own, shaded by density."""

from __future__ import annotations

import struct
import zlib
from typing import Final

import numpy as np
import numpy.typing as npt

from assay.measure.map.layout import HEIGHT, SIDE, WIDTH

COLOURS: Final = 8
Theme = tuple[tuple[int, int, int], tuple[tuple[int, int, int], ...]]

LIGHT: Final[Theme] = (
    (255, 255, 255),
    ((0, 100, 197), (217, 113, 87), (0, 70, 46), (128, 67, 118), (181, 132, 0), (31, 156, 196), (85, 30, 125),
     (139, 146, 149)),
)  # fmt: skip
DARK: Final[Theme] = (
    (21, 26, 29),
    ((21, 116, 217), (201, 104, 51), (107, 191, 153), (190, 107, 178), (234, 213, 101), (124, 235, 250), (169, 173,
     254), (113, 118, 121)),
)  # fmt: skip
"""Background, and the categories' colours as the stylesheet has them; the eighth is what is left."""

U8 = npt.NDArray[np.uint8]
U16 = npt.NDArray[np.uint16]


def colour_of(codes: U8) -> U8:
    """A code's colour: the first seven have their own, all others the eighth."""
    return np.minimum(codes, COLOURS - 1).astype(np.uint8)


def onto(x: U16, y: U16, width: int, height: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Columns and rows of pixels (or cells) of a picture; y points upwards."""
    column = x.astype(np.int32) * (width - 1) // SIDE
    row = height - 1 - y.astype(np.int32) * (height - 1) // SIDE
    return column, row


def picture(x: U16, y: U16, codes: U8, theme: Theme, width: int = WIDTH, height: int = HEIGHT) -> bytes:
    """A PNG: a pixel takes the mixture of its points' colours, the stronger the more points it has."""
    ground, palette = theme
    column, row = onto(x, y, width, height)
    at = (row * width + column).astype(np.int32)
    del column, row
    colour = colour_of(codes)
    size = 1 if len(x) > 150_000 else 2 if len(x) > 8_000 else 3
    total = np.zeros((height, width), np.float32)
    mixed = np.zeros((3, height, width), np.float32)
    for k, paint in enumerate(palette):
        points = np.bincount(at[colour == k], minlength=height * width).astype(np.float32)
        weight = _dots(points.reshape(height, width), size)
        total += weight
        for channel in range(3):
            mixed[channel] += weight * np.float32(paint[channel])
    mixed /= np.maximum(total, 1)
    usual = float(np.median(total[total > 0])) if (total > 0).any() else 1.0
    strength = np.where(total > 0, 1 - 0.55 * np.exp(-total / usual), 0.0).astype(np.float32)
    shade = np.array(ground, np.float32)[:, None, None] * (1 - strength) + mixed * strength
    return png(np.ascontiguousarray(np.rint(shade).astype(np.uint8).transpose(1, 2, 0)))


def _dots(weight: npt.NDArray[np.float32], size: int) -> npt.NDArray[np.float32]:
    """Each point as wide and high as `size` pixels."""
    out = weight.copy()
    for dy in range(size):
        for dx in range(size):
            if dx or dy:
                out[dy:, dx:] += weight[: weight.shape[0] - dy, : weight.shape[1] - dx]
    return out


def png(pixels: U8) -> bytes:
    """uint8[height, width, 3] as a PNG (RFC 2083), 8 bits a channel."""
    height, width, _ = pixels.shape
    lines = np.zeros((height, 1 + width * 3), np.uint8)
    lines[:, 1:] = pixels.reshape(height, width * 3)
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        _chunk(kind, data)
        for kind, data in ((b"IHDR", head), (b"IDAT", zlib.compress(lines.tobytes(), 6)), (b"IEND", b""))
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
