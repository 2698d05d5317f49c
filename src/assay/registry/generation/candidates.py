"""Candidates as records: what the spool of a generation says of each, answered or not."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from assay.formats.shapes.candidates import MARK, NO_ANSWER
from assay.generate.asking import CODES, Call
from assay.generate.planning import Plan
from assay.generate.rounds import Entry
from assay.registry.curating.spooled_records import OWN, record_line, stated, turns_of

PRECEDENCE: Final = "precedence"
"""A field with a number: of rows that are the same the one of the earliest round stays, so that what later rounds bring
takes nothing from what was kept."""
TAKEN: Final = OWN | {"variables", "template_digest", MARK, NO_ANSWER, PRECEDENCE}
"""Fields that a column of a file of assignments cannot have."""


def candidate_line(plan: Plan, entry: Entry) -> bytes:
    """One candidate as a line of JSON. Raises UsageError for what JSON cannot carry."""
    made = entry.made
    asked = made.candidate
    mark = {
        "seed": plan.seed,
        "cell": plan.named(asked.cell),
        "number": asked.number,
        "round": entry.round,
    }
    if made.answer is None:
        call = {"code": made.code, "message": said_of(made.code or "", made.message), **call_json(made.call)}
        # The call comes first in the spelling: the ledger keeps the beginning of a record that is no example.
        return record_line({NO_ANSWER: call, MARK: mark}, {})
    template = plan.template
    told = stated(
        {
            "origin": "synthetic",
            "generator": asked.model,
            "generation_params": dict(asked.params),
            "prompt_template": template.name,
            "request_id": made.call.request_id,
            "tokens": _tokens(made.call),
            "price": None if made.call.price is None else exact(made.call.price),
            "created": made.call.created,
            "derived_from": sorted(asked.parents) or None,
            "depth": asked.depth,
        }
    )
    record = {
        **asked.fields,
        **told,
        "messages": turns_of(template.example_of(asked.values, made.answer), None),
        # What seeds say is not repeated: the parents are named, and a text that is forgotten must not lie here too.
        "variables": {
            name: text for name, text in asked.values.items() if name not in template.seed_variables
        },
        "template_digest": template.digest,
        MARK: mark,
        PRECEDENCE: -entry.round,
    }
    return record_line(record, told)


def said_of(code: str, message: str) -> str:
    """Why there is no answer, in words."""
    words = CODES.get(code, code)
    return f"{words} ({message})" if message and message != words else words


def call_json(call: Call) -> dict[str, Any]:
    """What a call took, as JSON values; what is not known is left out."""
    return stated(
        {
            "model": call.model,
            "request_id": call.request_id,
            "tokens": _tokens(call),
            "price": None if call.price is None else exact(call.price),
        }
    )


def _tokens(call: Call) -> dict[str, int] | None:
    told = stated({"input": call.input_tokens, "output": call.output_tokens})
    return told or None


def exact(price: Decimal) -> float | str:
    """A price as a JSON number where a number says it exactly, else as its digits."""
    number = float(price)
    return number if Decimal(repr(number)) == price else f"{price:f}"
