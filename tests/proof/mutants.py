"""Faults put into generated rules, to see whether the generated tests notice.

Each operator is a small, plausible mistake in one place of one expression. A mutant is the rule
file of one SLO with one such mistake; it is caught when a generated test fails.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from rtobs.model.site import Site
from rtobs.model.slo import ResolvedSlo
from rtobs.proof.promtool import rule_tests
from rtobs.proof.runner import run_all
from rtobs.proof.testfile import file_text
from tests.proof.engine import rules_text
from tests.proof.slos import service

__all__ = ["Mutant", "Verdict", "harmless", "judge", "mutants_of", "spread"]

Rule = dict[str, Any]

_ORDER: Final = ("fine", "history", "edges")
_SWAPPED: Final = {
    "5m": "10m",
    "4m30s": "9m30s",
    "59m30s": "29m30s",
    "30m": "1h",
    "1h": "30m",
    "2h": "1h",
    "6h": "3h",
    "1d": "12h",
    "3d": "1d",
    "7d": "3d",
    "30d": "15d",
}
_OTHER: Final = {
    "5m": "1h",
    "1h": "5m",
    "30m": "6h",
    "6h": "30m",
    "2h": "1d",
    "1d": "2h",
    "3d": "6h",
}
_NUMBER: Final = r"(?<![\w.\[:])(\d+(?:\.\d+)?)(?![\w.\]:])"


@dataclass(frozen=True)
class Mutant:
    """One fault.

    Attributes:
        slo: the SLO whose rules have it.
        operator: the kind of fault.
        rule: name of the rule, with the tier of a burn-rate alert.
        before: what was replaced.
        after: what it was replaced by.
        text: the faulty rule file.
    """

    slo: ResolvedSlo
    operator: str
    rule: str
    before: str
    after: str
    text: str

    def __str__(self) -> str:
        return f"{self.slo.slo_id}: {self.rule}: {self.operator}: {self.before} -> {self.after}"


@dataclass(frozen=True)
class Verdict:
    """Whether a mutant was caught, and by which test file."""

    mutant: Mutant
    caught_by: str

    @property
    def survived(self) -> bool:
        """Whether no test failed."""
        return not self.caught_by


Edit = tuple[str, str, str]  # before, after, whole expression


def _each_match(
    pattern: str, replacement: Callable[[re.Match[str]], str]
) -> Callable[[str], Iterator[Edit]]:
    """One edit for each place of an expression that a pattern matches."""
    compiled = re.compile(pattern)

    def edits(expr: str) -> Iterator[Edit]:
        for match in compiled.finditer(expr):
            new = replacement(match)
            yield match[0], new, expr[: match.start()] + new + expr[match.end() :]

    return edits


def _aggregated(expr: str) -> Iterator[tuple[int, int, int, int]]:
    """Places of aggregations: start of the operator, of its argument, end of it, end of all."""
    for match in re.finditer(r"\b(?:max|sum|min)\b(?: by \([^)]*\) ?| ?)\(", expr):
        depth, end = 1, match.end()
        while depth:
            depth += {"(": 1, ")": -1}.get(expr[end], 0)
            end += 1
        yield match.start(), match.end(), end - 1, end


def _drop_aggregation(expr: str) -> Iterator[Edit]:
    for start, inside, closing, end in _aggregated(expr):
        inner = expr[inside:closing]
        yield expr[start:end], inner, f"{expr[:start]}({inner}){expr[end:]}"


def _swap_aggregation(expr: str) -> Iterator[Edit]:
    """Sum for max and max for sum, where the value of the aggregation matters.

    Behind `and` or `unless` without a comparison, and as the operand of `0 *`, only its labels do.
    """
    for start, _, _, end in _aggregated(expr):
        before, behind = expr[:start].rstrip(" ("), expr[end:].lstrip(" )")
        if before.endswith(("0 *", "unless")) or behind.startswith("unless"):
            continue
        if before.endswith("and") and (not behind or behind.startswith("and")):
            continue
        old = expr[start : start + 3]
        new = "sum" if old == "max" else "max"
        whole = new + expr[start + 3 : end]
        yield expr[start:end], whole, expr[:start] + whole + expr[end:]


def _conjuncts(marker: str) -> Callable[[str], Iterator[Edit]]:
    """Drop each part between `and`s that contains a marker."""

    def edits(expr: str) -> Iterator[Edit]:
        parts = re.split(r"\s+and\s+", expr)
        for index, part in enumerate(parts):
            if len(parts) > 1 and re.search(marker, part):
                rest = " and ".join(parts[:index] + parts[index + 1 :])
                yield f"and {part}", "", rest

    return edits


def _scaled(factor: float) -> Callable[[re.Match[str]], str]:
    """A number off by a few percent; a count of events is off by one instead."""

    def scaled(match: re.Match[str]) -> str:
        number = float(match[1])
        if match[1] == "60":  # seconds of a minute, in front of a count
            return "120" if factor > 1 else "30"
        if match[1].endswith(".5"):
            return f"{number + (1 if factor > 1 else -1):g}"
        return f"{number * factor:.12g}"

    return scaled


_FILL: Final = r"\s+or\s+0 \* max(?: by \([^)]*\))? ?\((?:[^()]|\([^()]*\))*\)(?: \+ 1)?"
OPERATORS: Final[Mapping[str, Callable[[str], Iterator[Edit]]]] = {
    "drop fill": _each_match(_FILL, lambda _: ""),
    "drop warm-up guard": _conjuncts(r"offset"),
    "drop min_bad": _conjuncts(r"> \d+\.5$"),
    "drop short window": _conjuncts(r"ratio_rate(5m|30m|2h|6h)"),
    "drop > 0": _each_match(r" > 0(?=\))", lambda _: ""),
    "drop aggregation": _drop_aggregation,
    "swap aggregation": _swap_aggregation,
    "swap window": _each_match(
        r"\[(" + "|".join(_SWAPPED) + r")\]", lambda match: f"[{_SWAPPED[match[1]]}]"
    ),
    "read another window": _each_match(
        r"ratio_rate(5m|30m|1h|2h|6h|1d|3d)\b",
        lambda match: f"ratio_rate{_OTHER[match[1]]}",
    ),
    "number + 3 %": _each_match(_NUMBER, _scaled(1.03)),
    "number - 3 %": _each_match(_NUMBER, _scaled(0.97)),
    "bad for total": _each_match(r"sli_bad:", lambda _: "sli_total:"),
    "total for bad": _each_match(r"sli_total:", lambda _: "sli_bad:"),
    "wrong slo_id": _each_match(r'slo_id="', lambda _: 'slo_id="another-'),
    "drop matcher": _each_match(r'(?<=[{,])(?!slo_id)\w+(?:=~|!~|!=|=)"[^"]*",?', lambda _: ""),
    "drop offset": _each_match(r" offset \w+", lambda _: ""),
    "drop clamp": _each_match(r"clamp_m(?:in|ax)\((.*), [01]\)", lambda match: f"({match[1]})"),
    "turn comparison": _each_match(r" > (?=[\d.]+(?: |$))", lambda _: " < "),
    "drop alternative": _each_match(r" or .*$", lambda _: ""),
    "drop unless": _each_match(r" unless .*$", lambda _: ""),
}


def mutants_of(slo: ResolvedSlo) -> list[Mutant]:
    """Every mutant of the rules of an SLO."""
    groups = yaml.safe_load(rules_text([slo]))["groups"]
    found: dict[str, Mutant] = {}
    for group_index, group in enumerate(groups):
        for rule_index, rule in enumerate(group["rules"]):
            for operator, before, after, changed in _faulty(rule):
                mutated = deepcopy(groups)
                if changed is None:
                    del mutated[group_index]["rules"][rule_index]
                else:
                    mutated[group_index]["rules"][rule_index] = changed
                text = yaml.safe_dump({"groups": mutated}, sort_keys=False, width=10_000)
                mutant = Mutant(slo, operator, _name(rule), before, after, text)
                found.setdefault(text, mutant)
    return list(found.values())


def _name(rule: Rule) -> str:
    tier = rule.get("labels", {}).get("tier", "")
    name = str(rule.get("record") or rule.get("alert"))
    return f"{name} {tier}".strip()


def _faulty(rule: Rule) -> Iterator[tuple[str, str, str, Rule | None]]:
    for operator, edits in OPERATORS.items():
        for before, after, expr in edits(rule["expr"]):
            if expr != rule["expr"]:
                yield operator, before, after, {**rule, "expr": expr}
    yield "drop rule", _name(rule), "", None
    for label in rule.get("labels", {}):
        labels = {**rule["labels"], label: "wrong"}
        yield "wrong label", label, "wrong", {**rule, "labels": labels}
    for key in ("for", "keep_firing_for"):
        if key in rule:
            yield f"drop {key}", str(rule[key]), "", {k: v for k, v in rule.items() if k != key}


def judge(promtool: Path, mutants: Sequence[Mutant], jobs: int = 2) -> list[Verdict]:
    """Run the generated tests of each mutant's SLO until one fails."""
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        return list(pool.map(lambda mutant: _judge(promtool, mutant), mutants))


def _judge(promtool: Path, mutant: Mutant) -> Verdict:
    files = {file.path.split(".")[-3]: file for file in rule_tests(service(mutant.slo), (), Site())}
    with tempfile.TemporaryDirectory() as folder:
        rules = Path(folder, "rules.yaml")
        rules.write_text(mutant.text, encoding="utf-8")
        for name in _ORDER:
            file = files[name]
            path = Path(folder, f"{name}.test.yaml")
            text = file_text(rules.name, file.interval, file.order, file.scenarios)
            path.write_text(text, encoding="utf-8")
            (outcome,) = run_all(promtool, [path], jobs=1)
            if not outcome.passed:
                return Verdict(mutant, name)
    return Verdict(mutant, "")


# Faults that no test can or need notice: operator, rule, what was replaced, and why.
_HARMLESS: Final = (
    (
        r"number .*|drop clamp|swap aggregation",
        r"slo:period_coverage:ratio",
        r"1|clamp_max.*|max.*",
        "a coverage near 1 takes a whole period of tiles; a test of its own proves it",
    ),
    (
        r"total for bad|bad for total",
        r"SLOCoverageLow|slo:period_coverage:ratio|SLOSeriesMissing|SLOBudgetBurn .*",
        r".*",
        "it asks only whether the series is there, and bad is recorded where total is",
    ),
    (
        r"drop alternative|wrong slo_id|drop unless|swap aggregation",
        r"SLOSeriesMissing",
        r".*",
        "bad events are filled with 0 wherever there is a total, so the alternative cannot differ",
    ),
    (
        r"drop matcher",
        r"slo:sli_(bad|total|error):.*",
        r'\w+!="",?',
        "the other operand has no series without the group, so the result keeps none either",
    ),
    (
        r"swap aggregation",
        r"slo:sli_slice:.*",
        r"max.*probe_success.*",
        "two replicas that are up are as good as one, and two that are down as bad",
    ),
    (
        r"drop clamp",
        r"slo:sli_(bad|error):.*",
        r".*",
        "it guards against a bucket that overtakes its count between scrapes; no story has that",
    ),
    (
        r"swap (aggregation|window)|drop aggregation",
        r"slo:sli_total:rate5m",
        r".*wrong_total.*|.*judged_total.*|\[5m\]",
        "the total of a ratio from elsewhere asks only whether the ratio is there",
    ),
    (
        r"drop fill",
        r"slo:sli_.*",
        r".*shop-exports.*",
        "this expression adds its failures to its total, so they exist wherever a total does",
    ),
    (
        r"(drop|swap) aggregation|swap window",
        r"slo:sli_.*|SLOBudgetBurn fast",
        r".*sli_slice.*|\[(59m30s|4m30s|1h)\]",
        "slices under two owners at once are not replayed, nor is an hour without them",
    ),
)


def harmless(mutant: Mutant) -> str:
    """Why a mutant may survive; "" where no reason is known."""
    return next(
        (
            reason
            for operator, rule, before, reason in _HARMLESS
            if re.fullmatch(operator, mutant.operator)
            and re.fullmatch(rule, mutant.rule)
            and re.fullmatch(before, mutant.before, re.DOTALL)
        ),
        "",
    )


def spread(mutants: Sequence[Mutant], count: int) -> list[Mutant]:
    """So many mutants, evenly from all kinds of faults, the same ones each time."""
    by_operator: dict[str, list[Mutant]] = {}
    for mutant in mutants:
        by_operator.setdefault(mutant.operator, []).append(mutant)
    chosen: list[Mutant] = []
    share = -(-count // len(by_operator))
    for found in by_operator.values():
        step = max(1, len(found) // share)
        chosen += found[::step][:share]
    return chosen[:count]
