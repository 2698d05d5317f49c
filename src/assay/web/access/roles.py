"""Roles and what each may do: one explicit table, which every route is held against."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Final


class Role(StrEnum):
    """What somebody is to the registry. Roles do not contain each other; a person may have several."""

    READER = "reader"
    CONTRIBUTOR = "contributor"
    REVIEWER = "reviewer"
    RELEASER = "releaser"
    AUDITOR = "auditor"
    ADMIN = "admin"


class Permission(StrEnum):
    """What a route asks for."""

    OPEN = "open"
    """Anybody, also who has not said who he is: the login, the stylesheet, the pulse."""
    READ = "read"
    """See datasets, versions, examples, ledgers and figures."""
    CONTRIBUTE = "contribute"
    """Make versions: curate, import, upload, judge, generate, merge, restore, disable; state facts; link runs."""
    REVIEW = "review"
    """See queues and give verdicts."""
    RELEASE = "release"
    """Approve, release, revoke, tag; set policies and waive findings; freeze eval sets."""
    AUDIT = "audit"
    """See the whole log, proofs and evidence, and what others were refused."""
    FORGET = "forget"
    """Destroy the texts of examples."""
    ADMINISTER = "administer"
    """Users, tokens, sessions, repair."""


TABLE: Final[dict[Permission, frozenset[Role]]] = {
    Permission.READ: frozenset(Role),
    Permission.CONTRIBUTE: frozenset({Role.CONTRIBUTOR, Role.ADMIN}),
    Permission.REVIEW: frozenset({Role.REVIEWER, Role.ADMIN}),
    Permission.RELEASE: frozenset({Role.RELEASER, Role.ADMIN}),
    Permission.AUDIT: frozenset({Role.AUDITOR, Role.ADMIN}),
    Permission.FORGET: frozenset({Role.ADMIN}),
    Permission.ADMINISTER: frozenset({Role.ADMIN}),
}
"""Permission → the roles that have it. `OPEN` is everybody's."""


def may(roles: Iterable[Role], permission: Permission) -> bool:
    """Whether somebody with these roles may."""
    return permission is Permission.OPEN or not TABLE[permission].isdisjoint(roles)
