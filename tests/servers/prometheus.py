"""Prometheus, and promtool of the same versions."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from tests.servers.parts import Release, program
from tests.servers.queries import Queries
from tests.servers.server import Server, ServerError

Config = Mapping[str, object]

REMOTE_WRITE_RECEIVER: Final = "--web.enable-remote-write-receiver"
_EVERY_SECOND: Final = {
    "scrape_interval": "1s",
    "scrape_timeout": "1s",
    "evaluation_interval": "1s",
}


class Prometheus(Queries, Server):
    """A Prometheus that scrapes and evaluates every second unless its configuration says else.

    It takes five to six seconds until it scrapes for the first time and knows its Alertmanagers:
    Prometheus has no setting for that.

    Args:
        config: prometheus.yml as a mapping; `global` and `rule_files` may be absent.
        rules: Text of rule files by file name.
        rule_files: Rule files or patterns to load besides.
        flags: More command line flags, such as REMOTE_WRITE_RECEIVER.
        release: Which version.
        storage: A folder for its data that outlives the block, or holds data already.
    """

    name = "prometheus"

    def __init__(
        self,
        config: Config | None = None,
        *,
        rules: Mapping[str, str] | None = None,
        rule_files: Sequence[Path] = (),
        flags: Sequence[str] = (),
        release: Release = Release.NEWEST,
        storage: Path | None = None,
    ) -> None:
        super().__init__(program("prometheus", release=release))
        self._config = dict(config or {})
        self._rules = dict(rules or {})
        self._rule_files = tuple(rule_files)
        self._flags = tuple(flags)
        self._storage = storage

    def prepare(self) -> None:
        """Writes configuration and rules."""
        rules = self.folder / "rules"
        rules.mkdir(exist_ok=True)
        for stale in rules.iterdir():
            stale.unlink()
        for name, text in self._rules.items():
            (rules / name).write_text(text)
        config = {"global": _EVERY_SECOND, **self._config}
        given = config.get("rule_files", [])
        named = given if isinstance(given, list) else []
        files = [*named, *map(str, self._rule_files), f"{rules}/*"]
        # JSON is YAML.
        (self.folder / "prometheus.yml").write_text(json.dumps({**config, "rule_files": files}))

    def command(self) -> Sequence[str | Path]:
        """See Server."""
        return (
            self.program.path,
            f"--config.file={self.folder}/prometheus.yml",
            f"--storage.tsdb.path={self._storage or self.folder / 'data'}",
            f"--web.listen-address={self.http.address}",
            "--web.enable-lifecycle",
            # A hidden flag: targets that have been discovered could wait five seconds more.
            "--scrape.discovery-reload-interval=100ms",
            *self._flags,
        )

    def is_ready(self) -> bool:
        """See Server."""
        return self.http.get("/-/ready").status == HTTPStatus.OK

    def reload(
        self, config: Config | None = None, *, rules: Mapping[str, str] | None = None
    ) -> None:
        """Replaces what is given and loads it all again.

        Raises:
            ServerError: Prometheus refuses it; with what it said.
        """
        self._config = self._config if config is None else dict(config)
        self._rules = self._rules if rules is None else dict(rules)
        self.prepare()
        answer = self.http.post("/-/reload")
        if answer.status != HTTPStatus.OK:
            raise ServerError(f"Prometheus refused to reload: {answer.text}\n{self.log(12)}")

    def groups(self) -> list[dict[str, Any]]:
        """Rule groups with their rules, health and last errors, as the API gives them."""
        return list(self.api("rules")["groups"])

    def rule_errors(self) -> list[str]:
        """The last evaluation errors of all rules, as "group/rule: error"."""
        return [
            f"{group['name']}/{rule['name']}: {rule['lastError']}"
            for group in self.groups()
            for rule in group["rules"]
            if rule.get("lastError")
        ]

    def alerts(self) -> list[dict[str, Any]]:
        """Pending and firing alerts, as the API gives them."""
        return list(self.api("alerts")["alerts"])

    def targets(self) -> list[dict[str, Any]]:
        """Active scrape targets, as the API gives them."""
        return list(self.api("targets", state="active")["activeTargets"])


def promtool(
    *arguments: str | Path,
    release: Release = Release.NEWEST,
    cwd: Path | None = None,
    seconds: float = 120.0,
) -> subprocess.CompletedProcess[str]:
    """Runs promtool, whatever its exit status.

    Raises:
        MissingPartError: the part is not unpacked.
        subprocess.TimeoutExpired: it did not end in time; it has been killed.
    """
    tool = program("prometheus", "promtool", release)
    return tool.run(*arguments, cwd=cwd, seconds=seconds)
