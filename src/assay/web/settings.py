"""How the server runs: where, for whom, and within which bounds. Never part of a recipe or of a version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from assay.errors import UsageError
from assay.web.access.roles import Role

Mode = Literal["local", "token", "password", "oidc"]


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds. Sizes in bytes; `uploads`: that one person has at a time; `asked`, `unsafe`, `logins`:
    requests a minute of one address or person."""

    body: int = 2 << 20
    upload: int = 20 << 30
    uploads: int = 100
    asked: int = 1_200
    unsafe: int = 240
    logins: int = 10


@dataclass(frozen=True, slots=True)
class Oidc:
    """The identity provider. `secret`: shown nowhere; "" for a client without one. `claim`: whose values `roles` turns
    into roles. `name`: the claim that names people in the log and in the book. `unknown`: the roles of who has none by
    claim or book; none: they are refused. `hosts`: further hosts that answer for the issuer."""

    issuer: str
    client: str
    secret: str = field(default="", repr=False)
    claim: str = "groups"
    roles: Mapping[str, frozenset[Role]] = field(default_factory=dict)
    name: str = "email"
    unknown: frozenset[Role] = frozenset()
    scopes: tuple[str, ...] = ("openid", "email", "profile")
    hosts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Settings:
    """`local`: loopback only, one owner. The other modes ask who somebody is. `hosts`: names under which the server may
    be asked (a page of a stranger cannot rebind a name to it). `secure`: it is reached over HTTPS. Raises
    UsageError where mode and identity provider do not belong together."""

    mode: Mode = "local"
    hosts: tuple[str, ...] = ("127.0.0.1", "localhost", "[::1]")
    secure: bool = False
    limits: Limits = field(default_factory=Limits)
    readers: int = 4
    """Registries that are open at once, each used by one request at a time."""
    patience: float = 30.0
    """Seconds that a request waits for one of them; then it is asked to come again."""
    jobs: int = 2
    """Jobs that run at once; others wait."""
    endpoints: tuple[str, ...] = ()
    """PROVIDER=URL: where jobs call language models, beside the providers' own addresses. Never a request's to say."""
    prices: str = ""
    """A file with prices of models beside the built-in list, for jobs."""
    oidc: Oidc | None = None
    """The identity provider, in mode `oidc`."""

    def __post_init__(self) -> None:
        if (self.mode == "oidc") is not (self.oidc is not None):
            raise UsageError(
                "mode oidc and an identity provider belong together", "give --oidc-issuer and --oidc-client"
            )
