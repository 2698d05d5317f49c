"""People, passwords, tokens and sessions; each test is an attack or a promise."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="needs the extra `web`")

from fastapi.testclient import TestClient

import assay
from assay.errors import NotFound, UsageError
from assay.web.access.book import IDLE, WHOLE, Book
from assay.web.access.passwords import fits, hashed
from assay.web.access.roles import Role
from assay.web.access.throttle import Throttle
from assay.web.access.tokens import looks_like_token
from assay.web.app import create_app
from assay.web.settings import Limits, Mode, Settings

PASSWORD = "correct horse battery"
READER = frozenset({Role.READER})


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def book(tmp_path: Path, clock: Clock) -> Iterator[Book]:
    import secrets

    made = Book(tmp_path / "access.sqlite", clock, secrets.token_bytes)
    yield made
    made.close()


def serve(folder: Path, tmp_path: Path, clock: Clock, mode: Mode, **limits: int) -> tuple[TestClient, Book]:
    """The application in a mode that asks who somebody is, and its book; `ann` reads, `bob` does everything."""
    import secrets
    import shutil

    shutil.copytree(folder, tmp_path / "r")
    registry = assay.open(tmp_path / "r")
    app = create_app(lambda: assay.open(tmp_path / "r"), Settings(mode, limits=Limits(**limits)), clock=clock)
    assert registry.root is not None
    book = Book(registry.root / "server" / "access.sqlite", clock, secrets.token_bytes)
    book.add("ann", READER, hashed(PASSWORD))
    book.add("bob", frozenset(Role), hashed(PASSWORD + "!"))
    return TestClient(app, base_url="http://127.0.0.1", follow_redirects=False), book


def test_the_file_is_its_owners_alone_and_holds_no_secret(book: Book, tmp_path: Path) -> None:
    book.add("ann", READER, hashed(PASSWORD))
    token, session = book.make_token("ann", READER, "laptop", 60), book.begin("ann")
    assert (tmp_path / "access.sqlite").stat().st_mode & 0o077 == 0
    data = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    for secret in (PASSWORD, token.text, session.text):
        assert secret.encode() not in data
    assert token.text not in repr(token)


def test_a_token_holds_until_it_expires_or_is_revoked_or_its_person_is_shut_out(
    book: Book, clock: Clock
) -> None:
    book.add("ann", {Role.READER, Role.REVIEWER}, None)
    one = book.make_token("ann", READER, "a", 60)
    assert looks_like_token(one.text)
    assert book.of_token(one.text) == ("ann", READER)
    assert book.of_token(one.text[:-1] + ("0" if one.text[-1] != "0" else "1")) is None
    clock.now += 61
    assert book.of_token(one.text) is None
    two = book.make_token("ann", READER, "b", 60)
    book.revoke(two.id)
    assert book.of_token(two.text) is None
    three = book.make_token("ann", {Role.REVIEWER}, "c", 60)
    book.change("ann", roles=READER)
    assert book.of_token(three.text) == ("ann", frozenset())
    book.change("ann", shut=True)
    assert book.of_token(three.text) is None


def test_nobody_gets_a_token_with_roles_that_he_does_not_have(book: Book) -> None:
    book.add("ann", READER, None)
    with pytest.raises(UsageError, match="does not have every role"):
        book.make_token("ann", {Role.ADMIN}, "x", 60)
    with pytest.raises(NotFound):
        book.make_token("eve", READER, "x", 60)


def test_a_session_ends_when_idle_when_old_and_when_the_password_changes(book: Book, clock: Clock) -> None:
    book.add("ann", READER, None)
    idle = book.begin("ann").text
    clock.now += IDLE + 1
    assert book.of_session(idle) is None
    old = book.begin("ann").text
    for _ in range(int(WHOLE / IDLE) + 1):
        clock.now += IDLE / 2 + 1
        clock.now += IDLE / 2 - 1
        book.of_session(old)
    assert book.of_session(old) is None
    changed = book.begin("ann").text
    book.change("ann", password=hashed(PASSWORD))
    assert book.of_session(changed) is None


def test_a_password_is_kept_as_argon2id() -> None:
    kept = hashed(PASSWORD)
    assert kept.startswith("$argon2id$")
    assert fits(kept, PASSWORD)
    assert not fits(kept, PASSWORD + "x")
    assert not fits(None, "nobody has this password")
    with pytest.raises(UsageError):
        hashed("short")


def test_a_throttle_lets_through_what_it_says_and_then_waits() -> None:
    clock = Clock()
    throttle = Throttle(6, clock)
    assert [throttle.wait("a") for _ in range(6)] == [0.0] * 6
    assert throttle.wait("a") == pytest.approx(10)
    assert throttle.wait("b") == 0
    clock.now += 10.001
    assert throttle.wait("a") == 0


def test_who_has_not_said_who_he_is_is_led_to_the_login(folder: Path, tmp_path: Path, clock: Clock) -> None:
    client, _ = serve(folder, tmp_path, clock, "password")
    with client:
        page = client.get("/")
        assert (page.status_code, page.headers["location"]) == (303, "/login")
        assert client.get("/login").status_code == 200
        twin = client.get("/api/")
        assert (twin.status_code, twin.headers["www-authenticate"]) == (401, "Bearer")


def test_a_login_makes_a_new_session_whatever_the_browser_brought(
    folder: Path, tmp_path: Path, clock: Clock
) -> None:
    client, book = serve(folder, tmp_path, clock, "password")
    planted = "f" * 64
    with client:
        client.cookies.set("assay", planted)
        made = client.post("/login", data={"name": "ann", "password": PASSWORD})
        assert made.status_code == 303
        cookie = made.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=lax" in cookie
        assert planted not in cookie
        client.cookies.clear()
        text = cookie.partition("=")[2].partition(";")[0]
        client.cookies.set("assay", text)
        assert client.get("/").status_code == 200
        client.post("/logout")
        client.cookies.set("assay", text)
        assert client.get("/").status_code == 303, "the session itself has ended, not only the cookie"
        assert book.of_session(planted) is None


@pytest.mark.parametrize(
    ("name", "password"), [("ann", "wrong password!"), ("eve", PASSWORD), ("", ""), ("ann'--", "x")]
)
def test_a_wrong_login_says_the_same_whatever_was_wrong(
    folder: Path, tmp_path: Path, clock: Clock, name: str, password: str
) -> None:
    client, _ = serve(folder, tmp_path, clock, "password")
    with client:
        answer = client.post("/login", data={"name": name, "password": password})
        assert answer.status_code in (403, 422)
        assert "set-cookie" not in answer.headers
        if answer.status_code == 403:
            assert "do not fit together" in answer.text


def test_passwords_and_tokens_cannot_be_guessed_fast(folder: Path, tmp_path: Path, clock: Clock) -> None:
    client, _ = serve(folder, tmp_path, clock, "password", logins=5)
    with client:
        codes = [
            client.post("/login", data={"name": f"n{k}", "password": "x" * 12}).status_code for k in range(7)
        ]
        assert codes[5:] == [429, 429], "counted by address, though every name is another"
        guessed = client.get("/api/", headers={"authorization": "Bearer assay_00000000_" + "0" * 48})
        assert guessed.status_code == 429
        assert int(guessed.headers["retry-after"]) >= 1


def test_a_token_names_who_acts_and_needs_no_form(folder: Path, tmp_path: Path, clock: Clock) -> None:
    client, book = serve(folder, tmp_path, clock, "token")
    token = book.make_token("ann", READER, "agent", 3600)
    with client:
        assert client.get("/api/", headers={"authorization": f"Bearer {token.text}"}).status_code == 200
        assert client.get("/api/", headers={"authorization": f"bearer {token.text}x"}).status_code == 401
        assert client.get("/api/", headers={"authorization": f"Basic {token.text}"}).status_code == 401


def test_a_session_that_a_token_began_may_no_more_than_the_token_and_ends_with_it(
    folder: Path, tmp_path: Path, clock: Clock
) -> None:
    client, book = serve(folder, tmp_path, clock, "token")
    token = book.make_token("bob", READER, "laptop", 3600)
    with client:
        made = client.post("/login", data={"password": token.text})
        client.cookies.set("assay", made.headers["set-cookie"].partition("=")[2].partition(";")[0])
        assert client.get("/").status_code == 200
        assert client.get("/audit").status_code == 403, "bob may, his token may not"
        made_more = client.post("/api/settings/access/tokens", json={"roles": ["reader"]})
        assert made_more.status_code == 400
        book.revoke(token.id)
        assert client.get("/").status_code == 303
        other = book.make_token("bob", READER, "laptop", 60)
        began = book.begin("bob", other.id)
        assert book.of_session(began.text) == ("bob", READER)
        clock.now += 61
        assert book.of_session(began.text) is None


def test_a_book_of_before_gets_its_new_columns(tmp_path: Path, clock: Clock) -> None:
    import secrets
    import sqlite3

    path = tmp_path / "access.sqlite"
    old = sqlite3.connect(path)
    old.executescript(
        "CREATE TABLE people (name TEXT PRIMARY KEY, roles TEXT NOT NULL, password TEXT, created REAL NOT NULL, "
        "shut INTEGER NOT NULL DEFAULT 0); CREATE TABLE sessions (hashed TEXT PRIMARY KEY, person TEXT NOT NULL, "
        "created REAL NOT NULL, seen REAL NOT NULL, token TEXT);"
        "INSERT INTO people VALUES ('ann', 'reader', NULL, 1, 0);"
    )
    old.close()
    for _ in range(2):
        made = Book(path, clock, secrets.token_bytes)
        assert made.of_session(made.begin("ann").text) == ("ann", READER)
        assert not made.person("ann").linked
        made.close()
