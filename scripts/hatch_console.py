"""Puts the built console into the wheel, and fails loudly when there is none."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ConsoleHook(BuildHookInterface):  # type: ignore[type-arg]  # the plugin's own configuration type is not exported
    """Called by hatchling for each build."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the console's files to a real wheel; an editable install serves those of the checkout."""
        if version == "editable":
            return
        built = Path(self.root) / "web_console" / "dist"
        if not (built / "index.html").is_file():
            raise RuntimeError("the web console is not built, and the package would lack it: run 'make console' first")
        build_data["force_include"][str(built)] = "api_server/console/site"
