"""Who somebody is to us, by what the identity provider says: a name for the log, and roles."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from assay.web.access.not_signed_in import NotSignedIn
from assay.web.access.roles import Role
from assay.web.settings import Oidc

_LONGEST: Final = 100
_MOST: Final = 2_000


@dataclass(frozen=True, slots=True)
class Known:
    """Somebody whom the provider vouches for. `subject`: a digest of issuer and `sub`, which are one account for good;
    names can change hands. `roles`: what the claim gives."""

    name: str
    subject: str
    roles: frozenset[Role]


def known(claims: Mapping[str, Any], told: Oidc) -> Known:
    """Name and roles. An e-mail counts only where the provider has verified it. Raises NotSignedIn."""
    name = claims.get(told.name)
    if not isinstance(name, str) or not 0 < len(name := name.strip()) <= _LONGEST or not name.isprintable():
        raise NotSignedIn("unnamed", f"no claim {told.name!r} of 1 to {_LONGEST} printable characters")
    if told.name == "email" and claims.get("email_verified") not in (True, "true"):
        raise NotSignedIn("unnamed", "the claim email is not verified (email_verified)", name)
    whole = f"assay.oidc.v1\n{told.issuer}\n{claims['sub']}"
    roles = [told.roles[value] for value in _values(claims, told.claim) if value in told.roles]
    return Known(name, hashlib.sha256(whole.encode()).hexdigest(), frozenset().union(*roles))


def _values(claims: Mapping[str, Any], claim: str) -> list[str]:
    """The values of a claim, which is called so, or lies so deep: `realm_access.roles`."""
    found: Any = claims.get(claim)
    if found is None:
        found = claims
        for part in claim.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
    if isinstance(found, str):
        return [found]
    return [one for one in found[:_MOST] if isinstance(one, str)] if isinstance(found, list) else []
