"""Real promtool over real generated rules: what do queries return after given series?"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

import pytest

from rtobs.model.site import Site
from rtobs.model.slo import ResolvedSlo
from rtobs.proof.runner import Outcome, find_promtool, run_all, unpacked_promtools
from rtobs.proof.testfile import Check, Scenario, file_text
from rtobs.rules import rules_text as generated_text
from rtobs.rules import slo_groups

ROOT: Final = Path(__file__).parents[2]
_LABEL: Final = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"')

Labels = frozenset[tuple[str, str]]


def promtools() -> list[Path]:
    """Every promtool of the unpacked parts, oldest first; else the one that is installed."""
    found = find_promtool(root=ROOT)
    return sorted(unpacked_promtools(ROOT)) or ([found] if found else [])


def every_promtool(*, newest: bool = False) -> pytest.MarkDecorator:
    """Run a test for each promtool, or for the newest; skip it where there is none."""
    found = promtools()[-1:] if newest else promtools()
    if not found:
        return pytest.mark.parametrize(
            "promtool",
            [pytest.param(None, marks=pytest.mark.skip("no promtool: run `make parts`"))],
        )
    return pytest.mark.parametrize("promtool", found, ids=[_id(path) for path in found])


def _id(path: Path) -> str:
    inside = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
    return inside.parts[1] if inside.parts[0] == ".parts" else path.name


def rules_text(slos: Iterable[ResolvedSlo]) -> str:
    """The rule file of some SLOs."""
    return generated_text(group for slo in slos for group in slo_groups(slo, Site()))


def observe(
    promtool: Path,
    slos: Sequence[ResolvedSlo],
    inputs: Mapping[str, str],
    queries: Sequence[tuple[str, int]],
    *,
    scrape: str = "15s",
    evaluation: str = "1m",
) -> list[dict[Labels, float]]:
    """Results of queries over the rules of some SLOs.

    Args:
        promtool: the program.
        slos: whose rules are evaluated.
        inputs: values in promtool's notation, by series.
        queries: (query, minute).
        scrape: time between two samples.
        evaluation: time between two evaluations.

    Returns:
        For each query its samples: value by labels.
    """
    checks = tuple(Check("observe", query, minute * 60) for query, minute in queries)
    scenario = Scenario("observe", scrape, tuple(inputs.items()), checks)
    with tempfile.TemporaryDirectory() as folder:
        rules = Path(folder, "rules.yaml")
        rules.write_text(rules_text(slos), encoding="utf-8")
        test = Path(folder, "observe.test.yaml")
        order = [f"slo-{slo.slo_id}{end}" for slo in slos for end in ("", "-long")]
        test.write_text(file_text(rules.name, evaluation, order, [scenario]), encoding="utf-8")
        (outcome,) = run_all(promtool, [test])
    return _answers(outcome, checks)


def _answers(outcome: Outcome, checks: Sequence[Check]) -> list[dict[Labels, float]]:
    found = {(failure.expr, failure.at): failure.got for failure in outcome.failures}
    assert all(expr for expr, _ in found), outcome.output
    assert found or outcome.passed, outcome.output
    return [
        {
            frozenset(_LABEL.findall(labels)): float(value)
            for labels, _, value in (line.rpartition(" ") for line in found.get((c.expr, c.at), ()))
        }
        for c in checks
    ]
