"""Passwords, kept as Argon2id hashes: whoever reads the file cannot log in with what is there."""

from __future__ import annotations

import functools
import secrets
from typing import TYPE_CHECKING

from segue.errors import MissingExtraError, UsageError

if TYPE_CHECKING:
    from argon2 import PasswordHasher

SHORTEST, LONGEST = 8, 300  # characters


def check_new_password(password: str) -> None:
    """Raises UsageError where a password is too short, or longer than anybody types."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise UsageError(f"the password has {len(password)} characters, expected {SHORTEST} to {LONGEST}")


def hash_password(password: str) -> str:
    """With a salt of its own, by the parameters that argon2-cffi recommends; 64 MiB and some 50 ms.

    Raises
    ------
    MissingExtraError
    """
    return hasher().hash(password)


def is_password(password: str, stored_hash: str | None) -> bool:
    """Whether a password is the one that was hashed; without a hash, no, after as long a time."""
    from argon2.exceptions import InvalidHashError, VerificationError

    try:
        return hasher().verify(stored_hash or _nobodys(), password) and stored_hash is not None
    except (VerificationError, InvalidHashError):
        return False


def needs_new_hash(stored_hash: str) -> bool:
    """Whether it was made by parameters that are no longer recommended."""
    return hasher().check_needs_rehash(stored_hash)


@functools.cache
def hasher() -> PasswordHasher:
    """What makes and checks hashes. Raises MissingExtraError."""
    try:
        from argon2 import PasswordHasher
    except ImportError as error:
        raise MissingExtraError("Users with passwords", "serve") from error
    return PasswordHasher()


@functools.cache
def _nobodys() -> str:
    """A hash that no password fits: a name that does not exist takes as long as one that does."""
    return hash_password(secrets.token_hex())
