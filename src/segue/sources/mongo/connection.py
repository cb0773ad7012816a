"""Connections to MongoDB, and what goes wrong with them in words."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from segue.errors import SegueError, SourceError
from segue.sources.mongo.address import Address

if TYPE_CHECKING:
    from pymongo import MongoClient
    from pymongo.database import Database
    from pymongo.errors import PyMongoError

_REFUSED_LOGIN = (18, 8000)  # AuthenticationFailed; Atlas's own number
_NOT_ALLOWED = 13
_CLOSING_S = 1.0  # for the server to be told that nothing more is asked of it


@contextlib.contextmanager
def connect(address: Address, *, doing: str = "") -> Iterator[Database[dict[str, Any]]]:
    """The database, closed afterwards; its faults become ours.

    Parameters
    ----------
    doing : what to say of the work so far where the connection fails

    Raises
    ------
    SourceError
        Where no server answers, it refuses the login, or does not do what it is asked.
    """
    from bson.binary import UuidRepresentation
    from bson.codec_options import CodecOptions, DatetimeConversion
    from bson.errors import BSONError
    from pymongo.errors import PyMongoError

    # A document with a wrong letter or a date beyond the calendar is no reason to lose it.
    options: CodecOptions[dict[str, Any]] = CodecOptions(
        tz_aware=True,
        uuid_representation=UuidRepresentation.STANDARD,
        unicode_decode_error_handler="replace",
        datetime_conversion=DatetimeConversion.DATETIME_AUTO,
    )
    client = address.client()
    try:
        _wait_for_server(client, address.patience_s(client))
        yield client.get_database(address.database, codec_options=options)
    except (PyMongoError, BSONError) as error:
        raise to_segue_error(error, address, doing) from None  # the driver's text may hold the login
    finally:
        _close(client)


def _close(client: MongoClient[dict[str, Any]]) -> None:
    """Close a client soon: it ends its sessions at the server, and would wait long for one that is gone."""
    from pymongo import timeout

    with timeout(_CLOSING_S):
        client.close()


def _wait_for_server(client: MongoClient[dict[str, Any]], patience_s: float) -> None:
    """Wait until a server answers; where each refuses or none has its name, no longer than the driver does.

    So a wrong address is told soon, and a database that sleeps or a machine that is busy has its time.
    """
    from pymongo.errors import AutoReconnect, NetworkTimeout, ServerSelectionTimeoutError

    ends = time.monotonic() + patience_s
    while True:
        try:
            client.admin.command("ping")
        except ServerSelectionTimeoutError:
            errors = [server.error for server in client.topology_description.server_descriptions().values()]
            refused = all(error and not isinstance(error, NetworkTimeout) for error in errors)
            if refused or time.monotonic() >= ends:
                raise
        except AutoReconnect:
            return  # it was found: the next question has time-outs of its own
        else:
            return


def to_segue_error(error: PyMongoError | Exception, address: Address, doing: str = "") -> SegueError:
    """One line on what happened and what to do."""
    from pymongo.errors import ConnectionFailure, OperationFailure

    then = f"; {doing}" if doing else ""
    if isinstance(error, OperationFailure):
        if error.code in _REFUSED_LOGIN:
            return SourceError(
                f"{address.server} refuses the login: check user and password, and which database knows the "
                f"user (?authSource=admin){then}"
            )
        if error.code == _NOT_ALLOWED:
            return SourceError(f"{address} does not allow this user that: {_reason(error, address)}{then}")
        return SourceError(f"{address} answers with an error: {_reason(error, address)}{then}")
    if isinstance(error, ConnectionFailure):
        return SourceError(
            f"no MongoDB answers at {address.server}: {_reason(error, address)}; "
            f"see that it runs and can be reached from here{then}"
        )
    return SourceError(f"{address}: {_reason(error, address)}{then}")


def _reason(error: PyMongoError | Exception, address: Address) -> str:
    """The driver's first words: what follows is for its developers."""
    text = str(error)
    for rest in (", full error:", " (configured timeouts", ", Timeout:", "\n"):
        text = text.partition(rest)[0]
    return address.conceal(text[:300])
