"""template …: what language models are asked."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from assay.web.access.roles import Permission
from assay.web.asking import Ask
from assay.web.commands.declaring import Answer, Body, Commands, Word
from assay.web.jobs.sources import check_saved

commands = Commands()


class NewTemplate(Body):
    template: dict[str, Any] = Field(description="what the file of the command holds")
    dry_run: bool = False


@commands.get("template list")
def list_(ask: Ask) -> Answer:
    """The templates that were saved, the newest first."""
    return {"templates": [one.as_json() for one in ask.registry.generation.templates()[::-1]]}


@commands.get("template show")
def show(ask: Ask, name: Word) -> Answer:
    """A template that was saved: an id (its newest), or id@digest."""
    check_saved(ask.registry, name)
    found = ask.registry.generation.template(name)
    return {"template": found.name, "digest": found.digest, **found.as_json()}


@commands.post("template save", Permission.CONTRIBUTE)
def save(ask: Ask, form: NewTemplate) -> Answer:
    """Put a template in the log. The same one again changes nothing."""
    template = ask.registry.generation.template(form.template)
    if not form.dry_run:
        ask.registry.generation.save(template)
    return {"template": template.name, "digest": template.digest, "saved": not form.dry_run}
