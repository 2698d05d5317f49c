"""/settings: how the interface looks to one, one's own sessions and tokens, what the server and the registry are."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final, Literal

from pydantic import BaseModel, Field

from assay.errors import NotFound, UsageError
from assay.store import layout
from assay.web.access.book import Book, Token
from assay.web.access.roles import TABLE, Permission, Role
from assay.web.asking import Ask
from assay.web.routing import Done, Page, Pages

pages = Pages()
AT_ONCE: Final = 200_000_000
"""Bytes of a registry up to which all of it is looked through while somebody waits."""
_DAY: Final = 86_400
_MOST: Final = 200


class ViewPage(Page):
    """How the interface looks to who asks, and who that is."""

    section: str = "view"
    language: str
    keys: bool
    actor: str
    how: str
    roles: list[str]
    permissions: list[str]


class View(BaseModel):
    """Choices that a browser keeps."""

    language: Literal["en", "zh"]
    keys: Literal["on", "off"] = "off"


class SessionLine(BaseModel):
    """A session of who asks. Times as RFC 3339."""

    id: str
    created: str
    seen: str
    current: bool


class TokenLine(BaseModel):
    """A token, without its secret. `state`: holds, expired or revoked."""

    id: str
    person: str
    roles: list[str]
    label: str
    created: str
    expires: str
    used: str | None
    state: str


class AccessPage(Page):
    """One's own sessions and tokens. `asks` False: the server serves its owner, and nobody logs in. `may_make`: tokens
    are made by who logged in, not by a token."""

    section: str = "access"
    asks: bool
    may_make: bool
    sessions: list[SessionLine]
    tokens: list[TokenLine]
    roles: list[str]


class NewToken(BaseModel):
    """A token for who asks, with at most the roles that they have here."""

    label: str = Field(default="", max_length=200)
    roles: list[Role] = Field(min_length=1)
    days: int = Field(default=90, ge=1, le=365)


class Named(BaseModel):
    """A token or a session by its id."""

    id: str = Field(max_length=64)


class Once(Page):
    """A secret as it is shown, the one time; `see`: where to go on."""

    said: str
    see: str
    secret: str


class ServerPage(Page):
    """What the server is. `issuer`: the identity provider, "" where there is none."""

    section: str = "server"
    version: str
    mode: str
    issuer: str
    hosts: list[str]
    https: bool
    readers: int
    body: int
    upload: int
    asked: int
    unsafe: int
    logins: int


class Ailing(BaseModel):
    """One thing that ails the registry."""

    code: str
    file: str
    what: str
    state: str


class RegistryPage(Page):
    """What the registry is, and what ails it. `done` False: it is too large to be looked through while somebody waits,
    or nobody asked for it."""

    section: str = "registry"
    id: str
    entries: int
    datasets: int
    files: int
    bytes: int
    at_once: int = AT_ONCE
    done: bool
    well: bool
    ailments: list[Ailing]


@pages.page("/settings", Permission.READ, "settings.html")
def view(ask: Ask) -> ViewPage:
    """How the interface looks to who asks."""
    me = ask.identity
    return ViewPage(
        command="assay access list" if ask.book is not None else "assay serve --mode local",
        language=ask.language,
        keys=ask.keys,
        actor=me.actor,
        how=me.how,
        roles=sorted(me.roles),
        permissions=[one.value for one in TABLE if me.may(one)],
    )


@pages.act("/settings/view", Permission.READ)
def choose(ask: Ask, form: View) -> Done:
    """Choose the interface's language, and whether single keys act."""
    kept: dict[str, str] = {"language": form.language, "keys": form.keys}
    return Done(said="kept in this browser", see="/settings", remember=kept)


@pages.page("/settings/access", Permission.READ, "settings_access.html")
def access(ask: Ask) -> AccessPage:
    """One's own sessions and tokens."""
    me, book = ask.identity, ask.book
    if book is None:
        return AccessPage(
            command="assay serve --mode password",
            asks=False,
            may_make=False,
            sessions=[],
            tokens=[],
            roles=[],
        )
    mine = [one for one in book.tokens() if one.person == me.actor][:_MOST]
    return AccessPage(
        command="assay access list",
        asks=True,
        may_make=_may_make(ask),
        sessions=[
            SessionLine(id=one.id, created=spelled(one.created), seen=spelled(one.seen), current=one.current)
            for one in book.sessions(me.actor, me.session or "")
        ],
        tokens=[line_of(one, ask.now) for one in mine],
        roles=sorted(_givable(ask)),
    )


@pages.page("/settings/access/tokens", Permission.READ, "once.html", method="POST")
def make(ask: Ask, form: NewToken) -> Once:
    """Make a token for oneself. It is shown now and never again."""
    me = ask.identity
    if not _may_make(ask):
        raise UsageError(
            "tokens are made by who logged in", "log in, or ask an admin: assay access token NAME"
        )
    if not set(form.roles) <= (held := _givable(ask)):
        raise UsageError("a token has at most the roles that the book gives you", ", ".join(sorted(held)))
    made = book_of(ask).make_token(me.actor, form.roles, form.label.strip(), form.days * _DAY)
    return Once(
        command="assay access list",
        said=f"token {made.id} for {me.actor}, {form.days} days",
        see="/settings/access",
        secret=made.text,
    )


@pages.act("/settings/access/revoke", Permission.READ)
def revoke(ask: Ask, form: Named) -> Done:
    """End one of one's own tokens."""
    book = book_of(ask)
    if not any(one.id == form.id and one.person == ask.identity.actor for one in book.tokens()):
        raise NotFound(f"you have no token {form.id!r}", "the page of your tokens lists them")
    book.revoke(form.id)
    return Done(said=f"token {form.id} has ended", see="/settings/access")


@pages.act("/settings/access/end", Permission.READ)
def end(ask: Ask, form: Named) -> Done:
    """End one of one's own sessions."""
    book_of(ask).end_of(ask.identity.actor, form.id)
    return Done(said=f"session {form.id} has ended", see="/settings/access")


@pages.page("/settings/server", Permission.READ, "settings_server.html")
def server(ask: Ask) -> ServerPage:
    """How the server runs: for whom, under which names, within which bounds."""
    from assay import __version__

    settings, limits = ask.settings, ask.settings.limits
    return ServerPage(
        command="assay serve --help", version=__version__, mode=settings.mode,
        issuer="" if settings.oidc is None else settings.oidc.issuer, hosts=list(settings.hosts),
        https=settings.secure, readers=settings.readers, body=limits.body, upload=limits.upload, asked=limits.asked,
        unsafe=limits.unsafe, logins=limits.logins,
    )  # fmt: skip


@pages.page("/settings/registry", Permission.ADMINISTER, "settings_registry.html")
def registry(ask: Ask, check: bool = False) -> RegistryPage:
    """What the registry is; with `check`, what ails it, where that can be told at once."""
    held = ask.registry
    stats = [one for prefix in ("objects/", "log/") for one in held.store.storage.list(prefix)]
    size = sum(one.bytes for one in stats)
    done = check and size <= AT_ONCE
    found = held.keeping.doctor(dry_run=True) if done else None
    return RegistryPage(
        command="assay doctor --dry-run",
        id=layout.open(held.store.storage).id,
        entries=held.store.log.head()[0],
        datasets=len(held.store.lines()),
        files=len(stats),
        bytes=size,
        done=done,
        well=found is not None and found.well,
        ailments=[Ailing.model_validate(one.as_json()) for one in found.ailments[:_MOST]] if found else [],
    )


def _may_make(ask: Ask) -> bool:
    """Whether who asks showed a password: a token that makes tokens would outlive its own end."""
    return ask.identity.how == "session" and ask.settings.mode != "token" and bool(_givable(ask))


def _givable(ask: Ask) -> frozenset[Role]:
    """The roles that a token of theirs may have: those of the book. What an identity provider vouches for holds for a
    session; a token would outlive it."""
    return ask.identity.roles & book_of(ask).person(ask.identity.actor).roles


def book_of(ask: Ask) -> Book:
    """The book of who may come in. Raises UsageError where nobody is asked."""
    if ask.book is None:
        raise UsageError(
            "the server serves its owner: there are no people and tokens", "assay serve --mode password"
        )
    return ask.book


def spelled(seconds: float) -> str:
    """A moment as RFC 3339, UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def line_of(one: Token, now: float) -> TokenLine:
    """A token as a page shows it."""
    state = "revoked" if one.revoked is not None else "expired" if one.expires <= now else "holds"
    return TokenLine(
        id=one.id, person=one.person, roles=sorted(one.roles), label=one.label, created=spelled(one.created),
        expires=spelled(one.expires), used=None if one.used is None else spelled(one.used), state=state,
    )  # fmt: skip
