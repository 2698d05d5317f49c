"""Signed notes and checkpoints: c2sp.org/signed-note and c2sp.org/tlog-checkpoint, version 1.0.0."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass

from assay.govern.proofs.ed25519 import verify_ed25519

ED25519 = b"\x01"
MAX_NOTE_BYTES = 8 << 20
MAX_SIGNATURES = 100
_NAME = re.compile(r"[^\s+]{1,256}")
_LINE = re.compile(r"— ([^\s+]+) ([A-Za-z0-9+/]+={0,2})")
_NUMBER = re.compile(r"0|[1-9][0-9]{0,15}")


@dataclass(frozen=True, slots=True)
class Key:
    """A public key: the signer's name and 32 bytes."""

    name: str
    public: bytes

    @property
    def id(self) -> bytes:
        """The first four bytes of SHA-256(name LF 01 key)."""
        return hashlib.sha256(self.name.encode() + b"\n" + ED25519 + self.public).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(ED25519 + self.public).decode()}"


@dataclass(frozen=True, slots=True)
class Signature:
    """One line under a note: who says to have signed, with which key, and the signature."""

    name: str
    id: bytes
    bytes: bytes


@dataclass(frozen=True, slots=True)
class Note:
    """A text, line feed at its end, and the signatures under it; there may be none."""

    text: str
    signatures: tuple[Signature, ...] = ()

    def as_bytes(self) -> bytes:
        """The text, an empty line, and one line a signature."""
        lines = [f"— {s.name} {base64.b64encode(s.id + s.bytes).decode()}\n" for s in self.signatures]
        return f"{self.text}\n{''.join(lines)}".encode()

    def signed_by(self, key: Key) -> bool | None:
        """Whether `key` signed this: None when no line says so, False when a line says so and is wrong."""
        lines = [s for s in self.signatures if (s.name, s.id) == (key.name, key.id)]
        if not lines:
            return None
        return all(verify_ed25519(key.public, self.text.encode(), s.bytes) for s in lines)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log was at one moment: whose it is, how many entries, and their Merkle root (32 bytes)."""

    origin: str
    size: int
    root: bytes
    note: Note

    @classmethod
    def of(cls, origin: str, size: int, root: bytes) -> Checkpoint:
        """An unsigned checkpoint."""
        return cls(origin, size, root, Note(f"{origin}\n{size}\n{base64.b64encode(root).decode()}\n"))


def check_key_name(name: str) -> str:
    """`name`, when a note can carry it: 1–256 characters, no blanks, no plus. Raises ValueError."""
    if not _NAME.fullmatch(name) or any(char < " " for char in name):
        raise ValueError("a key's name has no blanks and no plus sign, and 1 to 256 characters")
    return name


def parse_key(text: str) -> Key:
    """The public key that NAME+ID+BASE64 spells. Raises ValueError; says so when it is the private half."""
    if text.startswith("PRIVATE+KEY+"):
        raise ValueError("this is the private half of a key: give the public one (.pub)")
    parts = text.strip().split("+", 2)
    if len(parts) != 3:
        raise ValueError("not a public key: it looks like NAME+ID+BASE64")
    name, id_text, data = check_key_name(parts[0]), parts[1], _base64(parts[2])
    if data[:1] != ED25519 or len(data) != 33:
        raise ValueError("not an Ed25519 key")
    key = Key(name, data[1:])
    if key.id.hex() != id_text:
        raise ValueError("the key's id does not fit its name and bytes: it was changed or cut")
    return key


def parse_note(data: bytes) -> Note:
    """The note in `data`. Raises ValueError when a byte is not as the form wants it."""
    if len(data) > MAX_NOTE_BYTES:
        raise ValueError(f"a note has at most {MAX_NOTE_BYTES:,} bytes")
    text = data.decode("utf-8")
    if any(char < " " and char != "\n" for char in text):
        raise ValueError("a note holds no control characters")
    body, gap, tail = text.rpartition("\n\n")
    if not gap or not body or (tail and not tail.endswith("\n")):
        raise ValueError("not a signed note: text, an empty line, signatures")
    lines = tail.split("\n")[:-1]
    if len(lines) > MAX_SIGNATURES:
        raise ValueError(f"a note has at most {MAX_SIGNATURES} signatures")
    return Note(body + "\n", tuple(_signature(line) for line in lines))


def parse_checkpoint(data: bytes) -> Checkpoint:
    """The checkpoint in `data`. Raises ValueError."""
    note = parse_note(data)
    lines = note.text.split("\n")[:-1]
    if len(lines) < 3 or not all(lines) or not _NUMBER.fullmatch(lines[1]):
        raise ValueError("not a checkpoint: origin, size and root, a line each")
    root = _base64(lines[2])
    if len(root) != 32:
        raise ValueError("not a checkpoint: its root is not 32 bytes")
    return Checkpoint(lines[0], int(lines[1]), root, note)


def _signature(line: str) -> Signature:
    found = _LINE.fullmatch(line)
    data = _base64(found[2]) if found else b""
    if found is None or len(data) < 5:
        raise ValueError("not a signature line: — NAME BASE64")
    return Signature(found[1], data[:4], data[4:])


def _base64(text: str) -> bytes:
    """Strict: padded, no foreign characters, and the only spelling of its bytes."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raise ValueError("not base64") from None
    if base64.b64encode(data).decode() != text:
        raise ValueError("not base64 as it is always written")
    return data
