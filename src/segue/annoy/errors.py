"""Errors that are Segue's and, for programs written for Annoy, of the class that Annoy raises too."""

from __future__ import annotations

from segue.errors import IndexFormatError, UsageError, VectorError


class ItemError(UsageError, IndexError):
    """An item's number is negative, or nothing was added under it."""


class SizeError(VectorError, IndexError):
    """A vector has another number of values than ``f``."""


class NoVectorError(VectorError, TypeError):
    """What was given is no list of numbers: text, say, or one number."""


class FileError(IndexFormatError, OSError):
    """A file is no index, is damaged, or is of another ``f`` or metric."""


class SavingError(UsageError, OSError):
    """There is nothing to save yet, or nothing can be written there."""
