"""The cause alerts of the packaged catalogue, put to real promtools."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rtobs.catalogue.facts import CauseAlert, InputSeries
from rtobs.catalogue.load import load
from rtobs.promql.text import quote
from tests.servers import Release, promtool

BY_COMPONENT = {key: c.causes for key, c in load().components.items() if c.causes}
CAUSES = tuple(cause for causes in BY_COMPONENT.values() for cause in causes)


def rules(causes: tuple[CauseAlert, ...]) -> str:
    """A rule file with the alerts as they are in the catalogue."""
    alerts = [{"alert": c.name, "expr": c.expression, "for": str(c.hold)} for c in causes]
    return json.dumps({"groups": [{"name": "causes", "interval": "1m", "rules": alerts}]})


def firing(cause: CauseAlert, **labels: str) -> str:
    """The series that Prometheus writes for the firing alert."""
    shown = {"alertname": cause.name, "alertstate": "firing", **labels}
    return f"ALERTS{{{','.join(f'{name}={quote(value)}' for name, value in shown.items())}}}"


def case(cause: CauseAlert, series: tuple[InputSeries, ...], *, fires: bool) -> object:
    """A test of promtool: after these series the alert fires with exactly its labels, or not."""
    sample = {"labels": firing(cause, **dict(cause.proof.labels)), "value": 1}
    expectation = {
        "expr": firing(cause),
        "eval_time": str(cause.proof.after),
        "exp_samples": [sample] if fires else [],
    }
    return {
        "name": f"{cause.name} {'fires' if fires else 'stays silent'}",
        "interval": "1m",
        "input_series": [{"series": s.series, "values": s.values} for s in series],
        "promql_expr_test": [expectation],
    }


@pytest.mark.usefixtures("real_parts")
@pytest.mark.parametrize("release", list(Release))
@pytest.mark.parametrize("component", BY_COMPONENT)
def test_every_cause_fires_on_its_proof_and_stays_silent_beside_it(
    component: str, release: Release, tmp_path: Path
) -> None:
    """Old and new promtool agree with both halves of every proof, labels of the alert included."""
    cases = [
        case(cause, series, fires=fires)
        for cause in BY_COMPONENT[component]
        for series, fires in ((cause.proof.fires, True), (cause.proof.silent, False))
    ]
    (tmp_path / "rules.yaml").write_text(rules(BY_COMPONENT[component]))
    tests = {"rule_files": ["rules.yaml"], "evaluation_interval": "1m", "tests": cases}
    (tmp_path / "tests.yaml").write_text(json.dumps(tests))

    done = promtool("test", "rules", "tests.yaml", release=release, cwd=tmp_path)

    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr


def test_every_cause_has_held_long_enough_when_its_proof_looks() -> None:
    """A proof looks after at least one hold, so an alert without its `for` would not pass as is."""
    hasty = [cause.name for cause in CAUSES if cause.proof.after <= cause.hold]

    assert hasty == []
