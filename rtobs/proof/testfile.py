"""Promtool test files as values, and their YAML text."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from rtobs.conventions import GENERATED_BY
from rtobs.promql.text import quote

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["Check", "Claim", "Scenario", "TestFile", "file_text", "labels_text"]

Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Claim:
    """What a check says about the timing of a tier.

    Attributes:
        slo_id: the SLO.
        tier: the tier.
        event: fires or resets.
        minute: minutes after the onset, or after the recovery, at which it is predicted.
        reached: whether the check stands at that minute or at the evaluation before.
    """

    slo_id: str
    tier: str
    event: str
    minute: int
    reached: bool


@dataclass(frozen=True, slots=True)
class Check:
    """One query of a test and its whole result.

    Attributes:
        why: what it proves, one short sentence for the file's reader.
        expr: PromQL.
        at: seconds since the start of the scenario.
        samples: labels and value of every sample of the result.
        claim: the prediction that it checks, if it is one.
    """

    why: str
    expr: str
    at: int
    samples: tuple[tuple[Labels, str], ...] = ()
    claim: Claim | None = None


@dataclass(frozen=True, slots=True)
class Scenario:
    """Series and the checks on what the rules make of them.

    Attributes:
        name: what the scenario is about.
        interval: time between two samples of the input, as promtool reads it.
        inputs: series with their values in promtool's notation.
        checks: the checks, ordered by time.
        listed: (alert, seconds) whose alerts promtool is to list with all their texts.
    """

    name: str
    interval: str
    inputs: tuple[tuple[str, str], ...]
    checks: tuple[Check, ...]
    listed: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class TestFile:
    """One generated test file.

    Attributes:
        path: where it belongs, relative to the working directory, "/" separated.
        text: the YAML.
        rules: the rule file, relative to the folder of `path`.
        interval: evaluation interval.
        order: rule groups in the order of their evaluation.
        scenarios: what it contains.
    """

    __test__ = False  # the name is promtool's; pytest should not collect it

    path: str
    text: str
    rules: str = ""
    interval: str = ""
    order: tuple[str, ...] = ()
    scenarios: tuple[Scenario, ...] = field(default=(), repr=False)


def labels_text(labels: Iterable[tuple[str, str]]) -> str:
    """Labels as promtool's expected samples write them; an empty label is left out."""
    return "{" + ",".join(_label(name, value) for name, value in labels if value) + "}"


@lru_cache(maxsize=65_536)
def _label(name: str, value: str) -> str:
    return f"{name}={quote(value)}"


def file_text(
    rule_file: str, interval: str, groups: Sequence[str], scenarios: Sequence[Scenario]
) -> str:
    """YAML of a test file.

    Args:
        rule_file: the rules, relative to the test file.
        interval: evaluation interval.
        groups: rule groups whose order of evaluation is fixed.
        scenarios: the scenarios.
    """
    lines = [
        f"# {GENERATED_BY}",
        "rule_files:",
        f"  - {_quoted(rule_file)}",
        f"evaluation_interval: {interval}",
    ]
    if groups:
        lines.append("group_eval_order:")
        lines += [f"  - {_quoted(group)}" for group in groups]
    lines.append("tests:")
    for scenario in scenarios:
        _write_scenario(lines, scenario)
    return "\n".join(lines) + "\n"


def _write_scenario(lines: list[str], scenario: Scenario) -> None:
    lines.append(f"  - name: {_quoted(scenario.name)}")
    lines.append(f"    interval: {scenario.interval}")
    lines.append("    input_series:")
    for series, values in scenario.inputs:
        lines.append(f"      - series: {_quoted(series)}")
        lines.append(f"        values: {_quoted(values)}")
    lines.append("    promql_expr_test:")
    for check in scenario.checks:
        lines.append(f"      # {check.why}")
        lines.append(f"      - expr: {_quoted(check.expr)}")
        lines.append(f"        eval_time: {_time(check.at)}")
        if not check.samples:
            continue
        lines.append("        exp_samples:")
        for labels, value in check.samples:
            lines.append(f"          - labels: {_quoted(labels_text(labels))}")
            lines.append(f"            value: {value}")
    if scenario.listed:
        _write_listed(lines, scenario)


def _write_listed(lines: list[str], scenario: Scenario) -> None:
    lines.append("    alert_rule_test:")
    for alert, at in scenario.listed:
        lines.append(f"      - alertname: {alert}")
        lines.append(f"        eval_time: {_time(at)}")


def _time(seconds: int) -> str:
    return f"{seconds // 60}m" if seconds % 60 == 0 else f"{seconds}s"


def _quoted(text: str) -> str:
    if "\n" in text:
        raise ValueError("a line break cannot stand in a test file")
    return "'" + text.replace("'", "''") + "'"
