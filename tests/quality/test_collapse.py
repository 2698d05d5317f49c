"""Model collapse on data that people train on: random halves do not warn, generations that narrow do."""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from pathlib import Path

import pytest

import assay
from assay.kernels.counting import units
from assay.measure.collapse import ROWS, Lexicon, Text, composition
from assay.measure.collapse_checks import Seen, Stayed, checks
from tests.measure.generations import generation
from tests.quality.corpora import alpaca, alpaca_zh

pytestmark = [pytest.mark.shared_data, pytest.mark.long]

PHRASE = 3
"""Units of a phrase, when outputs are cut up to make a generation of them."""


def texts_of(outputs: list[list[str]], lexicon: Lexicon, salt: str) -> list[Text]:
    made = [
        lexicon.text(hashlib.sha256(f"{salt}{k}".encode()).digest(), words) for k, words in enumerate(outputs)
    ]
    return sorted((text for text in made if text is not None), key=lambda text: text.id)


def version(name: str, texts: list[Text]) -> Seen:
    return Seen(
        name, composition({"human": len(texts)}, {0: len(texts)}, 0), texts[:ROWS], texts[:ROWS], [], True
    )


def verdicts(first: list[Text], last: list[Text]) -> dict[str, str]:
    found = checks([version("v1", first), version("v2", last)], Stayed(0, len(first), frozenset()))
    return {check.name: check.verdict for check in found}


@pytest.mark.parametrize(("corpus", "splits"), [(alpaca, 200), (alpaca_zh, 50)])
def test_random_halves_do_not_warn(shared_data: Path, corpus, splits: int) -> None:
    outputs = [units(record["output"].lower()) for record in corpus(shared_data)]
    lexicon, warned, told = Lexicon(), 0, Counter[tuple[str, str]]()
    for seed in range(splits):
        random.Random(seed).shuffle(outputs)
        # Ids by place: rows that were shuffled are drawn anew each time.
        half = len(outputs) // 2
        halves = [outputs[:half][: ROWS + 50], outputs[half:][: ROWS + 50]]
        found = verdicts(*(texts_of(part, lexicon, str(k)) for k, part in enumerate(halves)))
        told.update(found.items())
        warned += "warning" in found.values()
    print(corpus.__name__, f"{warned} of {splits} warned", dict(told))
    assert warned <= 0.05 * splits
    assert told["diversity", "healthy"] >= 0.95 * splits, "and they can tell"


def test_generations_that_narrow_warn(shared_data: Path) -> None:
    """Each generation knows the commonest quarter of the phrases of the one before it; a share of the rows is of it."""
    outputs = [units(record["output"].lower())[:200] for record in alpaca(shared_data)][:20_000]
    outputs = [words for words in outputs if len(words) >= PHRASE]
    lexicon = Lexicon()
    people = texts_of(outputs[:10_000], lexicon, "people")
    line = [tuple(" ".join(w[k : k + PHRASE]) for k in range(0, len(w), PHRASE)) for w in outputs]
    for depth in range(1, 6):
        line = generation(line[:3_000], 3_000, depth, kept=0.25)
        made = [" ".join(output).split() for output in line]
        for share in (0.1, 0.25, 0.5, 1.0):
            cut = round(share * ROWS)
            mixed = texts_of([*made[:cut], *outputs[10_000 : 10_000 + ROWS - cut]], lexicon, f"m{depth}")
            found = verdicts(people, mixed)
            warned = sorted(name for name, verdict in found.items() if verdict == "warning")
            print(f"generation {depth}, {share:.0%} of the rows: {warned}")
            if share == 1.0:
                assert {"diversity", "tail"} <= set(warned)
            if share == 0.5 and depth > 1:
                assert "diversity" in warned
            if share == 0.1:
                assert not warned, "a tenth is not seen: docs/collapse.md says so"


def test_a_model_that_says_one_thing_is_seen(shared_data: Path, tmp_path: Path) -> None:
    registry = assay.init(tmp_path / "registry", actor="mira")
    for name in ("gpt4_1106_preview", "vicuna-7b", "NullModel"):
        path = shared_data / "provenance" / f"alpaca_eval_outputs_{name}.json.zst"
        if not path.is_file():
            pytest.skip(f"{path.name} is not here")
        registry.import_("evals", [str(path)])
    found = registry.collapse("evals")
    warned = {check.name for check in found.checks if check.verdict == "warning"}
    assert warned == {"diversity", "tail", "openings", "alike", "synthetic"}
    before = {check.name: check for check in registry.collapse("evals@v2").checks}
    print({name: (check.verdict, check.shown) for name, check in before.items()})
    assert before["tail"].verdict == before["alike"].verdict == "healthy"
