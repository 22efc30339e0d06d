"""Alertmanager, and amtool of the same versions."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any

from tests.servers.parts import Release, program
from tests.servers.server import Server


class Alertmanager(Server):
    """An Alertmanager without cluster.

    Args:
        config: alertmanager.yml as a mapping.
        release: Which version.
    """

    name = "alertmanager"

    def __init__(self, config: Mapping[str, object], release: Release = Release.NEWEST) -> None:
        super().__init__(program("alertmanager", release=release))
        self._config = config

    def prepare(self) -> None:
        """Writes the configuration, and leads to the default templates."""
        self.program.link_share(self.folder)
        (self.folder / "alertmanager.yml").write_text(json.dumps(self._config))

    def command(self) -> Sequence[str | Path]:
        """See Server."""
        return (
            self.program.path,
            f"--config.file={self.folder}/alertmanager.yml",
            f"--storage.path={self.folder}/data",
            f"--web.listen-address={self.http.address}",
            "--cluster.listen-address=",
        )

    def is_ready(self) -> bool:
        """See Server."""
        return self.http.get("/-/ready").status == HTTPStatus.OK

    def alerting(self) -> dict[str, object]:
        """The `alerting` section of a Prometheus that sends its alerts here."""
        targets = [{"targets": [self.http.address]}]
        return {"alertmanagers": [{"static_configs": targets}]}

    def alerts(self) -> list[dict[str, Any]]:
        """The alerts it holds, as the API gives them."""
        return list(self.http.get("/api/v2/alerts").json())


def everything_to(url: str) -> dict[str, object]:
    """A configuration that passes each alert on to a webhook at once, and tells when it clears."""
    route = {
        "receiver": "webhook",
        "group_by": ["..."],
        "group_wait": "0s",
        "group_interval": "1s",
        "repeat_interval": "1h",
    }
    webhook = {"url": url, "send_resolved": True}
    return {"route": route, "receivers": [{"name": "webhook", "webhook_configs": [webhook]}]}


def amtool(
    *arguments: str | Path, release: Release = Release.NEWEST, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Runs amtool, such as `check-config` or `config routes test`, whatever its exit status.

    Raises:
        MissingPartError: the part is not unpacked.
        subprocess.TimeoutExpired: it did not end in time; it has been killed.
    """
    return program("alertmanager", "amtool", release).run(*arguments, cwd=cwd)
