"""UMAP of the landmarks, where umap-learn (extra `map`) is installed."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from assay.errors import MissingExtra
from assay.kernels.lexical_vectors import I8

NEIGHBOURS = 15
APART = 0.1


def umap(landmarks: I8, start: npt.NDArray[np.float64], seed: int) -> npt.NDArray[np.float64]:
    """float64[n, 2]: McInnes, Healy and Melville 2018, in one thread, as more would change the result from run to run.

    Raises MissingExtra.
    """
    try:
        from umap import UMAP
    except ImportError:
        raise MissingExtra(
            "this layout needs umap-learn, which is not installed",
            "pip install 'assay-data[map]', or leave --layout out",
        ) from None
    first = (10 * start / max(float(np.abs(start).max()), 1e-9)).astype(np.float32)
    made = UMAP(
        n_neighbors=min(NEIGHBOURS, len(landmarks) - 1), min_dist=APART, metric="cosine", init=first,
        random_state=seed, n_jobs=1,
    ).fit_transform(landmarks.astype(np.float32))  # fmt: skip
    places: npt.NDArray[np.float64] = np.asarray(made, np.float64)
    return places
