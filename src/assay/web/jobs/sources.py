"""What a job may read: uploads of who asks, and files that the registry read before. A path from a request is never
opened: it is looked up among those, or refused."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from pydantic import BaseModel

from assay.curate.plan import make_plan
from assay.errors import BadInput, InvalidRecipe, NotFound
from assay.judge.rubric import BUILT_IN
from assay.model.recipe import Recipe
from assay.registry import Registry
from assay.registry.curating.recipes import preset_names, recipe_of_yaml
from assay.web.access.identity import Identity
from assay.web.uploads.store import Uploads

_OURS: Final = ("upload-", "collected-")
_DIGEST: Final = re.compile(r"(?:sha256:)?[0-9a-f]{0,64}")
_SHOWN: Final = 100
_VERSIONS: Final = 30


class Known(BaseModel):
    """A file that a version was made from. `ref`: the newest such version."""

    uri: str
    ref: str
    sha256: str


def known_sources(registry: Registry, dataset: str | None = None) -> list[Known]:
    """Files that were read from the terminal and are still there, of the newest versions; those of `dataset` first."""
    found: dict[str, Known] = {}
    lines = registry.store.versions()
    order = sorted(lines, key=lambda name: (name != dataset, name))
    for name in order:
        for committed in reversed(lines[name][-_VERSIONS:]):
            manifest = registry.store.objects.manifest(committed.manifest)
            curation = registry.store.curation(manifest) or {}
            for source in curation.get("sources", []):
                uri = source["uri"]
                # Names that the server gave are no paths: who sends a file cannot make the server open another one.
                if uri.startswith(_OURS) or uri in found or not Path(uri).is_file():
                    continue
                found[uri] = Known(uri=uri, ref=manifest.ref, sha256=source["sha256"])
                if len(found) >= _SHOWN:
                    return list(found.values())
    return list(found.values())


class Meant(BaseModel):
    """What a form named. `paths`: as it was named → where it lies; `called`: where it lies → its name in the ledger."""

    paths: dict[str, str] = {}
    called: dict[str, str] = {}
    uploads: list[str] = []


def meant(registry: Registry, uploads: Uploads, who: Identity, named: list[str], dataset: str) -> Meant:
    """What the sources of a form are. Raises NotFound, BadInput for one that is neither an upload nor known."""
    found, known = Meant(), {one.uri for one in known_sources(registry, dataset)}
    for name in named:
        if len(name) == 32 and name.isascii() and name.isalnum():
            upload = uploads.of(who, name)
            if not upload.complete:
                raise BadInput(f"the upload of {upload.name} is not complete", "send the rest of it first")
            path = str(uploads.path(upload))
            found.paths[name] = path
            found.called[path] = upload.called
            found.uploads.append(upload.id)
        elif name in known:
            found.paths[name] = str(Path(name).resolve())
            found.called[found.paths[name]] = name
        else:
            raise BadInput(
                f"{name[:200]!r} is neither an upload of yours nor a file that this registry read before",
                "upload it; the server opens no paths and no addresses",
            )
    return found


def recipe_of(text: str) -> Recipe:
    """A recipe that came from outside: it names no files of the server. Raises InvalidRecipe with every problem."""
    recipe = recipe_of_yaml(text.encode("utf-8", "surrogatepass"), "the recipe")
    files = [
        f"{stage.kind}.{name}"
        for stage in recipe.stages
        for name, own in (("model", ()), ("rubric", BUILT_IN))
        if stage.params.get(name) is not None and stage.params[name] not in own
    ]
    if files:
        raise InvalidRecipe(
            f"the recipe names files of the server: {', '.join(files)}", "curate with it from the terminal"
        )
    return recipe


def check_recipe(text: str) -> list[str]:
    """The names of its stages, in order. Raises InvalidRecipe with every problem."""
    recipe = recipe_of(text)
    make_plan(recipe)
    return [stage.kind for stage in recipe.stages]


def check_saved(registry: Registry, name: str) -> None:
    """Raises NotFound for a template that was not saved: one in a file is never opened."""
    id, _, digest = name.partition("@")
    if id not in {one.id for one in registry.generation.templates()} or not _DIGEST.fullmatch(digest):
        raise NotFound(f"no template {name[:60]!r} was saved", "save it first; the server opens no files")


def check_preset(name: str) -> None:
    """Raises BadInput for what is no preset: a recipe's path is never opened."""
    if name not in preset_names():
        raise BadInput(f"no preset {name[:60]!r}", f"presets: {', '.join(preset_names())}; or give YAML")
