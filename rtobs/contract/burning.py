"""The contract between a service and one of its SLOs: a fault of it fires the generated alert.

The service runs for real, twice: healthy and under a fault. What it emitted is repeated every
minute of a simulated day, goes through the generated rules in promtool, and the fastest alert must
be silent while the service is healthy and fire when the fault has lasted for its long window.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from rtobs import conventions as names
from rtobs.contract.reading import missed
from rtobs.contract.story import Story
from rtobs.contract.translation import Series, series_of
from rtobs.errors import ConfigurationError
from rtobs.model.site import Site
from rtobs.model.slo import ResolvedSlo
from rtobs.promql.text import quote
from rtobs.proof.runner import Outcome, run_all
from rtobs.proof.testfile import Check, Scenario, file_text
from rtobs.rules import rules_text, slo_groups
from rtobs.slo.fleet import load_fleet, no_such_slo
from rtobs.telemetry.capture import capture

__all__ = ["Burn", "Contract", "ContractError", "load"]

_HEALTHY_MINUTES: Final = 60
_ONE: Final = (((), "1"),)
_RULES: Final = "rules.yaml"


class ContractError(AssertionError):
    """The service and its SLO do not fit; the text says in what."""


@dataclass(frozen=True, slots=True)
class Burn:
    """An alert that fired.

    Attributes:
        slo_id: the SLO whose budget burnt.
        tier: the tier that fired.
        long_window: how long the fault lasted, in Prometheus's notation.
    """

    slo_id: str
    tier: str
    long_window: str


@dataclass(frozen=True, slots=True)
class Contract:
    """One SLO, and what is needed to try a service against it.

    Attributes:
        slo: the SLO.
        site: where it runs.
        promtool: the program that evaluates the rules.
        job: `<namespace>/<name>` of the service, for a process without `rtobs.init`.
        per_minute: how often a minute the work is repeated.
    """

    slo: ResolvedSlo
    site: Site
    promtool: Path
    job: str
    per_minute: int

    def burns(self, *, healthy: Callable[[], object], fault: Callable[[], object]) -> Burn:
        """Assert that the fault fires the SLO's fastest alert, and that health does not.

        Args:
            healthy: makes the service work as users want it; it must not raise.
            fault: makes it fail; an exception is part of that.

        Raises:
            ContractError: the rules read a series that the service does not emit, the alert
                fires without a fault, or it stays silent under the fault.
        """
        good, _ = self._observed(healthy, may_raise=False)
        bad, raised = self._observed(fault, may_raise=True)
        hint = "" if raised is None else f"\nthe fault ended with {raised!r}"
        if lines := missed(self.slo, {*good, *bad}):
            raise ContractError(
                "\n".join([self._title("reads what is not emitted:"), *lines]) + hint
            )
        self._judge(self._evaluated(good, bad), hint)
        tier = self.slo.tiers[0]
        return Burn(self.slo.slo_id, tier.name, str(tier.long))

    def _observed(
        self, work: Callable[[], object], *, may_raise: bool
    ) -> tuple[dict[Series, float], Exception | None]:
        """What the work adds to each series in a minute."""
        raised: Exception | None = None
        with capture() as captured:
            try:
                work()
            except Exception as error:
                if not may_raise:
                    raise
                raised = error
        seen = series_of(captured.points, self.job)
        times = self.per_minute
        return {s: value * times if s.counts else value for s, value in seen.items()}, raised

    def _evaluated(self, good: Mapping[Series, float], bad: Mapping[Series, float]) -> Outcome:
        long = self.slo.tiers[0].long.minutes
        health = Story(good, _HEALTHY_MINUTES, good, long)
        outage = Story(good, _HEALTHY_MINUTES, bad, long)
        scenarios = (
            Scenario("health", "1m", health.inputs(), self._health_checks(health.end)),
            Scenario("outage", "1m", outage.inputs(), (self._fires(outage.end),)),
        )
        groups = slo_groups(self.slo, self.site)
        order = [group.name for group in groups]
        with TemporaryDirectory() as folder:
            (Path(folder) / _RULES).write_text(rules_text(groups), encoding="utf-8")
            test = Path(folder) / "contract.test.yaml"
            test.write_text(file_text(_RULES, "1m", order, scenarios), encoding="utf-8")
            (outcome,) = run_all(self.promtool, [test], attempts=2)
        return outcome

    def _health_checks(self, end: int) -> tuple[Check, ...]:
        seen = f"group({names.TOTAL_RATE}{{{names.SLO_ID}={quote(self.slo.slo_id)}}})"
        return (
            Check("the work is counted", f"{seen} > 0", end, _ONE),
            Check("health is silent", f"{self._alert()} or vector(0)", end, (((), "0"),)),
        )

    def _fires(self, end: int) -> Check:
        return Check("the fault pages", self._alert(), end, _ONE)

    def _alert(self) -> str:
        labels = {
            "alertname": names.BUDGET_BURN,
            "alertstate": "firing",
            names.SLO_ID: self.slo.slo_id,
            names.TIER: self.slo.tiers[0].name,
        }
        matchers = ",".join(f"{name}={quote(value)}" for name, value in labels.items())
        return f"group(ALERTS{{{matchers}}})"

    def _judge(self, outcome: Outcome, hint: str) -> None:
        if outcome.passed:
            return
        tier = self.slo.tiers[0]
        failed = {failure.expr for failure in outcome.failures}
        if f"{self._alert()} or vector(0)" in failed:
            raise ContractError(self._title(f"fires its alert {tier.name} without a fault"))
        if self._alert() in failed:
            share = f"{float(tier.threshold):.3%}"
            raise ContractError(
                self._title(f"does not burn: after {tier.long.words()} of the fault its alert")
                + f" {tier.name} is silent; it needs more than {share} bad events{hint}"
            )
        raise ContractError(self._title("cannot be evaluated:") + f"\n{outcome.output.strip()}")

    def _title(self, text: str) -> str:
        return f"{self.slo.slo_id} {text}"


def load(
    slo_id: str,
    folder: Path,
    promtool: Path,
    *,
    site: str = "",
    job: str = "",
    per_minute: int = 60,
) -> Contract:
    """The contract of one SLO of a folder of definitions.

    Raises:
        ConfigurationError: there is no such folder or SLO, or it has no alert.
        DefinitionError: the definitions are wrong.
    """
    fleet = load_fleet(folder, site)
    by_id = {slo.slo_id: slo for slo in fleet.slos}
    slo = by_id.get(slo_id)
    if slo is None:
        raise ConfigurationError(f"{folder}: {no_such_slo(slo_id, by_id)}")
    if not slo.tiers:
        raise ConfigurationError(f'no alert of "{slo_id}" can ever fire: rtobs show {slo_id}')
    named = job or f"{names.DEFAULT_NAMESPACE}/{slo.service}"
    return Contract(slo, fleet.setting.site, promtool, named, per_minute)
