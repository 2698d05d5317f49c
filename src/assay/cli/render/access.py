"""People and tokens, as people read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from assay.cli.render.frame import columns, spaced
from assay.cli.render.text import clip


def listing(told: Mapping[str, Any]) -> RenderableType:
    """One line a person, then one line a token."""
    people = columns("person", "roles", "comes in with", grow="roles")
    for one in told["people"]:
        ways = {"password": one["password"], "identity provider": one["linked"], "tokens": one["roles"]}
        how = "nothing: shut out" if one["shut"] else ", ".join(way for way, there in ways.items() if there)
        people.add_row(Text(clip(one["name"], 24), "bold"), ", ".join(one["roles"]), Text(how, "dim"))
    if not told["people"]:
        return Text("nobody yet; `assay access add NAME --role reader` writes somebody in", "dim")
    if not told["tokens"]:
        return people
    tokens = columns("token", "person", "may", "until", "used", "for", grow="may")
    for one in told["tokens"]:
        until = "revoked" if one["revoked"] else one["expires"]
        tokens.add_row(
            Text(one["id"], "bold"), Text(clip(one["person"], 16)), ", ".join(one["roles"]), until,
            one["used"] or Text("never", "dim"), Text(clip(one["label"], 20), "dim"),
        )  # fmt: skip
    return spaced(people, tokens)
