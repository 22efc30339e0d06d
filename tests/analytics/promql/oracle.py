"""What promtool's own PromQL engine gives for a case.

A unit test that expects nothing fails with what there is; promtool prints that in full precision.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from tests.analytics.promql.language import Evaluation, Labels, seconds
from tests.servers.parts import Release
from tests.servers.prometheus import promtool

__all__ = ["ask"]

_FAILURE: Final = re.compile(
    r'expr: ".* # (\S+)", time: (\w+),\s+exp: nil\s+got: (.*?)\n',
)
_SAMPLE: Final = re.compile(r"\{(.*?)\} (\S+?)(?:,|$)")
_LABEL: Final = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


def ask(
    cases: Sequence[Evaluation], release: Release, folder: Path
) -> dict[str, dict[Labels, list[float | None]]]:
    """Values by labels and time, as `evaluate` gives them, for each case by where it stands.

    Raises:
        AssertionError: promtool could not evaluate a case.
    """
    path = folder / f"{release}.yml"
    path.write_text(json.dumps({"tests": [_unit_test(case) for case in cases]}))
    done = promtool("test", "rules", path, release=release)
    said = done.stderr + done.stdout
    assert "err:" not in said, said
    found: dict[str, dict[Labels, list[float | None]]] = {case.where: {} for case in cases}
    by_name = {case.where: case for case in cases}
    for name, time, samples in _FAILURE.findall(said + "\n"):
        nth = by_name[name].times.index(seconds(time))
        for labels, value in _SAMPLE.findall(samples):
            pairs = [pair for pair in _LABEL.findall(labels) if pair[0] != "__name__"]
            row = found[name].setdefault(tuple(sorted(pairs)), [None] * len(by_name[name].times))
            row[nth] = float(value)
    return found


def _unit_test(case: Evaluation) -> dict[str, Any]:
    steps = {line.step for line in case.loaded}
    assert len(steps) == 1, f"{case.where}: promtool knows one interval"
    return {
        "interval": f"{steps.pop()}s",
        "input_series": [{"series": line.text[0], "values": line.text[1]} for line in case.loaded],
        "promql_expr_test": [
            {"expr": f"{case.expression} # {case.where}", "eval_time": f"{at}s", "exp_samples": []}
            for at in case.times
        ],
    }
