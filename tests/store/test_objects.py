"""Objects in memory: what threads of other libraries read holds nothing of the interpreter's."""

import os

import pytest

from assay.store.memory import MemoryStorage
from assay.store.objects import Objects, arrows_own


def test_a_copy_holds_nothing_of_pythons():
    source = bytearray("孩子 hello".encode())
    held = arrows_own(source)
    source.extend(b" and more")  # a BufferError, were it lent
    assert held.to_pybytes() == "孩子 hello".encode()
    assert not held.is_mutable


@pytest.mark.parametrize("data", [b"", b"x", os.urandom(1 << 20)])
def test_an_object_comes_back_as_it_was(data):
    objects = Objects(MemoryStorage())
    name = objects.put_bytes(data, "bin")
    assert objects.get(name) == data
    assert objects.buffer(name) is objects.buffer(name)
