"""Whether a client has the answer already (RFC 9110, section 13)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def is_unchanged(headers: Mapping[str, str], tag: str, modified_at: float | None = None) -> bool:
    """Whether 304 is the answer to a request with these headers.

    Parameters
    ----------
    tag : of the answer, as in its ``ETag``
    modified_at : seconds since 1970; compared only where the client names no tags
    """
    tags = headers.get("if-none-match")
    if tags is not None:
        plain = tag.removeprefix("W/")
        return any(one.strip().removeprefix("W/") in (plain, "*") for one in tags.split(","))
    since = _date(headers.get("if-modified-since", ""))
    return since is not None and modified_at is not None and int(modified_at) <= since.timestamp()


def _date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):  # no date, which is to be ignored
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)
