"""Ed25519 keys that sign notes: made by the user, kept outside the registry. Needs the extra `sign`."""

from __future__ import annotations

import base64
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from assay.errors import MissingExtra
from assay.govern.proofs.note import ED25519, Key, Note, Signature, check_key_name

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

HEAD: Final = "PRIVATE+KEY+"


@dataclass(frozen=True, slots=True, repr=False)
class SigningKey:
    """A private key: the signer's name and a seed of 32 bytes. Its `repr` keeps the seed to itself."""

    name: str
    seed: bytes

    def __post_init__(self) -> None:
        check_key_name(self.name)
        if len(self.seed) != 32:
            raise ValueError("an Ed25519 seed has 32 bytes")

    def __repr__(self) -> str:
        return f"SigningKey({self.name!r}, …)"

    @property
    def public(self) -> Key:
        """The public half. Raises MissingExtra."""
        return Key(self.name, self._private().public_key().public_bytes_raw())

    def as_text(self) -> str:
        """PRIVATE+KEY+NAME+ID+BASE64, as Go's sumdb/note spells it. Raises MissingExtra."""
        return f"{HEAD}{self.name}+{self.public.id.hex()}+{base64.b64encode(ED25519 + self.seed).decode()}"

    def sign(self, note: Note) -> Note:
        """The note with this key's signature under those it has. Raises MissingExtra."""
        key = self.public
        line = Signature(key.name, key.id, self._private().sign(note.text.encode()))
        return replace(note, signatures=(*note.signatures, line))

    def _private(self) -> Ed25519PrivateKey:
        try:
            from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        except ImportError:
            raise MissingExtra(
                "making signatures needs the cryptography package", "pip install 'assay-data[sign]'"
            ) from None
        return Ed25519PrivateKey.from_private_bytes(self.seed)


def parse_signing_key(text: str) -> SigningKey:
    """The private key that PRIVATE+KEY+NAME+ID+BASE64 spells. Raises ValueError, which never quotes it."""
    parts = text.strip().removeprefix(HEAD).split("+", 2)
    if not text.startswith(HEAD) or len(parts) != 3:
        raise ValueError("not a private key: it looks like PRIVATE+KEY+NAME+ID+BASE64")
    try:
        data = base64.b64decode(parts[2].encode("ascii"), validate=True)
    except ValueError:
        raise ValueError("the private key is not base64") from None
    if data[:1] != ED25519 or len(data) != 33:
        raise ValueError("not an Ed25519 key")
    key = SigningKey(parts[0], data[1:])
    if key.public.id.hex() != parts[1]:
        raise ValueError("the key's id does not fit its name and bytes: it was changed or cut")
    return key
