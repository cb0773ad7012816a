"""The address of a database: what of it may be shown, and what is secret."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

from segue.errors import MissingExtraError, UsageError

if TYPE_CHECKING:
    from pymongo import MongoClient

PATIENCE_S = 30.0  # for a server that has not answered yet
WAITS = {
    "serverSelectionTimeoutMS": 5.0,  # for one that is lost, or refuses connections
    "socketTimeoutMS": 60.0,  # for one answer
}
_SECRET = re.compile(r"password|properties|token", re.IGNORECASE)  # options whose values are not shown


@dataclass(frozen=True, slots=True)
class Address:
    """Where a database is; its text has no login in it.

    Attributes
    ----------
    uri : as it was given, with the login
    server : scheme and hosts
    secrets : what no message may hold
    options : names of the driver's options that the address sets, in lower case
    """

    uri: str = field(repr=False)
    server: str
    database: str
    secrets: tuple[str, ...] = field(repr=False)
    options: frozenset[str]

    def __str__(self) -> str:
        return f"{self.server}/{self.database}"

    def patience_s(self, client: MongoClient[dict[str, Any]]) -> float:
        """How long to wait for the first answer of a server that neither answers nor refuses."""
        is_set = "serverselectiontimeoutms" in self.options
        return client.options.server_selection_timeout if is_set else PATIENCE_S

    def client(self) -> MongoClient[dict[str, Any]]:
        """A client that has not connected yet; what the address says of time-outs goes before ours."""
        waits = {name: int(1000 * s) for name, s in WAITS.items() if name.lower() not in self.options}
        return _client(self.uri, **waits)

    def conceal(self, text: str) -> str:
        """A text without the secrets."""
        for secret in self.secrets:
            text = text.replace(secret, "…")
        return text


def parse_address(uri: str, database: str | None, *, usual: str | None = None) -> Address:
    """Take an address apart.

    Parameters
    ----------
    uri : mongodb://[user:password@]host[:port][/database][?options], or mongodb+srv://
    database : goes before the one in the address
    usual : the database where neither names one

    Raises
    ------
    UsageError
        Where it is no such address, or there is no database; nothing of it is shown, as any part
        may be a password that was not written as it should be.
    MissingExtraError
    """
    if "://" not in uri:  # the driver takes a bare name for a host
        raise _invalid("it does not begin with mongodb://")
    _client(uri).close()
    scheme, _, rest = uri.partition("://")
    rest, _, query = rest.partition("?")
    authority, _, path = rest.partition("/")
    login, _, hosts = authority.rpartition("@")
    options = dict(parse_qsl(query))
    password = login.partition(":")[2]
    secrets = {
        password,
        unquote(password),
        *(value for name, value in options.items() if _SECRET.search(name)),
    }
    name = database or unquote(path) or usual
    if not name or any(c in name for c in '/\\. "$\0'):
        raise UsageError(
            f"no database given for {hosts}: name one, as in {scheme}://{hosts}/music, or --database"
        )
    return Address(
        uri=uri,
        server=f"{scheme}://{hosts}",
        database=name,
        secrets=tuple(sorted(filter(None, secrets), key=len, reverse=True)),
        options=frozenset(option.lower() for option in options),
    )


def _client(uri: str, **options: Any) -> MongoClient[dict[str, Any]]:
    try:
        from pymongo import MongoClient
        from pymongo.errors import PyMongoError
    except ImportError as error:
        raise MissingExtraError("MongoDB", "mongo") from error
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)  # an option that the driver would pass over
            return MongoClient(uri, connect=False, appname="segue", **options)
    except UserWarning as warning:
        raise UsageError(f"the MongoDB address has an invalid option: {warning}") from None
    except (PyMongoError, ValueError, OSError, TypeError) as error:
        raise _invalid(type(error).__name__) from None


def _invalid(why: str) -> UsageError:
    return UsageError(
        f"the MongoDB address is invalid ({why}): expected mongodb://user:password"
        "@host:27017/database, with %40 for @, %2F for / and %3A for : in user and password"
    )
