"""``python -m tests.without_root``: the command ``segue``, which may write no more than its user may."""

from __future__ import annotations

from segue.cli import main
from tests.sounds import lose_root_rights

if __name__ == "__main__":
    lose_root_rights()
    main()
