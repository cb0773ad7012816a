"""``segue feedback``: what is liked and disliked, given, taken back, written to a file and read again."""

from __future__ import annotations

import csv
import io
import json
import shutil
import sys
from pathlib import Path

import pytest

from segue.export.feedback import (
    COLUMNS,
    feedback_records,
    import_feedback,
    read_records,
    write_csv,
    write_json,
)
from segue.library import Library


@pytest.fixture
def run(segue, scanned: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Run a command on a library that may be changed."""
    shutil.copytree(scanned, tmp_path / "library")
    monkeypatch.setenv("SEGUE_LIBRARY", str(tmp_path / "library"))

    def command(*words: str) -> tuple[int, str, str]:
        code, out, err = segue(*words)
        return code, out, err

    return command


@pytest.fixture
def judged(scanned: Path, tmp_path: Path):
    """A library with two likes and a dislike."""
    shutil.copytree(scanned, tmp_path / "judged")
    with Library.open(tmp_path / "judged") as library:
        library.like(["Low number 1", "High number 2"])
        library.dislike("Noise number 3", seed=library.find("Noise number 0").id)
        yield library


def verdicts(library: Library) -> dict[str, str]:
    return {library[one.track].title: one.verdict for one in library.feedback.latest()}


def test_a_dislike_changes_the_next_answer_and_undo_brings_it_back(run):
    before = run("similar", "low number 0", "-k", "5")[1]
    assert "Low number 1" in before
    assert run("feedback", "dislike", "low number 1")[1] == "disliked: The Lows - Low number 1\n"
    after = run("similar", "low number 0", "-k", "5")[1]
    assert "The Lows" in after
    assert after.count("Low number 1") == after.count("close to Low number 1, which you dislike") > 0
    assert run("similar", "low number 0", "-k", "5", "--no-feedback")[1] == before
    assert "(you dislike it)" in run("why", "low number 0", "low number 1")[1]
    assert run("feedback", "undo")[1] == "taken back: disliked The Lows - Low number 1\n"
    assert run("similar", "low number 0", "-k", "5")[1] == before
    assert run("feedback", "undo")[::2] == (1, "there was nothing to take back\n")


def test_the_list_says_what_is_thought_of_what_since_when(run):
    assert run("feedback")[::2] == (
        0,
        "nothing is liked or disliked yet; to begin: segue feedback like TRACK\n",
    )
    run("feedback", "like", "low number 1", "high number 1")
    run("feedback", "dislike", "low number 1")
    lines = run("feedback")[1].splitlines()
    assert [line.split()[:2] for line in lines] == [
        ["verdict", "track"],
        ["dislike", "Low"],
        ["like", "High"],
    ]
    (newest, oldest) = json.loads(run("feedback", "list", "--json")[1])
    assert (newest["title"], newest["verdict"], oldest["title"]) == (
        "Low number 1",
        "dislike",
        "High number 1",
    )
    assert newest["id"] in run("feedback", "list", "--ids", "--limit", "1")[1]


def test_the_last_few_are_taken_back_at_once(run):
    run("feedback", "like", "low number 1", "low number 2", "low number 3")
    assert run("feedback", "undo", "--last", "2")[1].splitlines() == [
        "taken back: liked The Lows - Low number 3",
        "taken back: liked The Lows - Low number 2",
    ]
    assert len(json.loads(run("feedback", "list", "--json")[1])) == 1


def test_all_is_forgotten_only_when_that_is_meant(run, monkeypatch: pytest.MonkeyPatch):
    run("feedback", "like", "low number 1")
    code, _, err = run("feedback", "clear")
    assert (code, "segue feedback clear --yes" in err) == (2, True)
    terminal = io.StringIO("n\n")
    terminal.isatty = lambda: True  # type: ignore[method-assign]
    monkeypatch.setattr(sys, "stdin", terminal)
    assert run("feedback", "clear")[0] == 130
    assert "Low number 1" in run("feedback")[1]
    assert run("feedback", "clear", "--yes")[1] == "1 likes and dislikes forgotten\n"


@pytest.mark.parametrize("ending", ["json", "csv"])
def test_what_is_exported_is_imported_into_another_library_of_the_same_files(
    judged: Library, music: dict[str, Path], tmp_path: Path, run, ending: str
):
    file = tmp_path / f"likes.{ending}"
    with file.open("w", encoding="utf-8", newline="") as out:
        write = write_csv if ending == "csv" else write_json
        write(feedback_records(judged.feedback, judged.tracks), out)
    with Library.open(tmp_path / "other", create=True, embedders=["descriptors"]) as other:
        other.scan(next(iter(music.values())).parent)
        report = import_feedback(
            read_records(file.read_text("utf-8"), file.name), other.feedback, other.tracks
        )
        assert (report.imported, report.unchanged, report.not_found) == (3, 0, ())
        assert verdicts(other) == verdicts(judged)
        assert [one.at for one in other.feedback.latest()] == [one.at for one in judged.feedback.latest()]
    assert run("feedback", "import", str(file))[1] == "3 imported, 0 unchanged, 0 not found\n"
    assert run("feedback", "import", str(file))[1] == "0 imported, 3 unchanged, 0 not found\n"
    file.write_text(file.read_text("utf-8"), "utf-8-sig")  # as spreadsheets and editors save it
    assert run("feedback", "import", str(file))[1] == "0 imported, 3 unchanged, 0 not found\n"


def test_tracks_are_found_by_what_they_are_called_and_the_later_verdict_stays(judged: Library):
    low, high = judged.find("Low number 1"), judged.find("High number 2")
    records = [
        {
            "verdict": "dislike", "at": 5.0, "id": "gone",
            "title": "low NUMBER 1", "artist": "the lows", "album": "Low",
        },
        {"verdict": "dislike", "at": 1e12, "id": "gone", "title": "moved", "content_hash": high.content_hash},
        {"verdict": "like", "at": 5.0, "id": "gone", "title": "Low number 2", "artist": "Somebody else"},
    ]  # fmt: skip
    report = import_feedback(records, judged.feedback, judged.tracks)
    assert (report.imported, report.unchanged, report.not_found) == (1, 1, ("Low number 2",))
    assert judged.feedback.verdicts([low.id, high.id]) == {low.id: "like", high.id: "dislike"}


def test_what_the_library_lacks_is_named(run, tmp_path: Path):
    file = tmp_path / "likes.csv"
    file.write_text("verdict,at,id,title\nlike,5,x,Lost Song\n")
    assert run("feedback", "import", str(file)) == (
        2, "0 imported, 0 unchanged, 1 not found\n", "not in the library: Lost Song\n",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[{"id": "x", "at": 1, "verdict": "meh"}]', "record 1: the verdict is 'meh'; expected like"),
        ('[{"id": "x", "at": null, "verdict": "like"}]', "record 1: 'at' is None; expected seconds"),
        ("[1]", "record 1: it has no id"),
        ("[{", "neither JSON nor CSV"),
        ("verdict,at,id\nlike,soon,x\n", "record 1: 'at' is 'soon'"),
        ("verdict,at,id\nlike,nan,x\n", "record 1: 'at' is 'nan'"),
    ],
)
def test_a_file_of_something_else_is_told_plainly(run, tmp_path: Path, text: str, message: str):
    file = tmp_path / "likes.json"
    file.write_text(text)
    code, _, err = run("feedback", "import", str(file))
    assert code == 2
    assert message in err
    assert "Traceback" not in err


def test_an_export_has_a_line_for_what_has_gone_from_the_library(judged: Library, run, tmp_path: Path):
    judged.feedback.give(["gone"], "like")
    records = feedback_records(judged.feedback, judged.tracks)
    assert (records[0]["id"], records[0]["title"]) == ("gone", None)
    out = io.StringIO()
    write_csv(records, out)
    assert len(list(csv.DictReader(io.StringIO(out.getvalue())))) == 4
    assert tuple(out.getvalue().splitlines()[0].split(",")) == COLUMNS
    run("feedback", "like", "low number 1")
    target = tmp_path / "likes.csv"
    assert run("feedback", "export", "-o", str(target))[0] == 0
    assert target.read_text("utf-8").splitlines()[1].startswith("like,")
