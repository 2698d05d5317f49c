"""The book of who may come in: people, tokens and sessions, in a database beside the registry.

It is not part of the log: it holds hashes of secrets, which must be deletable. Of passwords it has argon2id hashes, of
tokens and sessions SHA-256 (they are random). Times are seconds since the epoch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from assay.errors import Conflict, NotFound, UsageError
from assay.registry import Registry
from assay.web.access.roles import Role
from assay.web.access.tokens import Secret, hash_of, new_session, new_token
from assay.web.database import Database, FileDatabase, Tables, place_of

IDLE: Final = 12 * 3600
"""Seconds after which a session that nobody used ends; `WHOLE` ends any, `VOUCHED` one that an identity provider
vouched for: what it took back since, nobody tells us."""
WHOLE: Final = 7 * 24 * 3600
VOUCHED: Final = 12 * 3600
_TOUCHED: Final = 60
_SHOWN: Final = 16
"""Digits of a session's hash that name it to its person."""
TABLES: Final = Tables(
    (
        (
            "CREATE TABLE IF NOT EXISTS people (name TEXT PRIMARY KEY, roles TEXT NOT NULL, password TEXT, "
            "created REAL NOT NULL, shut INTEGER NOT NULL DEFAULT 0)",
            "CREATE TABLE IF NOT EXISTS tokens (id TEXT PRIMARY KEY, hashed TEXT UNIQUE NOT NULL, "
            "person TEXT NOT NULL, roles TEXT NOT NULL, label TEXT NOT NULL, created REAL NOT NULL, "
            "expires REAL NOT NULL, used REAL, revoked REAL)",
            "CREATE TABLE IF NOT EXISTS sessions (hashed TEXT PRIMARY KEY, person TEXT NOT NULL, "
            "created REAL NOT NULL, seen REAL NOT NULL, token TEXT)",
            "CREATE TABLE IF NOT EXISTS secrets (name TEXT PRIMARY KEY, value BLOB NOT NULL)",
        ),
        (
            "ALTER TABLE people ADD COLUMN subject TEXT",
            "ALTER TABLE sessions ADD COLUMN roles TEXT",
            "ALTER TABLE sessions ADD COLUMN ends REAL",
        ),
    )
)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may come in. `shut`: no longer. `has_password`: whether he can log in with one. `linked`: whether an
    account of an identity provider is his."""

    name: str
    roles: frozenset[Role]
    created: float
    shut: bool
    has_password: bool
    linked: bool = False


@dataclass(frozen=True, slots=True)
class Token:
    """An API token, without its secret. `roles` are at most those that its person has when it is used."""

    id: str
    person: str
    roles: frozenset[Role]
    label: str
    created: float
    expires: float
    used: float | None
    revoked: float | None


@dataclass(frozen=True, slots=True)
class Session:
    """A session, without its secret. `id`: the beginning of its hash. `seen`: when it was last used, to a minute."""

    id: str
    created: float
    seen: float
    current: bool


class Book:
    """The book, in a file that only its owner may read, or in a database. Safe for many threads and processes."""

    def __init__(
        self, where: Path | Database, clock: Callable[[], float], entropy: Callable[[int], bytes]
    ) -> None:
        self._clock, self._entropy = clock, entropy
        self._db: Database = FileDatabase(where, TABLES) if isinstance(where, Path) else where
        self._rows, self._write = self._db.rows, self._db.write

    def close(self) -> None:
        self._db.close()

    def secret(self, name: str) -> bytes:
        """A secret of the server's, made when it is first asked for."""
        with self._write() as db:
            db.execute("INSERT INTO secrets VALUES (?, ?) ON CONFLICT DO NOTHING", (name, self._entropy(32)))
            (value,) = db.execute("SELECT value FROM secrets WHERE name = ?", (name,)).fetchone()
        return bytes(value)

    # people

    def add(self, name: str, roles: Iterable[Role], password: str | None) -> None:
        """Write somebody in; `password` is a hash. Raises UsageError for a name that is there."""
        with self._write() as db:
            added = db.execute(
                "INSERT INTO people (name, roles, password, created) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (name, _spell(roles), password, self._clock()),
            )
        if not added.rowcount:
            raise UsageError(f"{name} is in the book already", "`assay access change` changes roles")

    def change(
        self,
        name: str,
        *,
        roles: Iterable[Role] | None = None,
        password: str | None = None,
        shut: bool | None = None,
        unlink: bool = False,
    ) -> None:
        """Other roles, another password hash, shut out or let in again; `unlink`: no account of an identity provider is
        his any more, and the next one of his name will be. His sessions end. Raises NotFound."""
        self.person(name)
        with self._write() as db:
            if roles is not None:
                db.execute("UPDATE people SET roles = ? WHERE name = ?", (_spell(roles), name))
            if password is not None:
                db.execute("UPDATE people SET password = ? WHERE name = ?", (password, name))
            if shut is not None:
                db.execute("UPDATE people SET shut = ? WHERE name = ?", (int(shut), name))
            if unlink:
                db.execute("UPDATE people SET subject = NULL WHERE name = ?", (name,))
            db.execute("DELETE FROM sessions WHERE person = ?", (name,))

    def person(self, name: str) -> Person:
        """Somebody by name. Raises NotFound."""
        found = [one for one in self.people() if one.name == name]
        if not found:
            raise NotFound(f"nobody called {name!r} is in the book", "`assay access add` writes somebody in")
        return found[0]

    def people(self) -> list[Person]:
        """Everybody, by name."""
        rows = self._rows(
            "SELECT name, roles, created, shut, password IS NOT NULL, subject IS NOT NULL FROM people ORDER BY name"
        )
        return [Person(n, _read(r), created, *map(bool, rest)) for n, r, created, *rest in rows]

    def password_of(self, name: str) -> str | None:
        """The hash of somebody's password, if he may come in with one."""
        rows = self._rows("SELECT password FROM people WHERE name = ? AND shut = 0", name)
        return rows[0][0] if rows else None

    # tokens

    def make_token(self, person: str, roles: Iterable[Role], label: str, seconds: float) -> Secret:
        """A token for somebody, shown once. Raises NotFound; UsageError for roles that he does not have."""
        held, wanted = self.person(person), frozenset(roles)
        if not wanted or not wanted <= held.roles:
            raise UsageError(
                f"{person} does not have every role of: {_spell(wanted) or 'none'}",
                f"a token has at most its person's roles: {_spell(held.roles)}",
            )
        made, now = new_token(self._entropy), self._clock()
        with self._write() as db:
            db.execute(
                "INSERT INTO tokens (id, hashed, person, roles, label, created, expires) VALUES (?,?,?,?,?,?,?)",
                (made.id, made.hashed, person, _spell(wanted), label, now, now + seconds),
            )
        return made

    def tokens(self) -> list[Token]:
        """All tokens, the newest first."""
        rows = self._rows(
            "SELECT id, person, roles, label, created, expires, used, revoked FROM tokens ORDER BY created DESC, id"
        )
        return [Token(i, p, _read(r), label, *rest) for i, p, r, label, *rest in rows]

    def revoke(self, id: str) -> None:
        """End a token. Raises NotFound."""
        with self._write() as db:
            ended = db.execute(
                "UPDATE tokens SET revoked = coalesce(revoked, ?) WHERE id = ?", (self._clock(), id)
            )
        if not ended.rowcount:
            raise NotFound(f"no token {id!r}", "`assay access list` shows them")

    def of_token(self, text: str) -> tuple[str, frozenset[Role]] | None:
        """Whose a token is and what it may, if it holds now."""
        now = self._clock()
        rows = self._rows(
            "SELECT t.id, t.person, t.roles, p.roles, t.used FROM tokens t JOIN people p ON p.name = t.person "
            "WHERE t.hashed = ? AND t.revoked IS NULL AND t.expires > ? AND p.shut = 0",
            hash_of(text), now,
        )  # fmt: skip
        if not rows:
            return None
        id_, person, roles, held, used = rows[0]
        if used is None or now - used > _TOUCHED:
            with self._write() as db:
                db.execute("UPDATE tokens SET used = ? WHERE id = ?", (now, id_))
        return person, _read(roles) & _read(held)

    # accounts of an identity provider

    def of_account(self, name: str, subject: str) -> Person | None:
        """Whose an account is: his to whom it is linked, else, for good, his whose name it has. None: nobody's. Raises
        Conflict when another account is linked to the name."""
        rows = self._rows("SELECT name FROM people WHERE subject = ?", subject)
        if rows:
            return self.person(rows[0][0])
        with self._write() as db:
            db.execute("UPDATE people SET subject = ? WHERE name = ? AND subject IS NULL", (subject, name))
        held = self._rows("SELECT subject FROM people WHERE name = ?", name)
        if held and held[0][0] != subject:
            raise Conflict(
                f"another account came in as {name} before",
                f"assay access change {name} --unlink lets this one in",
            )
        return self.person(name) if held else None

    def take_in(self, name: str, subject: str) -> None:
        """Write somebody in by an account, with no roles of the book's. Raises UsageError for a name that is there."""
        self.add(name, (), None)
        self.of_account(name, subject)

    # sessions

    def begin(self, person: str, token: str | None = None, vouched: Iterable[Role] | None = None) -> Secret:
        """A new session; its text goes into a cookie. `token`: the id of the one that was shown for it: the session may
        no more than it, and ends with it. `vouched`: roles that an identity provider gives for this session, beside
        those of the book."""
        made, now = new_session(self._entropy), self._clock()
        with self._write() as db:
            db.execute("DELETE FROM sessions WHERE seen < ? OR created < ?", (now - IDLE, now - WHOLE))
            db.execute(
                "INSERT INTO sessions (hashed, person, created, seen, token, roles, ends) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    made.hashed,
                    person,
                    now,
                    now,
                    token,
                    *((None, None) if vouched is None else (_spell(vouched), now + VOUCHED)),
                ),
            )
        return made

    def of_session(self, text: str) -> tuple[str, frozenset[Role]] | None:
        """Whose a session is and what he may, if it holds now."""
        now, hashed = self._clock(), hash_of(text)
        rows = self._rows(
            "SELECT s.person, p.roles, t.roles, s.roles, s.seen FROM sessions s "
            "JOIN people p ON p.name = s.person LEFT JOIN tokens t ON t.id = s.token "
            "WHERE s.hashed = ? AND s.seen >= ? AND s.created >= ? AND p.shut = 0 AND (s.ends IS NULL OR s.ends > ?) "
            "AND (s.token IS NULL OR (t.revoked IS NULL AND t.expires > ?))",
            hashed, now - IDLE, now - WHOLE, now, now,
        )  # fmt: skip
        if not rows:
            return None
        person, held, of_token, vouched, seen = rows[0]
        if now - seen > _TOUCHED:
            with self._write() as db:
                db.execute("UPDATE sessions SET seen = ? WHERE hashed = ?", (now, hashed))
        if of_token is not None:
            return person, _read(of_token) & _read(held)
        return person, _read(held) | _read(vouched or "")

    def sessions(self, person: str, current: str = "") -> list[Session]:
        """Somebody's sessions that hold now, the newest first. `current`: the text of the one that asks."""
        now, mine = self._clock(), hash_of(current)
        rows = self._rows(
            "SELECT hashed, created, seen FROM sessions WHERE person = ? AND seen >= ? AND created >= ? "
            "AND (ends IS NULL OR ends > ?) ORDER BY created DESC, hashed LIMIT 200",
            person, now - IDLE, now - WHOLE, now,
        )  # fmt: skip
        return [Session(hashed[:_SHOWN], created, seen, hashed == mine) for hashed, created, seen in rows]

    def end_of(self, person: str, id: str) -> None:
        """End one of somebody's sessions by its id. Raises NotFound."""
        with self._write() as db:
            ended = db.execute(
                "DELETE FROM sessions WHERE person = ? AND substr(hashed, 1, ?) = ?", (person, _SHOWN, id)
            )
        if not ended.rowcount:
            raise NotFound(f"no session {id[:40]!r} of {person}", "the page of your sessions lists them")

    def end(self, text: str) -> None:
        """End a session."""
        with self._write() as db:
            db.execute("DELETE FROM sessions WHERE hashed = ?", (hash_of(text),))


def _spell(roles: Iterable[Role]) -> str:
    return ",".join(sorted(roles))


def _read(text: object) -> frozenset[Role]:
    return frozenset(Role(part) for part in str(text).split(",") if part)


def open_book(registry: Registry, clock: Callable[[], float], entropy: Callable[[int], bytes]) -> Book:
    """The book of who may come in, beside a registry that is a folder, or in its database. Raises UsageError for
    another one, StorageFailure for a database that is away."""
    return Book(place_of(registry).open("access", TABLES), clock, entropy)
