"""Builds JSON Schemas of Grafana's dashboards from its own published TypeScript types.

The types are in the npm package @grafana/schema (Apache-2.0). The schemas are made on each machine
and cached below `.cache/`; they are never committed. Needs node and npm.

    python tools/grafana_schema.py    prints the folder with one schema a file
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

GRAFANA_SCHEMA: Final = "@grafana/schema@13.2.3"
GENERATOR: Final = "ts-json-schema-generator@2.4.0"
CACHE: Final = Path(__file__).parent.parent / ".cache" / "grafana-schema"
# Names of our panels' types in the package, by the type in the dashboard's JSON.
PANELS: Final = {
    "stat": "stat",
    "timeseries": "timeseries",
    "table": "table",
    "state-timeline": "statetimeline",
    "text": "text",
    "logs": "logs",
}
WITHOUT_FIELD_CONFIG: Final = frozenset(("text", "logs"))
_TIMEOUT_SECONDS: Final = 300


class SchemaError(Exception):
    """The schemas cannot be built here; the text says why."""


def schemas() -> Path:
    """The folder with the schemas; built when it is not there yet.

    It holds `dashboard.json`, and `<panel type>.options.json` and `<panel type>.field.json`.

    Raises:
        SchemaError: node or npm is missing, or the packages cannot be installed.
    """
    folder = CACHE / f"{GRAFANA_SCHEMA}+{GENERATOR}".replace("/", "-")
    if not (folder / "complete").exists():
        _build(folder)
    return folder


def _build(folder: Path) -> None:
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        raise SchemaError("node and npm are needed to read Grafana's types")
    folder.mkdir(parents=True, exist_ok=True)
    _run([npm, "install", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", str(folder),
          GRAFANA_SCHEMA, GENERATOR])  # fmt: skip
    types = folder / "node_modules/@grafana/schema/dist/types/raw"
    jobs = {"dashboard": (types / "dashboard/x/types.gen.d.ts", "Dashboard")}
    for panel, name in PANELS.items():
        source = types / "composable" / name / "panelcfg/x/types.gen.d.ts"
        jobs[f"{panel}.options"] = (source, "Options")
        if panel not in WITHOUT_FIELD_CONFIG:
            jobs[f"{panel}.field"] = (source, "FieldConfig")
    generator = folder / "node_modules/ts-json-schema-generator/bin/ts-json-schema-generator.js"
    for name, (source, root) in jobs.items():
        target = folder / f"{name}.json"
        _run([node, str(generator), "--no-type-check", "--path", str(source), "--type", root,
              "--out", str(target)])  # fmt: skip
    (folder / "complete").touch()


def _run(command: list[str]) -> None:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_TIMEOUT_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise SchemaError(f"{command[1]} did not end in {_TIMEOUT_SECONDS} seconds") from None
    if done.returncode != 0:
        raise SchemaError(f"{Path(command[0]).name} failed: {done.stderr.strip()[-400:]}")


if __name__ == "__main__":
    try:
        print(schemas())
    except SchemaError as error:
        sys.exit(str(error))
