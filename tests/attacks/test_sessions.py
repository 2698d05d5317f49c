"""Sessions and tokens: stolen, guessed, fixed, kept too long, or sent where they do not belong."""

from __future__ import annotations

import hmac
import inspect
from collections.abc import Iterator
from pathlib import Path
from secrets import token_bytes
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

import assay
from assay.web.access import book as book_module
from assay.web.access import door as door_module
from assay.web.access import passwords, throttle, tokens
from assay.web.access.book import IDLE, WHOLE, Book
from assay.web.access.passwords import hashed
from assay.web.access.roles import Role
from assay.web.app import create_app
from assay.web.settings import Limits, Settings
from tests.attacks.catalogue import Attack, each
from tests.attacks.poisoned import HOST

PASSWORD = "correct horse battery"
LOGINS = 5
_PRESENTED: dict[str, tuple[str, str]] = {
    "token-in-query": ("a token in the address, where logs and histories keep it", "?token={token}"),
    "access-token-in-query": ("the same, as OAuth once had it", "?access_token={token}"),
    "authorization-in-query": ("the same, as a header's name", "?authorization=Bearer%20{token}"),
    "session-in-query": ("a session in the address", "?assay={session}"),
}
_SENT: dict[str, tuple[str, dict[str, str]]] = {
    "basic": ("a token as Basic", {"authorization": "Basic {token}"}),
    "bare": ("a token without a scheme", {"authorization": "{token}"}),
    "shorter": ("a token that lacks its end", {"authorization": "Bearer {shorter}"}),
    "longer": ("a token and more", {"authorization": "Bearer {token}0"}),
    "upper": ("a token in capitals", {"authorization": "Bearer {upper}"}),
    "like": ("a pattern in place of a token", {"authorization": "Bearer assay_%_%"}),
    "quote": ("SQL in a token", {"authorization": "Bearer ' OR 1=1 --"}),
    "hash": ("the hash that is kept of a token", {"authorization": "Bearer {hash}"}),
    "session-as-token": ("a session as a token", {"authorization": "Bearer {session}"}),
    "token-as-session": ("a token as a session", {"cookie": "assay={token}"}),
    "session-hash": ("the hash that is kept of a session", {"cookie": "assay={session_hash}"}),
    "session-id": ("the id of a session that pages show", {"cookie": "assay={session_id}"}),
    "session-planted": ("a session of the attacker's own making", {"cookie": "assay=" + "f" * 64}),
    "session-empty": ("an empty session", {"cookie": "assay="}),
    "session-host": ("a cookie under the name that HTTPS has", {"cookie": "__Host-assay={session}"}),
    "not-latin": ("a header in other letters", {"authorization": "Bearer \xff\xfe"}),
    "x-user": ("headers in which proxies name people", {"x-forwarded-user": "bob", "x-remote-user": "bob", "x-user": "bob"}),
    "x-token": ("a token in a header of its own", {"x-auth-token": "{token}", "x-api-key": "{token}"}),
    "expired": ("a token that has ended", {"authorization": "Bearer {expired}"}),
    "revoked": ("a token that was taken back", {"authorization": "Bearer {revoked}"}),
}  # fmt: skip
PRESENTED = tuple(
    Attack(f"sessions/{id}", what, "the address", "401: it counts for nothing", {"query": query})
    for id, (what, query) in _PRESENTED.items()
) + tuple(
    Attack(f"sessions/{id}", what, "a header", "401: it counts for nothing", {"headers": headers})
    for id, (what, headers) in _SENT.items()
)
ENDS = (
    Attack("sessions/fixation", "a session that was in the browser before", "/login", "a new one, and the old is nobody's"),
    Attack("sessions/after-logout", "a session that was ended", "any page", "led to the login"),
    Attack("sessions/after-password", "a session from before a password was changed", "any page", "the same"),
    Attack("sessions/after-roles", "a session from before roles were changed", "any page", "the same"),
    Attack("sessions/after-shut", "a session and a token of somebody shut out", "any page", "the same"),
    Attack("sessions/idle", "a session that nobody used for half a day", "any page", "the same"),
    Attack("sessions/old", "a session that is used for ever", "any page", "it ends after a week"),
    Attack("sessions/others", "ends or names somebody else's session or token", "/settings/access", "404"),
)  # fmt: skip
GUESSES = (
    Attack("guessing/passwords", "passwords of one name", "/login", f"429 after {LOGINS}"),
    Attack("guessing/names", "one password of many names", "/login", f"429 after {LOGINS}"),
    Attack("guessing/tokens", "tokens", "Authorization", f"429 after {LOGINS}"),
    Attack("guessing/forget", "so many names that the throttle forgets one", "/login", "it remembers"),
    Attack("guessing/forwarded", "another address in X-Forwarded-For each time", "/login", "it counts for nothing"),
    Attack("guessing/time", "how long an answer takes", "tokens, sessions, form tokens, passwords",
           "compared by hash or in constant time; an unknown name costs what a wrong password costs"),
    Attack("guessing/space", "all tokens and sessions", "Authorization", "192 and 256 random bits"),
)  # fmt: skip
COOKIES = (
    Attack("cookies/flags", "a script that reads the session, a site that sends it, a network that sees it", "Set-Cookie",
           "HttpOnly, SameSite, Path, and over HTTPS Secure and __Host-"),
    Attack("cookies/choices", "values of the cookies that remember choices", "language, keys", "known words or nothing"),
)  # fmt: skip
ATTACKS = (*PRESENTED, *ENDS, *GUESSES, *COOKIES)


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


class Served:
    """The application in mode password: `ann` reads, `bob` may everything."""

    def __init__(self, root: Path) -> None:
        assay.init(root)
        self.clock = Clock()
        self.app: FastAPI = create_app(
            lambda: assay.open(root), Settings("password", limits=Limits(logins=10**6)), clock=self.clock
        )
        self.book = Book(root / "server" / "access.sqlite", self.clock, token_bytes)
        self.book.add("ann", {Role.READER}, hashed(PASSWORD))
        self.book.add("bob", set(Role), hashed(PASSWORD + "!"))
        self.web = TestClient(self.app, base_url=HOST, follow_redirects=False)

    def log_in(self, name: str = "ann", password: str = PASSWORD) -> str:
        made = self.web.post("/login", data={"name": name, "password": password})
        assert made.status_code == 303, made.text
        self.web.cookies.clear()
        text: str = made.headers["set-cookie"].partition("=")[2].partition(";")[0]
        return text

    def status(self, session: str, path: str = "/") -> int:
        code: int = self.web.get(path, headers={"cookie": f"assay={session}"}).status_code
        return code


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    made = Served(tmp_path_factory.mktemp("sessions") / "r")
    with made.web:
        yield made


@pytest.fixture
def known(served: Served) -> dict[str, str]:
    token = served.book.make_token("bob", set(Role), "x", 3600).text
    session = served.book.begin("bob").text
    expired, revoked = (
        served.book.make_token("bob", set(Role), "x", -1),
        served.book.make_token("bob", set(Role), "x", 60),
    )
    served.book.revoke(revoked.id)
    return {
        "token": token, "shorter": token[:-1], "upper": token.upper(), "hash": tokens.hash_of(token), "session": session,
        "session_hash": tokens.hash_of(session), "session_id": served.book.sessions("bob", session)[0].id,
        "expired": expired.text, "revoked": revoked.text,
    }  # fmt: skip


@each(PRESENTED)
def test_what_is_no_proof_is_none(served: Served, known: dict[str, str], attack: Attack) -> None:
    headers = {k: v.format(**known).encode("latin-1") for k, v in attack.said.get("headers", {}).items()}
    query = attack.said.get("query", "").format(**known)
    for path in ("/api/commands/list", "/api/settings/people", "/api/uploads"):
        answer = served.web.get(path + query, headers=headers)
        assert answer.status_code == 401, path
        assert not any(secret in answer.text for secret in known.values())


def test_a_session_that_was_planted_is_nobodys(served: Served) -> None:
    """sessions/fixation"""
    planted = "e" * 64
    made = served.web.post(
        "/login", data={"name": "ann", "password": PASSWORD}, headers={"cookie": f"assay={planted}"}
    )
    assert planted not in made.headers["set-cookie"]
    assert served.book.of_session(planted) is None
    assert served.status(planted) == 303
    one, other = served.log_in(), served.log_in()
    assert one != other


@pytest.mark.parametrize("how", ["logout", "password", "roles", "shut", "idle", "old"])
def test_a_session_ends(served: Served, how: str) -> None:
    """sessions/after-logout, after-password, after-roles, after-shut, idle, old"""
    book, session = served.book, served.log_in()
    token = book.make_token("ann", {Role.READER}, "x", 10**8).text
    assert served.status(session) == 200
    if how == "logout":
        gone = served.web.post("/logout", headers={"cookie": f"assay={session}"})
        assert "Max-Age=0" in gone.headers["set-cookie"]
    elif how == "password":
        book.change("ann", password=hashed(PASSWORD))
    elif how == "roles":
        book.change("ann", roles={Role.READER})
    elif how == "shut":
        book.change("ann", shut=True)
        assert served.web.get("/api/", headers={"authorization": f"Bearer {token}"}).status_code == 401
        again = served.web.post("/login", data={"name": "ann", "password": PASSWORD})
        assert again.status_code == 403
        book.change("ann", shut=False)
    elif how == "idle":
        served.clock.now += IDLE + 1
    else:
        for _ in range(int(WHOLE / IDLE * 2) + 2):
            served.status(session)
            served.clock.now += IDLE / 2
    assert served.status(session) == 303
    assert served.web.get("/api/", headers={"cookie": f"assay={session}"}).status_code == 401


def test_nobody_ends_what_is_anothers(served: Served, known: dict[str, str]) -> None:
    """sessions/others"""
    cookie = {"cookie": f"assay={served.log_in()}"}
    mine = served.web.post("/api/settings/access/end", json={"id": known["session_id"]}, headers=cookie)
    assert mine.status_code == 404
    id = tokens.id_of(known["token"])
    assert served.web.post("/api/settings/access/revoke", json={"id": id}, headers=cookie).status_code == 404
    page = served.web.get("/api/settings/access", headers=cookie).json()
    assert id not in str(page) and known["session_id"] not in str(page)
    assert served.book.of_token(known["token"]) is not None


def _strict(tmp_path: Path) -> TestClient:
    assay.init(tmp_path / "r")
    app = create_app(
        lambda: assay.open(tmp_path / "r"), Settings("password", limits=Limits(logins=LOGINS)), clock=Clock()
    )
    return TestClient(app, base_url=HOST, follow_redirects=False)


def test_guessing_is_slow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """guessing/passwords, guessing/names, guessing/tokens, guessing/forwarded, guessing/forget"""
    monkeypatch.setattr(
        door_module, "fits", lambda kept, password: False
    )  # what argon2 costs is another test's
    monkeypatch.setattr(throttle, "_MOST", 40)
    addresses = iter(range(10**6))
    monkeypatch.setattr(door_module, "_address", lambda request: request.headers.get("x-test", "one"))
    client = _strict(tmp_path)

    def guess(name: str, **headers: str) -> int:
        code: int = client.post(
            "/login", data={"name": name, "password": "x" * 12}, headers=headers
        ).status_code
        return code

    assert [guess("ann") for _ in range(LOGINS + 2)] == [403] * LOGINS + [429] * 2
    assert [guess(f"n{k}", **{"x-test": "two"}) for k in range(LOGINS + 2)] == [403] * LOGINS + [429] * 2
    assert [guess("bob", **{"x-test": f"far{next(addresses)}"}) for _ in range(LOGINS + 1)] == [
        403
    ] * LOGINS + [429]
    for k in range(LOGINS):
        assert (
            guess(
                "eve", **{"x-test": "three", "x-forwarded-for": f"10.0.0.{k}", "forwarded": f"for=10.0.0.{k}"}
            )
            == 403
        )
    assert guess("eve", **{"x-test": "three", "x-forwarded-for": "10.1.1.1"}) == 429
    wrong = {"authorization": "Bearer assay_00000000_" + "0" * 48, "x-test": "four"}
    codes = [client.get("/api/commands/list", headers=wrong).status_code for _ in range(LOGINS + 1)]
    assert codes == [401] * LOGINS + [429]
    for k in range(60):
        assert guess(f"many{k}", **{"x-test": "one"}) == 429
    assert guess("ann", **{"x-test": "five"}) == 429, (
        "a refused address does not make the throttle forget a name"
    )


def test_secrets_are_compared_so_that_time_tells_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """guessing/time: by construction. Tokens and sessions are looked up by the hash of what was sent, whose prefix nobody
    can choose; form tokens are compared in constant time; an unknown name verifies a hash of nobody's."""
    assert "hmac.compare_digest" in inspect.getsource(tokens.same)
    assert tokens.same("a", "a") and not tokens.same("a", "b") and not tokens.same("ä", "a")
    assert "same(sent" in inspect.getsource(door_module.Door.admit)
    for lookup in (book_module.Book.of_token, book_module.Book.of_session, book_module.Book.end):
        assert "hash_of(text)" in inspect.getsource(lookup)
    verified: list[str] = []
    monkeypatch.setattr(passwords, "_hasher", lambda: _Hasher(verified))
    assert not passwords.fits(None, "x") and not passwords.fits("kept", "x")
    assert len(verified) == 2, "both verify one hash"
    assert hmac.compare_digest(tokens.form_token(b"k", "s"), tokens.form_token(b"k", "s"))


class _Hasher:
    def __init__(self, verified: list[str]) -> None:
        self._verified = verified

    def hash(self, password: str) -> str:
        return "nobody's"

    def verify(self, kept: str, password: str) -> bool:
        self._verified.append(kept)
        return kept == "nobody's"


def test_there_are_too_many_to_guess() -> None:
    """guessing/space"""
    asked: list[int] = []

    def entropy(count: int) -> bytes:
        asked.append(count)
        return token_bytes(count)

    tokens.new_token(entropy)
    tokens.new_session(entropy)
    assert asked[1] * 8 >= 192 and asked[2] * 8 >= 256


@pytest.mark.parametrize("secure", [False, True])
def test_the_cookie_is_bound(tmp_path: Path, secure: bool) -> None:
    """cookies/flags, cookies/choices"""
    assay.init(tmp_path / "r")
    app = create_app(lambda: assay.open(tmp_path / "r"), Settings("password", secure=secure))
    book = Book(tmp_path / "r" / "server" / "access.sqlite", Clock(), token_bytes)
    book.add("ann", {Role.READER}, hashed(PASSWORD))
    web = TestClient(app, base_url=HOST, follow_redirects=False)
    told: Any = web.post("/login", data={"name": "ann", "password": PASSWORD})
    cookie = told.headers["set-cookie"]
    name, _, rest = cookie.partition("=")
    flags = {
        part.strip().lower().partition("=")[0]: part.strip().partition("=")[2] for part in rest.split(";")[1:]
    }
    assert {"httponly", "samesite", "path"} <= flags.keys() and "domain" not in flags
    assert (flags["path"], flags["samesite"].lower()) == ("/", "lax")
    assert "max-age" not in flags and "expires" not in flags, "the browser forgets it when it is closed"
    assert ("secure" in flags, name) == ((True, "__Host-assay") if secure else (False, "assay"))
    assert ("strict-transport-security" in told.headers) is secure
    value = rest.partition(";")[0]
    heads = {"cookie": f'{name}={value}; language=<b zqx>; keys="><script>'}
    page = web.get("/settings", headers=heads)
    assert page.status_code == 200 and "zqx" not in page.text and 'lang="en"' in page.text
    for choice in ({"language": "xx\r\nset-cookie: a=b", "keys": "on"}, {"language": "en", "keys": "zqx"}):
        assert web.post("/api/settings/view", json=choice, headers=heads).status_code == 422
