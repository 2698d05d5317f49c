"""Many texts as one run of bytes."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from assay.kernels.texts import Texts


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_texts_go_to_another_process_whatever_holds_their_bytes(kind: type) -> None:
    data = "退款 refund".encode()
    texts = Texts(kind(data), np.array([0, 7]), np.array([6, 13]))
    assert list(pickle.loads(pickle.dumps(texts))) == ["退款", "refund"]
