"""A rule's page: its docstring, and the tables of its codes and parameters."""

from __future__ import annotations

import inspect
import json
from typing import Any

from pydantic_core import PydanticUndefined

from assay.govern.rule import MOMENTS, Rule


def page(rule: type[Rule]) -> str:
    """The page of a rule in Markdown, as it lies in docs/policies/."""
    described = inspect.cleandoc(rule.__doc__ or "")
    lead, _, rest = described.partition("\n\n")
    codes = [f"| `{code}` | {text} |" for code, text in rule.codes.items()]
    fields = [
        f"| `{name}` | {_default(info.get_default(call_default_factory=True))} | {info.description or ''} |"
        for name, info in sorted(rule.model_fields.items(), key=lambda pair: pair[0] in MOMENTS)
    ]
    return "\n".join(
        [
            f"# {rule.kind}",
            "",
            lead,
            "",
            "| code | meaning |",
            "|---|---|",
            *codes,
            "",
            "| parameter | default | |",
            "|---|---|---|",
            *fields,
            "",
            rest,
            "",
        ]
    )


def _default(value: Any) -> str:
    if value is PydanticUndefined:
        return "required"
    if value is None or value in ((), {}):
        return ""
    spelled = list(value) if isinstance(value, tuple) else value
    return spelled if isinstance(spelled, str) else json.dumps(spelled).replace('"', "")
