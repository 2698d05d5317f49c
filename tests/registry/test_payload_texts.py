"""The texts of a payload: all of them are shown, and what a form sends back changes what was changed alone."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.errors import UsageError
from assay.model.escape import acts_unseen, json_text
from assay.registry.exploring.payload_texts import texts_of, with_texts

TEXT = st.text(max_size=30)
TURNS = st.lists(
    st.fixed_dictionaries({"role": st.sampled_from(["system", "user", "assistant"]), "content": TEXT}),
    min_size=1, max_size=4,
)  # fmt: skip
PAYLOADS = st.one_of(
    st.fixed_dictionaries({"messages": TURNS}),
    st.fixed_dictionaries(
        {"prompt": st.one_of(TEXT, TURNS), "chosen": TEXT, "rejected": st.one_of(TEXT, TURNS)}
    ),
    st.fixed_dictionaries({"prompt": TEXT, "completion": st.one_of(TEXT, TURNS)}),
    st.fixed_dictionaries({"text": TEXT}),
)


@given(PAYLOADS)
@settings(max_examples=60, deadline=None)
def test_texts_that_a_form_sends_back_unchanged_change_nothing(payload: dict[str, Any]) -> None:
    sent = [one.text.replace("\r\n", "\n").replace("\n", "\r\n") for one in texts_of(payload)]
    assert with_texts(payload, sent) == payload


@given(PAYLOADS, st.data())
@settings(max_examples=60, deadline=None)
def test_an_edit_stands_in_its_place_and_nowhere_else(payload: dict[str, Any], data: st.DataObject) -> None:
    texts = [one.text for one in texts_of(payload)]
    at = data.draw(st.integers(0, len(texts) - 1))
    changed = [*texts[:at], "新的\nanswer", *texts[at + 1 :]]
    assert [one.text for one in texts_of(with_texts(payload, changed))] == changed
    assert [one.text for one in texts_of(payload)] == texts, "the original is not touched"


def test_calls_of_tools_are_shown_and_are_no_text_to_edit() -> None:
    call = {"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": "{}"}}]}
    payload = {"messages": [{"role": "user", "content": "x"}, call]}
    shown = texts_of(payload)
    assert [one.path is None for one in shown] == [False, True]
    assert "tool_calls" in shown[1].text
    with pytest.raises(UsageError, match="2 texts for an example that has 1"):
        with_texts(payload, ["a", "b"])


@given(st.text())
@settings(max_examples=60, deadline=None)
def test_json_for_people_reads_back_and_holds_nothing_that_acts(text: str) -> None:
    import json

    spelled = json_text({"text": text})
    assert json.loads(spelled) == {"text": text}
    assert not acts_unseen(spelled.encode("utf-8", "ignore").decode()) or any(c >= "\u0300" for c in spelled)
