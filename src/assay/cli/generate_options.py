"""The options that say what is generated: quotas, and parameters of the calls."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import click

from assay.errors import UsageError


def shares_of(quotas: Sequence[str]) -> dict[str, dict[str, float]]:
    """What `--quota topic=refund:0.5,delivery:0.3` says; a value without a share has 1. Raises UsageError."""
    found: dict[str, dict[str, float]] = {}
    for one in quotas:
        field, values = _named(one, "--quota", "topic=refund:0.5,delivery:0.3")
        if field in found:
            raise UsageError(f"two quotas on {field!r}", "name a variable once")
        shares: dict[str, float] = {}
        for part in values.split(","):
            value, colon, share = part.rpartition(":")
            name = (value if colon else part).strip()
            try:
                amount = float(share) if colon else 1.0
            except ValueError:
                amount = -1.0
            if not name or name in shares or amount < 0:
                raise UsageError(
                    f"{part[:60]!r} is no value and share of {field}",
                    "write VALUE:SHARE,VALUE:SHARE, each value once",
                )
            shares[name] = amount
        found[field] = shares
    return found


def parameters_of(given: dict[str, Any]) -> Any:
    """The parameters that `--param`, `--sweep` and `--sample` say; takes them out of `given`. Raises UsageError."""
    from assay.generate.parameters import Parameters

    fixed = [_named(one, "--param", "temperature=0.7") for one in given.pop("params")]
    swept = [_named(one, "--sweep", "temperature=0.2,0.7,1.0") for one in given.pop("sweeps")]
    drawn = [_named(one, "--sample", "top_p=0.8..1.0") for one in given.pop("samples")]
    for said in (fixed, swept, drawn):
        names = [name for name, _ in said]
        if len(set(names)) < len(names):
            raise UsageError(f"a parameter is said twice: {', '.join(names)}", "say each once")
    return Parameters(
        {name: _value(text) for name, text in fixed},
        {name: [_value(part) for part in text.split(",") if part.strip()] for name, text in swept},
        {name: _range(name, text) for name, text in drawn},
    )


def parameter_options(function: Any) -> Any:
    """`--param`, `--sweep`, `--sample`."""
    for decorate in reversed(
        (
            click.option(
                "--param", "params", multiple=True, metavar="NAME=VALUE",
                help="A parameter of every call (max_tokens is 1024 unless said).",
            ),
            click.option(
                "--sweep", "sweeps", multiple=True, metavar="NAME=A,B,C", help="Values that are used in turn."
            ),
            click.option(
                "--sample", "samples", multiple=True, metavar="NAME=LOW..HIGH", help="Drawn for each call."
            ),
        )
    ):  # fmt: skip
        function = decorate(function)
    return function


def _named(text: str, option: str, such_as: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not name.strip() or not value.strip():
        raise UsageError(f"{option} {text[:80]!r} is not NAME=…", f"such as {option} {such_as}")
    return name.strip(), value


def _value(text: str) -> Any:
    """A number, true or false where it is one, else the text."""
    try:
        value = json.loads(text)
    except ValueError:
        return text.strip()
    return value


def _range(name: str, text: str) -> Any:
    from assay.generate.parameters import Between

    low, dots, high = text.partition("..")
    try:
        bounds = [int(part) if part.strip().lstrip("-").isdigit() else float(part) for part in (low, high)]
    except ValueError:
        bounds = []
    if not dots or not bounds:
        raise UsageError(
            f"--sample {name}={text[:60]} is no range", "write LOW..HIGH: --sample top_p=0.8..1.0"
        )
    return Between(*bounds)
