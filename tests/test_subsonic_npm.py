"""OpenSubsonic driven by npm's subsonic-api, whose types say which fields an answer must have."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.browsing import WEB
from tests.serve_process import serving
from web.build_player import CannotBuildError, node_commands

pytestmark = pytest.mark.slow
CLIENT = "subsonic-api@3.3.1"
DRIVE = Path(__file__).parent / "subsonic_npm" / "drive.mjs"
TYPESCRIPT = WEB / "node_modules" / "typescript" / "bin" / "tsc"
BINARY = ("stream", "converted", "cover")
# An answer may have more than the client's types know. OpenSubsonic requires of a song's genres and
# artists the names, and of artists their ids.
CHECK = """
import type { SubsonicAPI } from "subsonic-api";
type Plain = string | number | boolean | Date | null | undefined;
type Lists = unknown[] | undefined;
type Field<K, T> = K extends "artists" | "albumArtists" ? (T extends Lists ? Named[] : Known<T>)
  : [T] extends [string[] | undefined] ? { name: string }[] : Known<T>;
type Named = { id: string; name: string };
type Known<T> = T extends Plain ? T : T extends (infer One)[] ? Known<One>[]
  : { [K in keyof T]: Field<K, T[K]> } & { [name: string]: unknown };
type Answer<M extends keyof SubsonicAPI> =
  SubsonicAPI[M] extends (...given: never[]) => Promise<infer A> ? Known<A> : never;
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """A folder with the client, and the command for Node."""
    folder = tmp_path_factory.mktemp("npm")
    try:
        node, npm = node_commands()
    except CannotBuildError as error:
        pytest.skip(str(error))
    (folder / "package.json").write_text('{"private": true, "type": "module"}')
    quiet = ("--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries", "0")
    done = subprocess.run(
        [*npm, "install", *quiet, CLIENT], cwd=folder, check=False, capture_output=True, text=True
    )
    if done.returncode:
        pytest.skip(f"{CLIENT} cannot be had from npm's registry: {done.stderr.strip().splitlines()[-1]}")
    shutil.copy(DRIVE, folder)
    return folder, node


@pytest.fixture(scope="module")
def answers(
    installed: tuple[Path, list[str]], scanned: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    folder, node = installed
    root = tmp_path_factory.mktemp("driven") / "library"
    shutil.copytree(scanned, root)
    with serving("-l", root, "serve", "--no-open", "--port", 0, "--password", "sesame") as server:
        words = [*node, folder / DRIVE.name, server.address, "sesame"]
        done = subprocess.run(words, check=False, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_client_never_sees_an_error(answers: dict[str, Any]):
    wrong = {
        name: answer for name, answer in answers.items() if name not in BINARY and answer["status"] != "ok"
    }
    assert not wrong
    assert answers["stream"][:2] == [200, "audio/flac"]
    assert answers["converted"][:2] == [200, "audio/mpeg"]
    assert answers["converted"][2] > 10_000
    assert answers["cover"][0] == 200
    (bookmark,) = answers["getBookmarks"]["bookmarks"]["bookmark"]
    assert (bookmark["position"], bookmark["comment"], bookmark["entry"]["title"]) == (
        2500,
        "here",
        "Low number 0",
    )


def test_every_answer_has_the_fields_that_the_published_types_require(
    installed: tuple[Path, list[str]], answers: dict[str, Any], web_player: None
):
    folder, node = installed
    told = {name: answer for name, answer in answers.items() if name not in BINARY}
    lines = [f"export const {name}: Answer<{json.dumps(name)}> = {json.dumps(told[name])};" for name in told]
    assert not compile_errors(folder, node, lines)
    song = {key: value for key, value in told["getSong"]["song"].items() if key != "title"}
    lacking = {**told["getSong"], "song": song}
    errors = compile_errors(folder, node, [f'export const one: Answer<"getSong"> = {json.dumps(lacking)};'])
    assert "title" in errors  # so a field that lacks is seen


def compile_errors(folder: Path, node: list[str], lines: list[str]) -> str:
    (folder / "check.ts").write_text(CHECK + "\n".join(lines) + "\n", "utf-8")
    flags = "--noEmit --strict --skipLibCheck --module nodenext --target es2022 --lib es2022,dom".split()
    words = [*node, TYPESCRIPT, *flags, folder / "check.ts"]
    return subprocess.run(words, cwd=folder, check=False, capture_output=True, text=True).stdout
