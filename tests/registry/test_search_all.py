"""Searching every version says what a plain list of the versions says, and so does an index that is built anew."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from assay.registry import Registry
from assay.registry.governing.annotating import annotate
from assay.registry.querying.choosing import members
from assay.store.memory import MemoryStorage
from tests.store import drafts

TEXTS = ["退款 请处理", "退款规则 refund", "refund me", "什么时候退款?", "nothing of the sort"]
STEPS = st.lists(
    st.tuples(st.sampled_from("ab"), st.sets(st.sampled_from(TEXTS), min_size=1), st.sampled_from([None, "x", 2.0])),
    min_size=1, max_size=6,
)  # fmt: skip


def at_noon():
    return datetime(2026, 11, 1, 12, tzinfo=UTC)


@settings(deadline=None, max_examples=25)
@given(STEPS)
def test_the_index_that_followed_and_the_one_built_anew_agree_with_a_list(steps):
    storage = MemoryStorage()
    made = drafts.Registry(storage)
    registry = Registry(storage, None, "mira", at_noon)
    heads, held, said = {}, {}, {}
    for dataset, texts, value in steps:
        heads[dataset] = made.commit(dataset, heads.get(dataset), {"train": sorted(texts)})
        held.setdefault(dataset, []).append(texts)
        annotate(registry, dataset, members(registry, dataset), {"topic": value})
        said.setdefault(dataset, {}).update(dict.fromkeys(texts, value))
        registry.index()
    anew = Registry(storage, None, "mira", at_noon)
    anew.index().rebuild()
    for one in (registry, anew):
        for words, where in (("退款", None), ("refund", None), ("退款", "topic is not null")):
            found = (
                {h.output: h for h in one.search(words, limit=100, all=True, where=where)}
                if _known(said, where)
                else {}
            )
            expected = {
                text: _versions(held, text)
                for text in TEXTS
                if words in text.replace("?", " ") and _wanted(said, text, where)
            }
            spans = {
                text: {
                    (span.dataset, n)
                    for span in hit.versions
                    for n in range(span.first, (span.last or len(held[span.dataset])) + 1)
                }
                for text, hit in found.items()
            }
            assert spans == {text: versions for text, versions in expected.items() if versions}


def _versions(held, text):
    return {(name, n) for name, line in held.items() for n, texts in enumerate(line, 1) if text in texts}


def _known(said, where):
    """Whether any dataset has the fact that the expression names."""
    return where is None or any(v is not None for facts in said.values() for v in facts.values())


def _wanted(said, text, where):
    if where is None:
        return True
    return _known(said, where) and any(facts.get(text) is not None for facts in said.values())
