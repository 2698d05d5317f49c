"""Examples of other versions, as near_dedup holds its own rows against them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from assay.curate.batch import Batch
from assay.curate.stage import Resources
from assay.kernels.near import keys_of
from assay.kernels.texts import Texts, joined


@dataclass(frozen=True)
class Other:
    """The examples of version `ref`: their ids, texts and keys, in id order. `digest` is over the ids."""

    ref: str
    digest: str
    ids: list[bytes]
    texts: Texts
    bands: npt.NDArray[np.uint32]
    sketch: npt.NDArray[np.uint8]


def read_other(resources: Resources, ref: str, ngram: int, threshold: float) -> Other:
    """All examples of a version. They stay in memory: about 230 bytes and its text for each. Raises NotFound."""
    ids: list[bytes] = []
    texts: list[Texts] = []
    for batch in resources.payloads(ref):
        ids += [example for example, _ in batch]
        texts.append(Batch([payload for _, payload in batch]).text_bytes)
    whole = joined(texts)
    order = np.array(sorted(range(len(ids)), key=ids.__getitem__), np.int64)
    whole = whole.take(order)
    keys = keys_of(whole, ngram, threshold)
    ids = [ids[k] for k in order.tolist()]
    return Other(
        ref,
        hashlib.sha256(b"".join(ids)).hexdigest(),
        ids,
        whole,
        keys["bands"].astype(np.uint32, copy=False),
        keys["sketch"].astype(np.uint8, copy=False),
    )
