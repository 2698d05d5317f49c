"""/settings/people: who may come in, with which roles."""

from __future__ import annotations

from typing import Any, Final

from pydantic import BaseModel, Field

from assay.errors import UsageError
from assay.web.access.roles import TABLE, Permission, Role
from assay.web.asking import Ask
from assay.web.pages.settings import Named, TokenLine, book_of, line_of, spelled
from assay.web.routing import Done, Page, Pages

pages = Pages()
_MOST: Final = 500


class PersonLine(BaseModel):
    """Somebody in the book. `shut`: no longer let in. `linked`: an account of the identity provider is theirs."""

    name: str
    roles: list[str]
    created: str
    shut: bool
    has_password: bool
    linked: bool
    tokens: int


class PeoplePage(Page):
    """Everybody who may come in, and every token. `may`: permission → the roles that have it."""

    section: str = "people"
    asks: bool
    people: list[PersonLine]
    tokens: list[TokenLine]
    roles: list[str]
    may: dict[str, list[str]]
    me: str


class NewPerson(BaseModel):
    """Somebody new. Without a password they come in with a token alone."""

    name: str = Field(min_length=1, max_length=100)
    roles: list[Role] = Field(min_length=1)
    password: str = Field(default="", max_length=1_000, repr=False)


class Change(BaseModel):
    """Somebody's roles, and whether they are shut out. Their sessions end."""

    name: str = Field(max_length=100)
    roles: list[Role] = Field(min_length=1)
    shut: bool = False
    password: str = Field(default="", max_length=1_000, repr=False)


@pages.page("/settings/people", Permission.ADMINISTER, "settings_people.html")
def people(ask: Ask) -> PeoplePage:
    """Who may come in, and with which roles."""
    may = {one.value: sorted(TABLE[one]) for one in TABLE}
    told: dict[str, Any] = {"roles": [one.value for one in Role], "may": may, "me": ask.identity.actor}
    if ask.book is None:
        return PeoplePage(command="assay serve --mode password", asks=False, people=[], tokens=[], **told)
    tokens = ask.book.tokens()
    lines = [
        PersonLine(
            name=one.name, roles=sorted(one.roles), created=spelled(one.created), shut=one.shut,
            has_password=one.has_password, linked=one.linked, tokens=sum(each.person == one.name for each in tokens),
        )
        for one in ask.book.people()[:_MOST]
    ]  # fmt: skip
    shown = [line_of(one, ask.now) for one in tokens[:_MOST]]
    return PeoplePage(command="assay access list", asks=True, people=lines, tokens=shown, **told)


@pages.act("/settings/people/add", Permission.ADMINISTER)
def add(ask: Ask, form: NewPerson) -> Done:
    """Write somebody into the book."""
    book, name = book_of(ask), form.name.strip()
    if not name or not name.isprintable():
        raise UsageError(f"{form.name!r} is no name", "letters, without controls")
    book.add(name, form.roles, _hashed(form.password))
    return Done(said=f"{name} may come in", see="/settings/people")


@pages.act("/settings/people/change", Permission.ADMINISTER)
def change(ask: Ask, form: Change) -> Done:
    """Give somebody other roles or another password, or shut them out. Nobody does that to their own admin role."""
    if form.name == ask.identity.actor and (form.shut or Role.ADMIN not in form.roles):
        raise UsageError("you cannot shut yourself out", "another admin can")
    book_of(ask).change(form.name, roles=form.roles, password=_hashed(form.password), shut=form.shut)
    return Done(said=f"{form.name} was changed; their sessions have ended", see="/settings/people")


@pages.act("/settings/people/revoke", Permission.ADMINISTER)
def revoke(ask: Ask, form: Named) -> Done:
    """End anybody's token."""
    book_of(ask).revoke(form.id)
    return Done(said=f"token {form.id} has ended", see="/settings/people")


def _hashed(password: str) -> str | None:
    from assay.web.access.passwords import hashed

    return hashed(password) if password else None
