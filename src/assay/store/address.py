"""The address of a database, which people may see but for its password."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

from assay.errors import MissingExtra, UsageError

_HIDDEN: Final = ("password", "sslpassword", "passfile", "sslkey", "oauth_client_secret")
_SAID: Final = 300
_HOST: Final = re.compile(r"(\[[0-9a-fA-F:.]+\]|[\w.%-]*)(:\d{1,5})?")


@dataclass(frozen=True, slots=True)
class Address:
    """Where a database is. `shown` is what people may see of it."""

    url: str = field(repr=False)
    shown: str

    @classmethod
    def parse(cls, url: str) -> Address:
        """From postgresql://[user[:password]@][host][:port]/database[?option=value]. Raises UsageError, which does not
        repeat the URL, and MissingExtra where no database can be asked."""
        try:
            parts = urlsplit(url)
        except ValueError:
            parts = urlsplit("")
        hosts = parts.netloc.rpartition("@")[2]
        whole = (
            parts.scheme in ("postgresql", "postgres")
            and all(_HOST.fullmatch(host) for host in hosts.split(","))
            and not parts.fragment
            and not set("@?#:") & set(parts.path)
            and "@" not in parts.query
        )
        if not whole:
            raise UsageError(
                "this is not the address of a PostgreSQL database",
                "give postgresql://user@host/database; a password's signs such as @ / # are written %40 %2F %23",
            )
        if find_spec("psycopg") is None:
            raise MissingExtra("PostgreSQL needs a package", "pip install 'assay-data[postgres]'")
        return cls(url, f"postgresql://{hosts}{parts.path}")

    def without_secrets(self, text: object) -> str:
        """A text in one line, in which nothing that the URL keeps secret stands."""
        parts = urlsplit(self.url)
        given = [value for key, value in parse_qsl(parts.query) if key in _HIDDEN]
        secret = parts.netloc.rpartition("@")[0].partition(":")[2]
        said = str(text)
        for one in sorted({self.url, secret, unquote(secret), *given} - {""}, key=len, reverse=True):
            said = said.replace(one, "***")
        return " ".join(said.split())[:_SAID]
