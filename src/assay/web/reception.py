"""From a request to an `Ask`: who asks, with which registry, in which language."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from fastapi import Request

from assay.web.access.door import Door
from assay.web.access.identity import Identity
from assay.web.access.roles import Permission
from assay.web.asking import Ask
from assay.web.desk import Desk
from assay.web.registries import Registries
from assay.web.rendering import LANGUAGES
from assay.web.settings import Settings


@dataclass(frozen=True, slots=True)
class Reception:
    """What every route goes through. `clock`: seconds since the epoch."""

    door: Door
    registries: Registries
    settings: Settings
    desk: Desk
    clock: Callable[[], float]

    @contextmanager
    def asking(self, request: Request, identity: Identity) -> Iterator[Ask]:
        """A request of somebody, with a registry lent for it. Raises Busy."""
        request.state.form_token = self.door.form_token(identity)
        with self.registries.lent(identity.actor) as registry:
            yield Ask(
                registry,
                identity,
                language_of(request),
                self.settings,
                keys=request.cookies.get("keys") != "off",
                book=self.door.book,
                now=self.clock(),
                desk=self.desk,
            )

    def asked(self, permission: Permission) -> Any:
        """The dependency that gives the `Ask`, or refuses."""

        def ask(request: Request) -> Iterator[Ask]:
            with self.asking(request, self.door.admit(request, permission)) as made:
                yield made

        return ask

    def admitted(self, permission: Permission) -> Any:
        """The dependency that tells who asks, or refuses, and lends nothing."""

        def admit(request: Request) -> Identity:
            return self.door.admit(request, permission)

        return admit


def language_of(request: Request) -> str:
    """The interface's language: what was chosen, else what the browser prefers, else English."""
    chosen = request.cookies.get("language")
    if chosen in LANGUAGES:
        return chosen
    for part in request.headers.get("accept-language", "").split(","):
        tag = part.partition(";")[0].strip().lower().partition("-")[0]
        if tag in LANGUAGES:
            return tag
    return "en"
