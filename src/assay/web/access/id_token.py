"""Whether an id_token holds (OpenID Connect Core 1.0, section 3.1.3.7): signature, issuer, audience, times, nonce."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from joserfc import jwk, jws, jwt
from joserfc.errors import JoseError

from assay.web.access.not_signed_in import NotSignedIn
from assay.web.access.tokens import same

ALGORITHMS: Final = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "EdDSA", "Ed25519"),
)
"""Signatures that are taken: public keys alone. `none` and HMAC are not among them, so a public key is never a
secret."""
LEEWAY: Final = 60
"""Seconds by which clocks may differ."""
_LONGEST: Final = 1 << 16
_MOST: Final = 100


class NoKey(Exception):
    """No key of those at hand made the signature: the provider may have others by now."""


def keys_of(document: Mapping[str, Any]) -> list[jwk.Key]:
    """The public keys of a JWKS document that sign; others are passed over. Bounded: the first hundred."""
    listed = document.get("keys")
    found = []
    for one in listed[:_MOST] if isinstance(listed, list) else []:
        if not isinstance(one, dict) or one.get("use", "sig") != "sig" or one.get("kty") == "oct":
            continue
        try:
            found.append(jwk.import_key(one))
        except (JoseError, ValueError, TypeError, KeyError):
            continue
    return found


def believed(
    text: str, keys: Sequence[jwk.Key], issuer: str, client: str, nonce: str, now: float
) -> dict[str, Any]:
    """The claims of an id_token that holds. Raises NoKey when none of the keys made it, NotSignedIn when it
    does not hold and no other key could change that."""
    claims = _signed(text, keys)
    rules = jwt.JWTClaimsRegistry(
        now=int(now), leeway=LEEWAY, iss={"essential": True, "value": issuer}, aud={"essential": True, "value": client},
        exp={"essential": True}, iat={"essential": True}, sub={"essential": True}, nonce={"essential": True},
    )  # fmt: skip
    try:
        rules.validate(claims)
    except JoseError as error:
        raise NotSignedIn("untrue", f"id_token: {error.description or error.error}") from None
    audience, party = claims["aud"], claims.get("azp")
    if (isinstance(audience, list) and len(audience) > 1 and party is None) or party not in (None, client):
        raise NotSignedIn("untrue", "id_token: it was made for another party (azp)")
    if not isinstance(claims["nonce"], str) or not same(claims["nonce"], nonce):
        raise NotSignedIn("untrue", "id_token: its nonce is of another sign-in")
    if not 0 < len(claims["sub"]) <= 255:
        raise NotSignedIn("untrue", "id_token: sub has 1 to 255 characters")
    return claims


def _signed(text: str, keys: Sequence[jwk.Key]) -> dict[str, Any]:
    """The claims, if one of the keys signed them; which one, the header's kid says, or there is one alone that fits."""
    if len(text) > _LONGEST:
        raise NotSignedIn("untrue", "id_token: too long")
    try:
        header = jws.extract_compact(text.encode()).headers()
    except (JoseError, ValueError, TypeError) as error:
        raise NotSignedIn("untrue", f"id_token: no signed token ({type(error).__name__})") from None
    made_with, kid = header.get("alg"), header.get("kid")
    if made_with not in ALGORITHMS:
        raise NotSignedIn("untrue", f"id_token: signed with {str(made_with)[:20]!r}, which is not taken")
    fitting = [key for key in keys if kid is None or key.kid == kid]
    if not fitting or (kid is None and len(fitting) > 1):
        raise NoKey
    try:
        return dict(jwt.decode(text, fitting[0], algorithms=[made_with]).claims)
    except (JoseError, ValueError, TypeError, RecursionError):
        # Another key may come to stand under the same kid.
        raise NoKey from None
