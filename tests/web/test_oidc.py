"""Sign-in through an identity provider, over real HTTP on loopback; each test is an attack or a promise."""

from __future__ import annotations

import base64
import json
import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from secrets import token_bytes
from typing import Any
from urllib.parse import parse_qs, urlsplit

import html5lib
import pytest

pytest.importorskip("fastapi", reason="needs the extra `web`")
pytest.importorskip("joserfc", reason="needs the extra `oidc`")

from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jwk, jws
from tests.web.desk import MANY, form_token
from tests.web.oidc_provider import CLIENT, SECRET, Behaviour, Provider

import assay
from assay.cli.main import run
from assay.cli.oidc_options import provider
from assay.errors import UsageError
from assay.web.access.book import VOUCHED, Book
from assay.web.access.issuer import AGAIN, WELL_KNOWN
from assay.web.access.roles import Role
from assay.web.access.trip import LASTS, begin, local_path, resume
from assay.web.app import create_app
from assay.web.settings import Oidc, Settings

BASE = "http://127.0.0.1"
TRIP = "assay-trip"


class Clock:
    now = 2_000_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class House:
    """The application, its book and its identity provider."""

    client: TestClient
    provider: Provider
    book: Book
    clock: Clock
    root: Path

    def leave(self, next: str = "/") -> str:
        """Begin; the provider's address to which the browser is led."""
        answer = self.client.get("/login/oidc", params={"next": next})
        assert answer.status_code == 303, answer.text
        way: str = answer.headers["location"]
        assert way.startswith(f"{self.provider.url}/authorize?")
        return way

    def arrive(self, back: str) -> Any:
        return self.client.get(back)

    def sign_in(self, next: str = "/", **behaviour: Any) -> Any:
        self.provider.behaviour = Behaviour(**behaviour)
        return self.arrive(self.provider.agree(self.leave(next)))


@pytest.fixture(scope="module")
def opened(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    root = tmp_path_factory.mktemp("oidc") / "r"
    shutil.copytree(folder, root)
    clock = Clock()
    with Provider(clock) as made:
        told = Oidc(
            made.url,
            CLIENT,
            SECRET,
            roles={"data": frozenset({Role.READER, Role.CONTRIBUTOR})},
            claim="groups",
        )
        app = create_app(lambda: assay.open(root), Settings("oidc", limits=MANY, oidc=told), clock=clock)
        book = Book(root / "server" / "access.sqlite", clock, token_bytes)
        client = TestClient(app, base_url=BASE, follow_redirects=False, raise_server_exceptions=True)
        yield House(client, made, book, clock, root)
        book.close()


@pytest.fixture
def house(opened: House) -> House:
    opened.client.cookies.clear()
    opened.provider.behaviour, opened.provider.asked = Behaviour(), []
    opened.provider.published = [opened.provider.key]
    with opened.book._write() as db:
        db.execute("DELETE FROM people")
        db.execute("DELETE FROM sessions")
    opened.clock.now += 2 * 3_600  # discovery and keys are asked for anew
    return opened


def refused(answer: Any, why: str, status: int = 403) -> str:
    """A page that says why, to whom it is said, with nothing that acts, no session and no traceback."""
    assert answer.status_code == status, answer.text
    html5lib.HTMLParser(strict=True).parse(answer.text)
    told = re.search(r'role="alert".*?</div></div>', answer.text, re.DOTALL)
    assert told is not None
    assert why in told[0]
    assert "Traceback" not in answer.text
    assert SECRET not in answer.text
    assert "assay=" not in answer.headers.get("set-cookie", "")
    return told[0]


def test_a_good_sign_in_from_the_first_page_to_the_end(house: House) -> None:
    client = house.client
    first = client.get("/d/help/versions?before=2")
    assert first.headers["location"] == "/login?next=/d/help/versions%3Fbefore%3D2"
    page = client.get(first.headers["location"])
    html5lib.HTMLParser(strict=True).parse(page.text)
    assert 'href="/login/oidc?next=/d/help/versions%3Fbefore%3D2"' in page.text
    planted = "f" * 64
    client.cookies.set("assay", planted)
    answer = house.sign_in("/d/help/versions?before=2")
    assert (answer.status_code, answer.headers["location"]) == (303, "/d/help/versions?before=2")
    told = answer.headers.get_list("set-cookie")
    session = next(one for one in told if one.startswith("assay="))
    assert "HttpOnly" in session
    assert "SameSite=lax" in session
    assert planted not in session
    client.cookies.clear()
    text = session.partition("=")[2].partition(";")[0]
    client.cookies.set("assay", text)
    who = client.get("/api/settings").json()
    assert (who["actor"], who["roles"]) == ("ann@example.com", ["contributor", "reader"])
    assert client.get("/settings/people").status_code == 403
    # No password opens this door, and the session can be ended.
    assert client.post("/login", data={"name": "ann@example.com", "password": "x" * 12}).status_code == 403
    token = form_token(client.get("/settings").text)
    own = {"origin": BASE, "sec-fetch-site": "same-origin"}
    assert client.post(f"/logout?form={token}", headers=own).status_code == 303
    client.cookies.set("assay", text)
    assert client.get("/").status_code == 303
    # Everything that left went to the issuer, and nothing of it is kept.
    assert house.provider.asked == [WELL_KNOWN, "/token", "/keys"]
    kept = b"".join(one.read_bytes() for one in (house.root / "server").iterdir() if one.is_file())
    assert SECRET.encode() not in kept
    assert SECRET not in repr(Oidc("https://x", CLIENT, SECRET))


def _carry(client: TestClient, trip: str) -> None:
    client.cookies.clear()
    client.cookies.set(TRIP, trip)


def test_an_answer_is_taken_once_from_the_browser_that_asked_and_in_time(house: House) -> None:
    provider, client = house.provider, house.client
    back = provider.agree(house.leave())
    mine = client.cookies[TRIP]
    for cookie in ("", "0" * 64 + ".1.", mine[:-1] + ("A" if mine[-1] != "A" else "B")):
        _carry(client, cookie)
        refused(house.arrive(back), "not begun in this browser")
    other = provider.agree(house.leave())
    _carry(client, mine)
    refused(house.arrive(other), "not begun in this browser")
    refused(house.arrive(back.replace("state=", "state=x")), "not begun in this browser")
    assert "/token" not in provider.asked, "no code was spent on any of them"
    assert house.arrive(back).status_code == 303
    _carry(client, mine)
    refused(house.arrive(back), "not begun in this browser")
    late = provider.agree(house.leave())
    house.clock.now += LASTS + 1
    refused(house.arrive(late), "longer than 10 minutes")


def test_a_code_that_was_used_is_refused_by_the_provider(house: House) -> None:
    first = house.provider.agree(house.leave())
    used = parse_qs(urlsplit(first).query)["code"][0]
    assert house.arrive(first).status_code == 303
    second = house.provider.agree(house.leave())
    fresh = parse_qs(urlsplit(second).query)["code"][0]
    assert "invalid_grant" in refused(house.arrive(second.replace(fresh, used)), "did not take back")
    # A code of another sign-in does not fit this browser's verifier (PKCE).
    stolen = parse_qs(urlsplit(house.provider.agree(house.leave())).query)["code"][0]
    third = house.provider.agree(house.leave())
    mine = parse_qs(urlsplit(third).query)["code"][0]
    refused(house.arrive(third.replace(mine, stolen)), "did not take back")


def _unsigned(provider: Provider, claims: dict[str, Any]) -> str:
    parts = ({"alg": "none"}, claims)
    spelled = [base64.urlsafe_b64encode(json.dumps(one).encode()).rstrip(b"=").decode() for one in parts]
    return ".".join((*spelled, ""))


def _with_public_key_as_secret(provider: Provider, claims: dict[str, Any]) -> str:
    """The confusion of CVE-2015-9235: HMAC under the text of the public key."""
    import hashlib
    import hmac

    head = {"alg": "HS256", "kid": str(provider.key.kid)}
    spelled = [base64.urlsafe_b64encode(json.dumps(o).encode()).rstrip(b"=") for o in (head, claims)]
    mac = hmac.new(provider.key.as_pem(private=False), b".".join(spelled), hashlib.sha256).digest()
    return b".".join((*spelled, base64.urlsafe_b64encode(mac).rstrip(b"="))).decode()


def _with_a_key_of_its_own(provider: Provider, claims: dict[str, Any]) -> str:
    """Signed well, by a key that the token brings along."""
    mine = jwk.ECKey.generate_key("P-256")
    head = {"alg": "ES256", "kid": str(provider.key.kid), "jwk": mine.as_dict(private=False)}
    return jws.serialize_compact(head, json.dumps(claims).encode(), mine, ["ES256"])


def _altered(provider: Provider, claims: dict[str, Any]) -> str:
    head, _, mac = provider.signed(claims).split(".")
    body = base64.urlsafe_b64encode(json.dumps(claims | {"groups": ["root"]}).encode()).rstrip(b"=")
    return f"{head}.{body.decode()}.{mac}"


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "nonce of another sign-in": ({"claims": {"nonce": "x"}}, "nonce"),
    "no nonce": ({"claims": {"nonce": None}}, "nonce"),
    "nonce that is no text": ({"claims": {"nonce": 7}}, "nonce"),
    "audience of another client": ({"claims": {"aud": "other"}}, "aud"),
    "no audience": ({"claims": {"aud": None}}, "aud"),
    "made for another party": ({"claims": {"aud": [CLIENT, "other"], "azp": "other"}}, "azp"),
    "two audiences and no party": ({"claims": {"aud": [CLIENT, "other"]}}, "azp"),
    "issuer of another name": ({"claims": {"iss": "https://evil.example"}}, "iss"),
    "expired": ({"claims": {"exp": 1_000_000_000}}, "expired"),
    "no end": ({"claims": {"exp": None}}, "exp"),
    "not yet": ({"claims": {"iat": 4_000_000_000}}, "in the future"),
    "no subject": ({"claims": {"sub": None}}, "sub"),
    "subject that is no text": ({"claims": {"sub": 1}}, "sub"),
    "alg none": ({"sign": _unsigned}, "none"),
    "public key as secret": ({"sign": _with_public_key_as_secret}, "HS256"),
    "key of its own": ({"sign": _with_a_key_of_its_own}, "none of the provider"),
    "altered": ({"sign": _altered}, "none of the provider"),
    "no token": ({"sign": lambda provider, claims: "a.b"}, "no signed token"),
    "unknown key": ({"sign": lambda p, c: p.signed(c, kid="elsewhere")}, "none of the provider"),
    "critical header": ({"sign": lambda p, c: _critical(p, c)}, "provider"),
    "answer names another issuer": ({"back": {"iss": "https://evil.example"}}, "another issuer"),
}


def _critical(provider: Provider, claims: dict[str, Any]) -> str:
    """A header that must be understood, and is not."""
    _, body, mac = provider.signed(claims).split(".")
    told = {"alg": "RS256", "kid": str(provider.key.kid), "crit": ["exp"], "exp": 1}
    return f"{base64.urlsafe_b64encode(json.dumps(told).encode()).rstrip(b'=').decode()}.{body}.{mac}"


def test_an_answer_that_does_not_hold_is_not_believed(house: House) -> None:
    for name, (behaviour, said) in WRONG.items():
        house.clock.now += AGAIN + 1
        text = refused(house.sign_in(**behaviour), "does not hold")
        assert said in text, (name, text)
    assert house.book.people() == []
    assert house.sign_in().status_code == 303


def test_keys_that_change_are_asked_for_again_and_not_too_often(house: House) -> None:
    assert house.sign_in().status_code == 303
    assert house.sign_in().status_code == 303
    assert house.provider.asked.count("/keys") == 1
    house.provider.rotate()
    refused(house.sign_in(), "does not hold")
    house.clock.now += AGAIN + 1
    assert house.sign_in().status_code == 303
    assert house.provider.asked.count("/keys") == 2
    assert house.provider.asked.count(WELL_KNOWN) == 1
    house.provider.published = []
    house.clock.now += 3_601
    refused(house.sign_in(), "none of the provider")


def test_a_provider_that_is_down_or_another_is_said_on_a_page(house: House) -> None:
    house.provider.behaviour = Behaviour(broken=frozenset({WELL_KNOWN}))
    answer = house.client.get("/login/oidc")
    refused(answer, "does not answer", 503)
    assert answer.headers["retry-after"] == "30"
    asked = len(house.provider.asked)
    refused(house.client.get("/login/oidc"), "does not answer", 503)
    assert len(house.provider.asked) == asked, "it is not asked again at once"
    house.clock.now += AGAIN + 1
    for path in ("/token", "/keys"):
        refused(house.sign_in(broken=frozenset({path})), "does not answer", 503)
    refused(
        house.arrive(house.provider.agree(house.leave()).replace("code=", "error=access_denied&was=")),
        "let you in",
    )
    house.clock.now += 3_601
    for odd in (
        {"issuer": house.provider.url + "/"},
        {"token_endpoint": "https://evil.example/token"},
        {"jwks_uri": "http://127.0.0.1:1/keys"},
        {"jwks_uri": "file:///etc/passwd"},
        {"authorization_endpoint": "http://evil.example/authorize"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"token_endpoint": None},
    ):
        house.provider.behaviour = Behaviour(discovery=odd)
        refused(house.client.get("/login/oidc"), "does not hold")
    assert house.client.get("/login", headers={"accept-language": "zh"}).status_code == 200


def test_nobody_listens_at_the_issuer(house: House, tmp_path: Path) -> None:
    told = Oidc("http://127.0.0.1:9", CLIENT, SECRET)
    app = create_app(lambda: assay.open(house.root), Settings("oidc", limits=MANY, oidc=told))
    with TestClient(app, base_url=BASE, follow_redirects=False) as client:
        refused(client.get("/login/oidc"), "ConnectionRefusedError", 503)
        zh = client.get("/login/oidc", headers={"accept-language": "zh-CN"})
        assert "身份" in zh.text


@pytest.mark.parametrize(
    "next",
    [
        "https://evil.example/", "//evil.example", "/\\evil.example", "\\\\evil.example", "/%5cevil\\",
        "javascript:alert(1)",
        "/\t/evil.example", "/\n/evil.example", "/a//evil.example", "evil.example", "/login?next=/x", "/logout",
        "/" + "x" * 3000, "", "/\u202egnp", "http:evil.example",
    ],
)  # fmt: skip
def test_no_next_leads_to_another_host(house: House, next: str) -> None:
    assert local_path(next) == "/"
    assert house.sign_in(next).headers["location"] == "/"


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=60), st.binary(min_size=32, max_size=32))
def test_what_comes_back_is_what_left_or_nothing(text: str, key: bytes) -> None:
    onward = local_path("/" + text)
    parts = urlsplit(onward)
    assert onward.startswith("/")
    assert not onward.startswith("//")
    assert (parts.scheme, parts.netloc) == ("", "")
    trip = begin(b"s" * 32, key, 1_000.0, onward)
    again = resume(b"s" * 32, trip.cookie, trip.state, 1_001.0)
    assert again == trip
    assert resume(b"t" * 32, trip.cookie, trip.state, 1_001.0) is None
    assert resume(b"s" * 32, trip.cookie, trip.nonce, 1_001.0) is None
    assert len({trip.state, trip.nonce, trip.verifier}) == 3
    assert 43 <= len(trip.verifier) <= 128


def test_roles_come_from_the_book_and_from_the_claim_and_the_claims_are_not_kept(house: House) -> None:
    book, client = house.book, house.client
    book.add("ann@example.com", {Role.REVIEWER}, None)
    assert house.sign_in().status_code == 303
    assert client.get("/api/settings").json()["roles"] == ["contributor", "reader", "reviewer"]
    assert [sorted(one.roles) for one in book.people()] == [["reviewer"]]
    # A token outlives a session and a membership: it holds at most the roles of the book.
    own = {
        "origin": BASE,
        "sec-fetch-site": "same-origin",
        "x-assay-form": form_token(client.get("/settings").text),
    }
    assert client.get("/api/settings/access").json()["roles"] == ["reviewer"]
    more = client.post("/api/settings/access/tokens", json={"roles": ["contributor"]}, headers=own)
    assert more.status_code == 400
    held = client.post("/api/settings/access/tokens", json={"roles": ["reviewer"]}, headers=own)
    assert held.status_code == 200
    # No longer in the group: the next session has what the book gives.
    assert house.sign_in(claims={"groups": ["elsewhere"]}).status_code == 303
    assert client.get("/api/settings").json()["roles"] == ["reviewer"]
    assert house.sign_in(claims={"groups": "data"}).status_code == 303
    assert "contributor" in client.get("/api/settings").json()["roles"]
    house.clock.now += VOUCHED - 1
    assert client.get("/").status_code == 200
    house.clock.now += 2
    assert client.get("/").status_code == 303, "however busy it was"
    assert house.sign_in().status_code == 303
    book.change("ann@example.com", shut=True)
    assert client.get("/").status_code == 303
    refused(house.sign_in(), "shut out")


def test_who_has_no_role_is_refused_by_name_and_is_not_written_down(house: House) -> None:
    text = refused(house.sign_in(claims={"groups": ["x"], "email": "eve<b>@x.example"}), "no role here")
    assert "eve&lt;b&gt;@x.example" in text
    assert house.book.people() == []
    for claims in ({"email": None}, {"email_verified": False}, {"email_verified": None}, {"email": "a\nb"}):
        refused(house.sign_in(claims=claims), "no name for you")
    refused(house.sign_in(claims={"email": "x" * 101}), "no name for you")


def test_a_name_belongs_to_the_account_that_came_first_until_an_admin_says_otherwise(house: House) -> None:
    house.book.add("ann@example.com", {Role.ADMIN}, None)
    assert house.sign_in().status_code == 303
    refused(house.sign_in(claims={"sub": "2"}), "Somebody else came in under your name")
    # The account keeps its name here, whatever it is called there by now.
    assert house.sign_in(claims={"email": "ann.new@example.com"}).status_code == 303
    assert house.client.get("/api/settings").json()["actor"] == "ann@example.com"
    house.book.change("ann@example.com", unlink=True)
    assert house.sign_in(claims={"sub": "2"}).status_code == 303


def test_others_get_the_role_that_the_server_was_told_and_claims_may_lie_deep(house: House) -> None:
    told = Oidc(
        house.provider.url, CLIENT, SECRET, claim="realm_access.roles", roles={"boss": frozenset({Role.ADMIN})},
        name="preferred_username", unknown=frozenset({Role.READER}),
    )  # fmt: skip
    app = create_app(
        lambda: assay.open(house.root), Settings("oidc", limits=MANY, oidc=told), clock=house.clock
    )
    other = replace(house, client=TestClient(app, base_url=BASE, follow_redirects=False))
    for name, roles, expected in (("小王", [], "reader"), ("bo", ["boss"], "admin"), ("cy", "boss", "admin")):
        claims = {"preferred_username": name, "sub": name, "realm_access": {"roles": roles}}
        assert other.sign_in(claims=claims).status_code == 303
        assert other.client.get("/api/settings").json()["roles"] == [expected]


def test_over_https_cookies_are_bound_to_this_host(house: House) -> None:
    told = Oidc(house.provider.url, CLIENT, SECRET)
    app = create_app(lambda: assay.open(house.root), Settings("oidc", secure=True, limits=MANY, oidc=told))
    with TestClient(app, base_url="https://127.0.0.1", follow_redirects=False) as client:
        answer = client.get("/login/oidc")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-assay-trip=")
    assert "Secure" in cookie
    assert "redirect_uri=https%3A%2F%2F127.0.0.1%2Flogin%2Foidc%2Fcallback" in answer.headers["location"]


@pytest.mark.parametrize(
    "issuer",
    ["http://login.example.com", "ftp://x", "x", "https://", "https://a:b@x", "https://x#y", "http://127.0.0.1.evil.example",
     "https://x:99999", "https://x y", "http://[::1"],
)  # fmt: skip
def test_an_issuer_is_https_or_on_loopback(issuer: str) -> None:
    with pytest.raises(UsageError):
        _provider(issuer)


def test_the_options_say_who_gets_which_role_and_the_secret_is_none_of_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ASSAY_OIDC_SECRET", SECRET)
    told = _provider("https://login.example.com/realm", ("a=b=reader", "a=b=admin", "c=auditor"))
    assert told is not None
    assert told.roles == {"a=b": {Role.READER, Role.ADMIN}, "c": {Role.AUDITOR}}
    assert told.secret == SECRET
    for wrong in ("reader", "=reader", "a=root"):
        with pytest.raises(UsageError, match="names no role"):
            _provider("https://x", (wrong,))
    assert _provider(None, client=None) is None
    with pytest.raises(UsageError, match="needs both"):
        _provider("https://x", client=None)
    with pytest.raises(UsageError, match="belong together"):
        Settings("oidc")
    with pytest.raises(UsageError, match="belong together"):
        Settings("password", oidc=told)


def _provider(issuer: str | None, role_map: tuple[str, ...] = (), client: str | None = CLIENT) -> Oidc | None:
    return provider(
        issuer=issuer, client=client, role_map=role_map, claim="groups", person="email", unknown=(), oidc_hosts=()
    )  # fmt: skip


def test_the_command_says_what_is_missing_and_what_is_not_safe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assay.init(tmp_path / ".assay", actor="ann")
    whole = ["--oidc-issuer", "https://login.example.com", "--oidc-client", "assay"]
    for words, said in (
        (["--mode", "oidc"], "--oidc-issuer"),
        (["--oidc-role", "a=reader"], "no identity provider was named"),
        (whole, "belong together"),
        (["--mode", "oidc", "--host", "0.0.0.0", *whole], "needs HTTPS"),
        (["--mode", "oidc", *whole[:3], "x", "--oidc-issuer", "http://login.example.com"], "must be https"),
    ):
        assert run(["serve", *words]) == 2, words
        assert said in " ".join(capsys.readouterr().err.split()), words
    monkeypatch.setitem(sys.modules, "joserfc", None)
    for name in ("issuer", "id_token"):
        monkeypatch.delitem(sys.modules, f"assay.web.access.{name}", raising=False)
    assert run(["serve", "--mode", "oidc", *whole]) == 2
    assert "assay-data[web,oidc]" in capsys.readouterr().err
