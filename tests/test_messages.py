"""Messages as people read them: without the numbers of the system's errors, and one of something is one."""

from __future__ import annotations

from pathlib import Path

import pytest

from segue.errors import LibraryWriteError, UsageError
from segue.library import Library
from segue.texts import reason


def test_the_reason_of_an_error_has_no_number_and_no_path(tmp_path: Path):
    with pytest.raises(OSError, match=r"^\[Errno 2\]") as missing:
        (tmp_path / "none").read_bytes()
    assert reason(missing.value) == "No such file or directory"
    assert reason(ValueError("too long")) == "too long"


def test_a_library_that_cannot_be_made_says_why_in_words(tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(LibraryWriteError, match=r"^cannot create a library in .*: Not a directory$"):
        Library.open(tmp_path / "file" / "library", create=True)


def test_a_library_that_cannot_be_written_to_says_why_in_words(tmp_path: Path):
    with Library.open(tmp_path / "library", create=True) as library:
        (tmp_path / "library" / "writer.lock").unlink(missing_ok=True)
        (tmp_path / "library" / "writer.lock").mkdir()
        with pytest.raises(LibraryWriteError) as refused:
            library.prune()
    assert str(refused.value).endswith("cannot be written to: Is a directory")


def test_one_of_something_is_one(library: Library):
    with pytest.raises(UsageError, match=r"^k is 0, for 1 seed; both must be at least 1$"):
        library.similar("Low number 0", k=0)
    with pytest.raises(UsageError, match=r"^expected 1 weight above 0, one for each seed$"):
        library.similar("Low number 0", weights=[1, 2])
