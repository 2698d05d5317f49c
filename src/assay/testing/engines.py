"""What every engine owes: a conformance suite to subclass in the tests of an `Engine`."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from assay.curate.engine import Engine
from assay.errors import BadInput


@dataclass(frozen=True)
class Square:
    """n → n², after a nap that has nothing to do with the order of chunks; `refused` is refused."""

    refused: int | None = None
    ballast: bytes = b""

    def __call__(self, number: int) -> int:
        if number == self.refused:
            raise BadInput(f"number {number} is refused", "leave it out")
        time.sleep(number * 7919 % 211 / 100_000)
        return number * number


class EngineSuite:
    """Subclass it as `TestMyEngine` and override `make`; pytest does the rest. `in_flight`: the most chunks that may be
    taken before the first result is given."""

    in_flight = 64

    def make(self) -> Engine:
        raise NotImplementedError

    def test_results_come_in_the_order_of_the_chunks(self) -> None:
        numbers = sorted(range(200), key=lambda n: n * 7919 % 211)
        assert list(self.make().map(Square(), numbers)) == [n * n for n in numbers]

    def test_no_chunks_no_results(self) -> None:
        assert list(self.make().map(Square(), [])) == []

    def test_it_can_be_used_again(self) -> None:
        engine = self.make()
        for _ in range(2):
            assert list(engine.map(Square(), range(5))) == [0, 1, 4, 9, 16]

    def test_chunks_are_taken_as_they_are_needed(self) -> None:
        taken = 0

        def chunks() -> Iterator[int]:
            nonlocal taken
            for number in range(10_000):
                taken += 1
                yield number

        results = self.make().map(Square(), chunks())
        assert next(results) == 0
        assert taken <= self.in_flight
        results.close()  # type: ignore[attr-defined]

    def test_what_the_function_raises_arrives_whole(self) -> None:
        with pytest.raises(BadInput) as caught:
            list(self.make().map(Square(refused=7), range(30)))
        assert caught.value.message == "number 7 is refused"
        assert caught.value.hint == "leave it out"

    def test_results_before_a_failure_are_given(self) -> None:
        results = self.make().map(Square(refused=7), range(30))
        assert [next(results) for _ in range(7)] == [n * n for n in range(7)]

    def test_what_the_reader_raises_arrives(self) -> None:
        def chunks() -> Iterator[int]:
            yield 1
            raise BadInput("the source ends in the middle", "get it again")

        with pytest.raises(BadInput, match="in the middle"):
            list(self.make().map(Square(), chunks()))

    def test_a_function_may_be_large(self) -> None:
        assert list(self.make().map(Square(ballast=bytes(20 << 20)), range(8))) == [n * n for n in range(8)]
