"""The command ``segue`` in a process for which VGGish is the narrow one: FOLDER-OF-ITS-FILES ARGUMENTS..."""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    from segue.cli import main
    from segue.embed.models import MODELS
    from tests import small_vggish

    published = {path.name: path for path in Path(sys.argv.pop(1)).iterdir()}
    MODELS["vggish"] = small_vggish.known(dict(sorted(published.items())))  # type: ignore[index]
    main()
