"""What the player's page and its documentation say: no retired words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.retired_words import PAGE

ROOT = Path(__file__).resolve().parents[1]
SOURCES = [path for path in sorted((ROOT / "web" / "src").rglob("*.ts*")) if path.name != "types.ts"]
RETIRED = re.compile(rf"\b({'|'.join(map(re.escape, PAGE))})\b", re.IGNORECASE)

COMMENT = re.compile(r"/\*.*?\*/|(?<![:\"'`])//[^\n]*", re.DOTALL)
LITERAL = re.compile(r'"([^"\n]*)"|`([^`]*)`')
JSX_TEXT = re.compile(r"[>}]([^<>{}=;]+)[<{]")


def texts(source: str) -> list[str]:
    """The string literals and the JSX text of a TypeScript file, without addresses and modules."""
    code = COMMENT.sub("", source)
    literals = [plain or re.sub(r"\$\{[^}]*\}", " ", template) for plain, template in LITERAL.findall(code)]
    return [text for text in (*literals, *JSX_TEXT.findall(code)) if not text.startswith(("/", "./", "../"))]


def test_the_texts_of_a_file_are_found():
    source = """import { a } from "./house"; // a comment
    const title = `Tracks ${n}`; /* another */
    const page = <p title="A tooltip">Some <b>bold</b> text {n} more</p>;"""
    found = " ".join(texts(source))
    for text in ("Tracks ", "A tooltip", "Some ", "bold", " text ", " more"):
        assert text in found
    assert "comment" not in found
    assert "house" not in found


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT / "web" / "src").as_posix())
def test_the_player_says_no_retired_word(path: Path):
    retired = [(word, text) for text in texts(path.read_text("utf-8")) for word in RETIRED.findall(text)]
    assert not retired


def test_the_players_documentation_says_no_retired_word():
    assert not RETIRED.findall((ROOT / "docs" / "web.md").read_text("utf-8"))
