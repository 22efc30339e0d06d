"""Every prediction of the evaluator, put to promtool, with what promtool measured beside it.

The generated tests say when each tier must be silent and when it must fire. Here they run with
questions added: at which minute did it first fire, and when was the last? The answers come back as
the results of queries that expect nothing. So a time that is printed as seen was measured; where a
scene has one evaluation only, it is the one between which and its predecessor the alert changed.
"""

from __future__ import annotations

import re
import tempfile
from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rtobs import conventions as names
from rtobs.model.selector import Matcher, Selector
from rtobs.promql.text import any_of, selector_text
from rtobs.proof.promtool import rule_tests
from rtobs.proof.runner import Failure, Outcome, run_all
from rtobs.proof.testfile import Check, Claim, Scenario, TestFile, file_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rtobs.catalogue.facts import CauseAlert
    from rtobs.model.site import Site
    from rtobs.model.slo import ResolvedService
    from rtobs.proof.places import KnownValues

__all__ = ["Finding", "Proof", "Report", "prove"]

_LABEL: Final = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"')
_FAILED_TEMPLATE: Final = ("<error expanding template", "<no value>")
_FIRST, _LAST = "min_over_time", "max_over_time"


@dataclass(frozen=True, slots=True)
class Proof:
    """One tier of one SLO.

    Attributes:
        slo_id: the SLO.
        tier: the tier.
        fires: minutes from the onset of a step to the alert, as predicted; None if it never does.
        fires_seen: the same as promtool saw it.
        resets: minutes from the recovery to the end of the alert, as predicted.
        resets_seen: the same as promtool saw it.
        passed: whether every check of the tier holds.
    """

    slo_id: str
    tier: str
    fires: int | None
    fires_seen: str
    resets: int | None
    resets_seen: str
    passed: bool


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that does not hold.

    Attributes:
        file: the test file, relative to the root.
        why: what was to be proven.
        expr: the query, "" when there is none.
        at: seconds since the start of the scenario.
        expected: the samples that should have come.
        got: the samples that came, or promtool's message.
    """

    file: str
    why: str
    expr: str = ""
    at: int = 0
    expected: tuple[str, ...] = ()
    got: tuple[str, ...] = ()

    def __str__(self) -> str:
        lines = [f"{self.file}: {self.why}"]
        if self.expr:
            lines += [f"   query:    {self.expr}", f"   at:       {_clock(self.at)}"]
            lines.append(f"   expected: {'; '.join(self.expected) or 'nothing'}")
            lines.append(f"   got:      {'; '.join(self.got) or 'nothing'}")
        else:
            lines += [f"   {line}" for line in self.got]
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Report:
    """What a run of `rtobs prove` found.

    Attributes:
        proofs: one for each tier of each SLO.
        findings: everything that does not hold.
        checks: how many checks were made.
    """

    proofs: tuple[Proof, ...]
    findings: tuple[Finding, ...]
    checks: int


def prove(
    services: Sequence[tuple[ResolvedService, tuple[CauseAlert, ...]]],
    site: Site,
    promtool: Path,
    root: Path,
    known: KnownValues | None = None,
) -> Report:
    """Run every generated test of the services over the rules under `root`.

    Args:
        services: each with the cause alerts of its rules.
        site: where they run.
        promtool: the program.
        root: directory that holds `alerts/` and `tests/rules/`.
        known: closed lists of label values.

    Raises:
        DefinitionError: an SLO has no derivable proof.
    """
    files = [
        (service, file)
        for service, causes in services
        for file in rule_tests(service, causes, site, known)
    ]
    with tempfile.TemporaryDirectory(prefix="rtobs-prove-") as folder:
        written = [_write_probed(Path(folder), root, file) for _, file in files]
        outcomes = run_all(promtool, written)
        readings = [
            _Reading(file, outcome) for (_, file), outcome in zip(files, outcomes, strict=True)
        ]
        for index, reading in enumerate(readings):
            if list(reading.findings()):  # only what fails twice counts: see run_all
                (again,) = run_all(promtool, [written[index]])
                readings[index] = _Reading(reading.file, again)
    findings = [*_stale(root, (file for _, file in files))]
    findings += [finding for reading in readings for finding in reading.findings()]
    proofs = [proof for service, _ in services for proof in _proofs(service, readings)]
    checks = sum(len(scenario.checks) for _, file in files for scenario in file.scenarios)
    return Report(tuple(proofs), tuple(findings), checks)


def _stale(root: Path, files: Iterable[TestFile]) -> Iterator[Finding]:
    for file in files:
        path = root / file.path
        if not path.is_file():
            yield Finding(file.path, "is missing; run `rtobs generate`")
        elif path.read_text(encoding="utf-8") != file.text:
            yield Finding(file.path, "differs from the definitions; run `rtobs generate`")


def _write_probed(folder: Path, root: Path, file: TestFile) -> Path:
    """The test file with questions added, next to nothing, reading the rules where they are."""
    rules = str((root / file.path).parent.joinpath(file.rules).resolve())
    scenarios = [_probed(scenario) for scenario in file.scenarios]
    path = folder / file.path.replace("/", "_")
    path.write_text(file_text(rules, file.interval, file.order, scenarios), encoding="utf-8")
    return path


def _probed(scenario: Scenario) -> Scenario:
    """The scenario with questions: first and last minute of each tier, and the alerts' texts."""
    probes = tuple(
        Check("measure", _probe(scenario, function), _end(scenario))
        for function in (_FIRST, _LAST)
        if _is_stepwise(scenario)
    )
    listed: dict[str, int] = {}
    for check in scenario.checks:
        for alert in names.SLO_ALERTS:
            if check.samples and f'alertname="{alert}"' in check.expr:
                listed.setdefault(alert, check.at)
    return replace(scenario, checks=scenario.checks + probes, listed=tuple(listed.items()))


def _is_stepwise(scenario: Scenario) -> bool:
    """Whether the scenario evaluates minute by minute and checks predictions."""
    claims = [check for check in scenario.checks if check.claim]
    return bool(claims) and all(check.at % 60 == 0 for check in claims)


def _end(scenario: Scenario) -> int:
    return max(check.at for check in scenario.checks)


def _probe(scenario: Scenario, function: str) -> str:
    # Answers are found by their query, so two scenarios must not ask the same.
    asked = any_of(names.SLO_ID, sorted({c.claim.slo_id for c in scenario.checks if c.claim}))
    alert = (Matcher("alertname", "=", names.BUDGET_BURN), Matcher("alertstate", "=", "firing"))
    selector = selector_text(Selector("ALERTS", (*alert, asked)))
    return f"{function}(timestamp({selector})[{_end(scenario) // 60 + 1}m:1m])"


class _Reading:
    """What the run of one file says about its checks."""

    def __init__(self, file: TestFile, outcome: Outcome) -> None:
        self.file = file
        self.outcome = outcome
        self._failed = {(failure.expr, failure.at): failure for failure in outcome.failures}
        self._complete = bool(outcome.failures) or outcome.passed
        # A rule that fails ends its scenario before anything is checked.
        self._aborted = any(_is_rule(failure) for failure in outcome.failures)

    def holds(self, check: Check) -> bool:
        """Whether a check was made and came out as it should."""
        done = self._complete and not self._aborted
        return done and (check.expr, check.at) not in self._failed

    def measured(self, scenario: Scenario, function: str) -> dict[tuple[str, str], list[int]]:
        """Seconds that a probe returned, by SLO and tier."""
        failure = self._failed.get((_probe(scenario, function), _end(scenario)))
        found: dict[tuple[str, str], list[int]] = defaultdict(list)
        for sample in failure.got if failure else ():
            labels, _, value = sample.rpartition(" ")
            named = dict(_LABEL.findall(labels))
            key = (named.get(names.SLO_ID, ""), named.get(names.TIER, ""))
            found[key].append(round(float(value)))
        return found

    def findings(self) -> Iterator[Finding]:
        """Everything in the file that does not hold."""
        if not self._complete:
            said = tuple(line.strip() for line in self.outcome.output.splitlines() if line.strip())
            yield Finding(self.file.path, "promtool could not run the tests", got=said)
            return
        why = {(c.expr, c.at): c.why for scenario in self.file.scenarios for c in scenario.checks}
        for failure in self.outcome.failures:
            key = (failure.expr, failure.at)
            if key in why:
                yield _finding(self.file.path, why[key], failure)
            elif not failure.expr:
                yield from self._unnamed(failure)

    def _unnamed(self, failure: Failure) -> Iterator[Finding]:
        """A rule that failed, or the texts of alerts: only broken templates matter there."""
        if _is_rule(failure):
            yield Finding(self.file.path, "a rule failed", got=failure.got)
        broken = [line for line in failure.got if any(mark in line for mark in _FAILED_TEMPLATE)]
        if broken:
            yield Finding(self.file.path, "an annotation does not expand", got=tuple(broken[:1]))


def _is_rule(failure: Failure) -> bool:
    return not failure.expr and failure.got[0].startswith("rule:")


def _finding(file: str, why: str, failure: Failure) -> Finding:
    return Finding(file, why, failure.expr, failure.at, failure.expected, failure.got)


def _proofs(service: ResolvedService, readings: Sequence[_Reading]) -> Iterator[Proof]:
    claims: dict[tuple[str, str], list[_Answer]] = defaultdict(list)
    for reading in readings:
        for scenario in reading.file.scenarios:
            for check in scenario.checks:
                if check.claim:
                    key = (check.claim.slo_id, check.claim.tier)
                    claims[key].append(_Answer(reading, scenario, check, check.claim))
    for slo in service.slos:
        for tier in slo.tiers:
            answers = claims.get((slo.slo_id, tier.name), [])
            fires, fires_seen = _event(answers, "fires")
            resets, resets_seen = _event(answers, "resets")
            passed = bool(answers) and all(answer.holds for answer in answers)
            yield Proof(slo.slo_id, tier.name, fires, fires_seen, resets, resets_seen, passed)


@dataclass(frozen=True, slots=True)
class _Answer:
    """A check of a prediction and the run that made it."""

    reading: _Reading
    scenario: Scenario
    check: Check
    claim: Claim

    @property
    def holds(self) -> bool:
        return self.reading.holds(self.check)


def _event(answers: Sequence[_Answer], event: str) -> tuple[int | None, str]:
    """Predicted minute of an event and what was seen of it."""
    about = [answer for answer in answers if answer.claim.event == event]
    reached = next((answer for answer in about if answer.claim.reached), None)
    if reached is None:
        return None, "-"
    minute = reached.claim.minute
    if _is_stepwise(reached.scenario):
        return minute, _measured_minute(reached)
    before = next((answer for answer in about if not answer.claim.reached), reached)
    if not before.holds:
        return minute, f"before {minute}"
    return minute, str(minute) if reached.holds else f"after {minute}"


def _measured_minute(answer: _Answer) -> str:
    claim, start = answer.claim, answer.check.at - 60 * answer.claim.minute
    function = _FIRST if claim.event == "fires" else _LAST
    times = answer.reading.measured(answer.scenario, function).get((claim.slo_id, claim.tier))
    if not times:
        return "never"
    if claim.event == "fires":
        return str((min(times) - start) // 60)
    if max(times) >= _end(answer.scenario):
        return "never"
    return str((max(times) + 60 - start) // 60)


def _clock(seconds: int) -> str:
    hours, rest = divmod(seconds, 3600)
    days, hours = divmod(hours, 24)
    minutes, rest = divmod(rest, 60)
    parts = [(days, "d"), (hours, "h"), (minutes, "m"), (rest, "s")]
    return "".join(f"{count}{unit}" for count, unit in parts if count) or "0s"
