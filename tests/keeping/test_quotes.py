"""What counts as a quotation."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from assay.store.quotes import WINDOW, Quotes

SECRET = "Ann's broken zeppelin, 她的马桶盖坏了三次, and more 😀 of it"


def test_what_is_a_quotation() -> None:
    quotes = Quotes([SECRET, "yes"])
    assert not quotes.within("they said:broken zeppelin, and so on")  # 17 bytes in a row
    assert quotes.within("they said: broken zeppelin, and so on")
    assert quotes.within("她的马桶盖坏") and not quotes.within("她的马桶盖")
    assert not quotes.within("yes") and not quotes.within("") and not quotes.within(None)
    assert quotes.within(json.dumps({"a": SECRET})) and quotes.within(json.dumps(SECRET).encode()[9:60])
    assert quotes.within(b"\xff" + SECRET.encode() + b"\xe5\xa5")
    assert not Quotes([]).within(SECRET)


def test_names_of_objects_never_are() -> None:
    name = "ab" * 32 + ".parquet"
    quotes = Quotes([f"look at {name} and sha256:{'cd' * 32}"])
    assert not quotes.within(name) and not quotes.within("sha256:" + "cd" * 32)
    value = {"object": name, "said": f"look at {name}", name: [1, None, f"x look at {name}"]}
    assert quotes.in_json(value)
    assert quotes.cut_out(value) == {"object": name, "said": "", name: [1, None, ""]}


@given(st.text(min_size=1), st.text(), st.text(), st.data())
def test_every_window_is_found(secret: str, before: str, after: str, data: st.DataObject) -> None:
    raw = secret.encode("utf-8", "surrogatepass")
    start = data.draw(st.integers(0, len(secret) - 1))
    part = secret[start:]
    found = Quotes([secret]).within(before + part + after)
    if len(part.encode("utf-8", "surrogatepass")) >= WINDOW:
        assert found
    if len(raw) < WINDOW:
        assert not found
