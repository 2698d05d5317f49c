"""Rows of our own folders for `datasets`: the payload's fields, the id, what is known of its origin, and the rest."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from assay.errors import NotExpressible
from assay.formats.json_text import read_json, spell
from assay.formats.shapes.chats import read_messages, read_tools, write_messages
from assay.formats.shapes.shape import Payload, Record, Shape, ShapeError, stated_provenance
from assay.model.canonical import canonical_json
from assay.model.example import example_id
from assay.model.record import Parsed

FIELDS: Final = {
    "messages": ("messages", "tools"),
    "preference": ("prompt", "chosen", "rejected", "tools"),
    "completion": ("prompt", "completion", "label"),
    "text": ("text", "label"),
}
"""Kind → the fields of its payloads."""
KNOWN: Final = ("origin", "generator", "licence", "created", "depth")
_TURNS: Final = frozenset({"messages", "prompt", "chosen", "rejected", "completion"})
_ID = re.compile("[0-9a-f]{64}")


class Exported(Shape):
    """{id, messages | prompt, chosen, … , origin?, generator?, …, extra?}: what `export --format hf` writes.

    Fields that are null are no fields, so that rows of several kinds share one table. A row whose id is not that of its
    payload was edited since: it is derived from the example of that id, which its provenance then says.
    """

    name = "exported"

    def matches(self, record: Record) -> bool:
        try:
            return bool(record.get("id") == _id_of(_payload(record, {})))
        except (ShapeError, ValueError, TypeError):
            return False

    def proved_by(self, records: Sequence[Record]) -> bool:
        """One row whose id is the digest of its payload is no chance; others may have been edited."""
        ids = [record.get("id") for record in records]
        return all(isinstance(one, str) and _ID.fullmatch(one) for one in ids) and any(
            map(self.matches, records)
        )

    def parse(self, record: Record) -> Parsed:
        hint: dict[str, Any] = {}
        payload = _payload(record, hint)
        given = record.get("id")
        if not isinstance(given, str) or not _ID.fullmatch(given):
            raise ShapeError("field 'id' is no id of an example")
        inner = _inner(record.get("extra"))
        known = {name: record[name] for name in KNOWN if record.get(name) is not None}
        beside = {
            name: value
            for name, value in record.items()
            if name not in payload and name not in ("id", *known) and value is not None
            and not (name == "tools" and "no_tools" in hint)
            and not (name == "extra" and inner is not None)
        }  # fmt: skip
        extra = {**(inner or {}), **beside}
        hidden = {name: inner[name] for name in beside if inner is not None and name in inner}
        hint |= {"id": given, "known": known, "beside": list(beside)}
        nulls = [name for name, value in record.items() if value is None]
        more = {"nulls": nulls, "hidden": hidden, "inner": inner is not None}
        if inner is not None and spell(inner).decode() != record["extra"]:
            more["text"] = record["extra"]
        hint |= {name: value for name, value in more.items() if value}
        provenance = {**stated_provenance(extra), **_stated(known)}
        try:
            if given != _id_of(payload):
                provenance["derived_from"] = canonical_json([given]).decode()
        except ValueError:
            pass  # A payload that JSON cannot carry: whoever takes it down says so.
        return Parsed(payload, extra, hint, provenance)

    def restore(self, payload: Payload, extra: Mapping[str, Any], hint: Any) -> dict[str, Any]:
        record: dict[str, Any] = {"id": hint["id"]}
        for name, value in payload.items():
            turns = name in _TURNS and isinstance(value, list)
            record[name] = write_messages(value, hint.get(f"{name}_nulls", {})) if turns else value
        if "tools" in hint:
            record["tools"] = hint["tools"]
        if "no_tools" in hint:
            record["tools"] = hint["no_tools"]
        beside = {name: extra[name] for name in hint["beside"]}
        record |= {**hint["known"], **beside, **dict.fromkeys(hint.get("nulls", ()))}
        if hint.get("inner"):
            inner = {name: value for name, value in extra.items() if name not in beside} | hint.get(
                "hidden", {}
            )
            record["extra"] = hint.get("text") or spell(inner).decode()
        return record

    def render(self, payload: Payload) -> dict[str, Any]:
        try:
            return {"id": _id_of(payload), **payload}
        except ValueError as error:
            raise NotExpressible(f"no id can be told: {error}", "export as `source`") from None


def _payload(record: Record, hint: dict[str, Any]) -> dict[str, Any]:
    """The payload by the fields that are there. Raises ShapeError."""
    there = {name for name, value in record.items() if value is not None}
    kind = next((k for k, need in _NEEDED.items() if need <= there), None)
    if kind is None:
        raise ShapeError("no field holds an example: messages, chosen and rejected, completion, or text")
    payload: dict[str, Any] = {}
    for name in FIELDS[kind]:
        value = record.get(name)
        if name == "tools":
            payload |= read_tools(record, hint) if value is not None else {}
        elif name in _TURNS and not isinstance(value, str):
            payload[name], nulls = read_messages(value, name)
            if nulls:
                hint[f"{name}_nulls"] = nulls
        elif name == "text" and not isinstance(value, str):
            raise ShapeError("field 'text' is not text")
        elif value is not None:
            payload[name] = value
    return payload


_NEEDED: Final = {
    "messages": {"messages"},
    "preference": {"prompt", "chosen", "rejected"},
    "completion": {"prompt", "completion"},
    "text": {"text"},
}


def _inner(text: Any) -> dict[str, Any] | None:
    """The fields that the column `extra` holds as JSON text; None where it holds something else."""
    found = read_json(text.encode("utf-8", "surrogatepass")) if isinstance(text, str) else None
    return found if isinstance(found, dict) else None


def _stated(known: Mapping[str, Any]) -> dict[str, Any]:
    """What the columns say of origin, as far as provenance takes it."""
    renamed = {
        {"licence": "license", "created": "created_at"}.get(name, name): v for name, v in known.items()
    }
    return stated_provenance(renamed)


def _id_of(payload: Payload) -> str:
    return example_id(canonical_json(payload)).hex()
