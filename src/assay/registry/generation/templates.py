"""Templates in the log: saved under their names, found by name or digest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from assay.errors import BadInput, NotFound, UsageError
from assay.generate.template import Template
from assay.model.operation import Operation
from assay.registry.strict_yaml import read_yaml

if TYPE_CHECKING:
    from assay.registry import Registry

ACTION: Final = "template"
_MAX_BYTES: Final = 1_000_000
_SHOWN: Final = 10


@dataclass(frozen=True, slots=True)
class SavedTemplate:
    """A template as the log has it."""

    id: str
    digest: str
    object: str
    operation: Operation

    @property
    def name(self) -> str:
        """`ticket-answer@1f3a5c7e9b2d`, as examples state it."""
        return f"{self.id}@{self.digest[7:19]}"

    def as_json(self) -> dict[str, Any]:
        one = self.operation
        return {
            "template": self.name, "id": self.id, "digest": self.digest, "time": one.time, "actor": one.actor,
            "operation": one.seq,
        }  # fmt: skip


def saved_templates(registry: Registry) -> list[SavedTemplate]:
    """Every template that was saved, oldest first; what was saved again with other descriptions, once, as last said."""
    found: dict[tuple[str, str], SavedTemplate] = {}
    for entry in registry.store.log.entries():
        if entry.action == ACTION:
            body = entry.body
            key = (str(body["id"]), str(body["digest"]))
            found.pop(key, None)
            found[key] = SavedTemplate(*key, str(body["object"]), entry)
    return list(found.values())


def read_template(registry: Registry, named: str | Template | Mapping[str, Any]) -> Template:
    """The template of a YAML or JSON file, of an id (the newest), or of `id@digest-beginning`.

    Raises NotFound with what there is, BadInput, UsageError with all that does not hold.
    """
    if isinstance(named, Template):
        return named
    if isinstance(named, Mapping):
        return Template.of(named)
    path = Path(named)
    if path.is_file():
        if path.stat().st_size > _MAX_BYTES:
            raise BadInput(f"{named} is too large for a template", "a template is a page of YAML")
        try:
            return Template.of(read_yaml(path.read_bytes()), named)
        except ValueError as error:
            raise BadInput(f"{named} is not YAML that can be read: {error}", "see docs/generate.md") from None
    id_, _, digits = named.partition("@")
    saved = saved_templates(registry)
    digits = digits.removeprefix("sha256:")
    fitting = [one for one in saved if one.id == id_ and one.digest[7:].startswith(digits)]
    if not fitting:
        known = ", ".join(dict.fromkeys(one.name for one in reversed(saved))) or "none"
        raise NotFound(f"no template {named[:100]!r}: neither a file nor saved", f"saved: {known[:400]}")
    if digits and len({one.digest for one in fitting}) > 1:
        raise UsageError(
            f"{named} is {len(fitting)} templates",
            f"one of: {', '.join(one.name for one in fitting[:_SHOWN])}",
        )
    return Template.of(registry.store.objects.get_json(fitting[-1].object), fitting[-1].name)


def save_template(registry: Registry, template: Template) -> SavedTemplate:
    """Put a template in the log; one that is the newest of its name there already is left alone."""
    saved = [one for one in saved_templates(registry) if one.id == template.id]
    told = template.as_json()
    if saved and registry.store.objects.get_json(saved[-1].object) == told:
        return saved[-1]
    body = {
        "id": template.id,
        "digest": template.digest,
        "object": registry.store.objects.put_json(told),
    }
    done = registry.act(ACTION, None, body)
    return SavedTemplate(template.id, template.digest, str(body["object"]), done)


def keep_template(registry: Registry, template: Template) -> None:
    """See to it that a template that is used is in the log. One that is there stays as it is: an older one does not
    become the newest of its name by being used."""
    if all(one.digest != template.digest for one in saved_templates(registry)):
        save_template(registry, template)
