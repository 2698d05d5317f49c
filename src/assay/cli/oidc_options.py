"""Who may reach the server, and the options of sign-in through an identity provider. The client's secret comes from
the environment, here and nowhere else: an option would stand in process lists and histories."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from assay.cli.access_options import ROLES
from assay.errors import UsageError

if TYPE_CHECKING:
    from assay.web.access.roles import Role
    from assay.web.settings import Mode, Oidc

F = TypeVar("F", bound=Callable[..., Any])

SECRET: Final = "ASSAY_OIDC_SECRET"  # noqa: S105 - the name of a variable
_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
_NAMES: Final = ("issuer", "client", "role_map", "claim", "person", "unknown", "oidc_hosts")


def oidc_options(function: F) -> F:
    """`--oidc-…`; the command gets `oidc`, None where none of them is given."""

    @wraps(function)
    def called(*args: Any, **given: Any) -> Any:
        told = {name: given.pop(name) for name in _NAMES}
        return function(*args, oidc=provider(**told), **given)

    found: Any = called
    for decorate in reversed(
        (
            click.option("--oidc-issuer", "issuer", metavar="URL", help="The identity provider, as it calls itself."),
            click.option("--oidc-client", "client", metavar="ID", help="The client that it knows this server as."),
            click.option(
                "--oidc-role", "role_map", multiple=True, metavar="VALUE=ROLE",
                help="A value of the claim, and a role that it gives. May be given often.",
            ),
            click.option("--oidc-claim", "claim", default="groups", show_default=True, metavar="NAME",
            help="That claim."), click.option(
                "--oidc-name", "person", default="email", show_default=True, metavar="CLAIM",
                help="The claim that names people in the log and the book.",
            ),
            click.option(
                "--oidc-unknown", "unknown", type=click.Choice(ROLES), multiple=True,
                help="A role for who has none by claim or book; else they are refused.",
            ),
            click.option(
                "--oidc-host", "oidc_hosts", multiple=True, metavar="HOST",
                help="A further host that answers for the provider.",
            ),
        )
    ):  # fmt: skip
        found = decorate(found)
    return found  # type: ignore[no-any-return]


def provider(
    *,
    issuer: str | None,
    client: str | None,
    role_map: tuple[str, ...],
    claim: str,
    person: str,
    unknown: tuple[str, ...],
    oidc_hosts: tuple[str, ...],
) -> Oidc | None:
    """What was said of the identity provider. Raises UsageError."""
    if issuer is None and client is None:
        if role_map or unknown or oidc_hosts:
            raise UsageError("no identity provider was named", "give --oidc-issuer and --oidc-client")
        return None
    if not issuer or not client:
        raise UsageError("an identity provider needs both", "--oidc-issuer URL and --oidc-client ID")
    from assay.web.access.issuer_http import checked
    from assay.web.access.roles import Role
    from assay.web.settings import Oidc

    checked(issuer, "the issuer")
    roles: dict[str, frozenset[Role]] = {}
    for pair in role_map:
        value, _, role = pair.rpartition("=")
        if not value or role not in ROLES:
            raise UsageError(f"--oidc-role {pair!r} names no role", f"VALUE=ROLE, of {', '.join(ROLES)}")
        roles[value] = roles.get(value, frozenset()) | {Role(role)}
    return Oidc(
        issuer, client, os.environ.get(SECRET, ""), claim, roles, person, frozenset(map(Role, unknown)),
        hosts=oidc_hosts,
    )  # fmt: skip


def check_reach(mode: Mode, host: str, https: bool) -> None:
    """Raises UsageError for a mode that is not safe where the server listens."""
    if mode == "local" and host not in _LOOPBACK:
        raise UsageError(
            f"mode local answers whoever reaches it, and {host} is reached by others",
            "use --mode token, password or oidc, or leave --host out",
        )
    if mode == "oidc" and not https and host not in _LOOPBACK:
        raise UsageError(
            f"sign-in by OIDC needs HTTPS, and {host} is reached by others",
            "put a proxy that speaks HTTPS before it, and give --https",
        )
