"""What MkDocs calls: adds pages made from the code, and mends links that lead out of ``docs/``."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from posixpath import dirname, normpath, relpath
from typing import Any

from mkdocs.structure.files import File

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "src")]  # MkDocs loads this file by its path

from docs_site import reference  # noqa: E402

# Pages of the root that are pages of the site too, under names that no file in docs/ has.
FROM_ROOT = {
    "ARCHITECTURE.md": "architecture.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "README.md": "index.md",
}
GENERATED: dict[str, Callable[[], str]] = {
    "reference/cli.md": reference.commands_page,
    "reference/api.md": reference.python_page,
}
_LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s#]+)(#[^)\s]*)?\)")


def on_files(files: Any, config: Any) -> Any:
    for name, page in FROM_ROOT.items():
        if page != "index.md" and (ROOT / name).exists():
            text = relinked((ROOT / name).read_text("utf-8"), name, page)
            files.append(File.generated(config, page, content=text))
    for page, make in GENERATED.items():
        files.append(File.generated(config, page, content=make()))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    if page.file.generated_by is not None:
        return markdown
    return relinked(markdown, f"docs/{page.file.src_uri}", page.file.src_uri)


def relinked(text: str, path: str, page: str) -> str:
    """The text of a file of the repository, with its links as its page of the site has them.

    A link to a file that is no page of the site, such as a program, leaves its text as code.
    """

    def link(match: re.Match[str]) -> str:
        picture, label, target, anchor = match[1], match[2], match[3], match[4] or ""
        if "://" in target or target.startswith("mailto:"):
            return match[0]
        wanted = normpath(f"{dirname(path)}/{target}".lstrip("/"))
        on_site = wanted.removeprefix("docs/") if wanted.startswith("docs/") else FROM_ROOT.get(wanted)
        if on_site is None:
            return f"{label} (`{wanted}`)"
        return f"{picture}[{label}]({relpath(on_site, dirname(page) or '.')}{anchor})"

    return _LINK.sub(link, text)
