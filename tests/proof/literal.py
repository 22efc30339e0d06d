"""The rules of an SLO, spelled out by hand: what the proofs were written against.

This is no product code and shares nothing with `rtobs.rules`. It keeps the proofs honest: they must
accept these rules, and whatever `rtobs.rules` makes must pass the same proofs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from rtobs import conventions as names
from rtobs.model.alerting import Tier
from rtobs.model.indicator import (
    EventsIndicator,
    LatencyIndicator,
    RateSource,
    RatioIndicator,
    TimesliceIndicator,
    is_sliced,
)
from rtobs.model.number import decimal_text
from rtobs.model.selector import Matcher, Selector
from rtobs.model.slo import MissingData, Presence, ResolvedSlo
from rtobs.promql.text import le_matcher, rate, selector_text

Rule = dict[str, Any]

_RAW_WINDOWS = ("5m", "1h")
_TILE_WINDOWS = ("1d", "3d")
_GUARD_OFFSETS = {"6h": "3h", "1d": "12h", "3d": "36h"}


def groups(slo: ResolvedSlo) -> list[dict[str, Any]]:
    """Both rule groups of an SLO as plain data."""
    draft = _Draft(slo)
    draft.pair()
    draft.constants()
    draft.tiles()
    draft.alerts()
    return [
        {"name": names.fast_group(slo.slo_id), "interval": "1m", "rules": draft.fast},
        {"name": names.long_group(slo.slo_id), "interval": "5m", "rules": draft.long},
    ]


@dataclass
class _Draft:
    slo: ResolvedSlo
    fast: list[Rule] = field(default_factory=list)
    long: list[Rule] = field(default_factory=list)

    @property
    def by(self) -> str:
        return f" by ({', '.join(self.slo.group_by)})" if self.slo.group_by else ""

    @property
    def labels(self) -> dict[str, str]:
        slo = self.slo
        return {
            "slo_id": slo.slo_id,
            "slo": slo.name,
            "service": slo.service,
            "component": slo.component,
            "domain": str(slo.domain),
            "owner": slo.owner,
        }

    def read(self, name: str, window: str = "") -> str:
        span = f"[{window}]" if window else ""
        return f'{name}{{slo_id="{self.slo.slo_id}"}}{span}'

    def now(self, name: str) -> str:
        return f"max{self.by} ({self.read(name)})"

    def over(self, name: str, window: str, function: str = "sum_over_time") -> str:
        return f"sum{self.by} ({function}({self.read(name, window)}))"

    def record(self, rules: list[Rule], name: str, expr: str) -> None:
        rules.append({"record": name, "expr": expr, "labels": self.labels})

    def selected(self, selector: Selector, window: str) -> str:
        grouped = tuple(Matcher(label, "!=", "") for label in self.slo.group_by)
        return rate(self.slo.group_by, selector.where(*grouped), window)

    def source(self, source: RateSource, window: str) -> str:
        if source.selector is None:
            return f"({source.expression.replace('{{window}}', window)})"
        return self.selected(source.selector, window)

    def pair(self) -> None:
        """Total and bad of five minutes, the raw ratios and those of hours."""
        total, bad, hour = self._kind()
        self.record(self.fast, names.TOTAL_RATE, total)
        self.record(self.fast, names.BAD_RATE, bad)
        ratio = f"{self.now(names.BAD_RATE)} / ({self.now(names.TOTAL_RATE)} > 0)"
        self.record(self.fast, names.error_ratio("5m"), ratio)
        self.record(self.fast, names.error_ratio("1h"), hour)
        for window in self._windows():
            if window not in (*_RAW_WINDOWS, *_TILE_WINDOWS):
                expr = self._ratio(names.BAD_RATE, names.TOTAL_RATE, window)
                self.record(self.fast, names.error_ratio(window), expr)
        budget = decimal_text(self.slo.error_budget)
        burn = f"{self.now(names.error_ratio('5m'))} / {budget}"
        self.record(self.fast, names.CURRENT_BURN_RATE, burn)

    def _windows(self) -> list[str]:
        return sorted({str(w) for tier in self.slo.tiers for w in (tier.long, tier.short)})

    def _ratio(self, bad: str, total: str, window: str) -> str:
        return f"{self.over(bad, window)} / ({self.over(total, window)} > 0)"

    def _kind(self) -> tuple[str, str, str]:
        indicator = self.slo.indicator
        if isinstance(indicator, EventsIndicator):
            return self._events(indicator)
        if isinstance(indicator, LatencyIndicator):
            return self._latency(indicator)
        if isinstance(indicator, TimesliceIndicator):
            return self._slices(indicator)
        return self._ratio_of_others(indicator)

    def _events(self, indicator: EventsIndicator) -> tuple[str, str, str]:
        fill = f"0 * {self.now(names.TOTAL_RATE)}"
        total, hour = (self.source(indicator.total, window) for window in _RAW_WINDOWS)
        some, some_hour = (self.source(indicator.counted, window) for window in _RAW_WINDOWS)
        if indicator.counts == "bad":
            return total, f"{some} or {fill}", f"({some_hour} or {fill}) / ({hour} > 0)"
        return total, f"{total} - ({some} or {fill})", f"1 - ({some_hour} or {fill}) / ({hour} > 0)"

    def _latency(self, indicator: LatencyIndicator) -> tuple[str, str, str]:
        base = indicator.histogram
        count = Selector(f"{base.metric}_count", base.matchers)
        bucket = Selector(f"{base.metric}_bucket", base.matchers).where(le_matcher(indicator.le))
        total, hour = (self.selected(count, window) for window in _RAW_WINDOWS)
        good, good_hour = (self.selected(bucket, window) for window in _RAW_WINDOWS)
        return (
            total,
            f"clamp_min({total} - {good}, 0)",
            f"clamp_min(1 - {good_hour} / ({hour} > 0), 0)",
        )

    def series_with_bucket(self) -> str:
        """How many series have the bucket."""
        return self._counted("_bucket")

    def series_with_count(self) -> str:
        """How many series there are."""
        return self._counted("_count")

    def _counted(self, suffix: str) -> str:
        indicator = self.slo.indicator
        assert isinstance(indicator, LatencyIndicator)
        selector = Selector(f"{indicator.histogram.metric}{suffix}", indicator.histogram.matchers)
        if suffix == "_bucket":
            selector = selector.where(le_matcher(indicator.le))
        grouped = selector.where(*(Matcher(label, "!=", "") for label in self.slo.group_by))
        return f"count{self.by} ({selector_text(grouped)})"

    def _slices(self, indicator: TimesliceIndicator) -> tuple[str, str, str]:
        verdict = f"{indicator.comparison} bool {decimal_text(indicator.bound)}"
        seen = f"1 - ((({indicator.expression}) >= -Inf) {verdict})"
        if self.slo.missing_data is MissingData.IGNORE:
            self.record(self.fast, names.SLICE_BAD, seen)
        else:
            self.record(self.fast, names.SLICE_SEEN, seen)
            last = f"max{self.by} (last_over_time({self.read(names.SLICE_SEEN, '1h')}))"
            plus = " + 1" if self.slo.missing_data is MissingData.BAD else ""
            filled = f"{self.now(names.SLICE_SEEN)} or 0 * {last}{plus}"
            self.record(self.fast, names.SLICE_BAD, filled)
        return (
            f"{self.over(names.SLICE_BAD, '4m30s', 'count_over_time')} / 300",
            f"{self.over(names.SLICE_BAD, '4m30s')} / 300",
            f"max{self.by} (avg_over_time({self.read(names.SLICE_BAD, '59m30s')}))",
        )

    def _ratio_of_others(self, indicator: RatioIndicator) -> tuple[str, str, str]:
        ratio, hour = (indicator.expression.replace("{{window}}", w) for w in _RAW_WINDOWS)
        return (
            f"(({ratio}) >= -Inf) * 0 + 1 / 60",
            f"(({ratio}) >= -Inf) / 60",
            f"({hour}) >= -Inf",
        )

    def constants(self) -> None:
        """What dashboards read."""
        for name, value in (
            (names.OBJECTIVE, decimal_text(self.slo.objective)),
            (names.ERROR_BUDGET, decimal_text(self.slo.error_budget)),
            (names.PERIOD_DAYS, f"{self.slo.window.days:g}"),
        ):
            self.record(self.fast, name, f"vector({value})")

    def tiles(self) -> None:
        """Tiles and everything that is summed from them."""
        self.record(self.long, names.TOTAL_TILE, f"300 * {self.now(names.TOTAL_RATE)}")
        self.record(self.long, names.BAD_TILE, f"300 * {self.now(names.BAD_RATE)}")
        for window in self._windows():
            if window in _TILE_WINDOWS:
                expr = self._ratio(names.BAD_TILE, names.TOTAL_TILE, window)
                self.record(self.long, names.error_ratio(window), expr)
        period = str(self.slo.window)
        budget = decimal_text(self.slo.error_budget)
        tiles = self.over(names.TOTAL_TILE, period, "count_over_time")
        expected = self.slo.window.seconds // 300
        for name, expr in (
            (names.PERIOD_ERROR_RATIO, self._ratio(names.BAD_TILE, names.TOTAL_TILE, period)),
            (names.PERIOD_BURN_RATE, f"{self.now(names.PERIOD_ERROR_RATIO)} / {budget}"),
            (names.BUDGET_REMAINING, f"1 - {self.now(names.PERIOD_BURN_RATE)}"),
            (names.COVERAGE, f"clamp_max({tiles} / {expected}, 1)"),
        ):
            self.record(self.long, name, expr)

    def alerts(self) -> None:
        """Burn-rate and health alerts."""
        for tier in self.slo.tiers:
            self._burn(tier)
        total, bad = self.now(names.TOTAL_RATE), self.now(names.BAD_RATE)
        required = self.slo.presence is Presence.REQUIRED
        severity = "critical" if required else "warning"
        if self.slo.missing_data is not MissingData.GOOD:
            missing = f"absent({self.read(names.TOTAL_RATE)}) or ({total} unless {bad})"
            if isinstance(self.slo.indicator, LatencyIndicator):
                missing += f" or ({self.series_with_bucket()} < {self.series_with_count()})"
            self._alert(self.fast, names.SERIES_MISSING, missing, severity, wait="10m")
            tiles = self.over(names.TOTAL_TILE, "1d", "count_over_time")
            before = f"max{self.by} (last_over_time({self.read(names.TOTAL_RATE, '1h')} offset 1d))"
            low = f"{tiles} / 288 < 0.9 and {total} and {before}"
            self._alert(self.long, names.COVERAGE_LOW, low, "warning")
        if isinstance(self.slo.indicator, EventsIndicator):
            odd = f"{bad} > 1.01 * {total} or {bad} unless {total}"
            if self.slo.indicator.counts == "good":
                odd = f"{bad} < -0.01 * {total}"
            self._alert(self.fast, names.IMPLAUSIBLE, odd, "warning", wait="15m")
        spent = f"{self.now(names.PERIOD_BURN_RATE)} * {self.now(names.COVERAGE)} >= 1"
        self._alert(self.long, names.BUDGET_EXHAUSTED, spent, "warning")

    def _burn(self, tier: Tier) -> None:
        long, short, threshold = str(tier.long), str(tier.short), decimal_text(tier.threshold)
        parts = [f"{self.now(names.error_ratio(w))} > {threshold}" for w in (long, short)]
        parts.append(f"{self._bad_events(long)} > {tier.min_bad - 0.5}")
        if long in _GUARD_OFFSETS:
            past = f"{self.read(names.TOTAL_RATE, '1h')} offset {_GUARD_OFFSETS[long]}"
            parts.append(f"max{self.by} (last_over_time({past}))")
        rules = self.long if long in _TILE_WINDOWS else self.fast
        self._alert(rules, names.BUDGET_BURN, " and ".join(parts), tier.severity)
        rules[-1]["labels"] |= {
            "tier": tier.name,
            "long_window": long,
            "short_window": short,
            **dict(self.slo.labels),
        }
        rules[-1]["keep_firing_for"] = str(tier.keep_firing_for)

    def _bad_events(self, long: str) -> str:
        if long in _TILE_WINDOWS:
            return self.over(names.BAD_TILE, long)
        if is_sliced(self.slo.indicator) and long == "1h":
            return self.over(names.SLICE_BAD, "59m30s")
        return f"{self.over(names.BAD_RATE, long)} * 60"

    def _alert(
        self, rules: list[Rule], name: str, expr: str, severity: str, *, wait: str = ""
    ) -> None:
        rule: Rule = {
            "alert": name,
            "expr": expr,
            "labels": {**self.labels, "severity": str(severity)},
        }
        rules.append({**rule, "for": wait} if wait else rule)
