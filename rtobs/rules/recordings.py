"""The recording rules of one SLO, in the order of their evaluation."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Final

from rtobs import conventions as names
from rtobs.model.duration import Duration
from rtobs.model.number import decimal_text, percent_text
from rtobs.model.slo import ResolvedSlo
from rtobs.rules.groups import Recording
from rtobs.rules.indicators import indicator_rules
from rtobs.rules.reads import Reads
from rtobs.rules.windows import pair_windows, tile_windows

__all__ = ["every_five_minutes", "every_minute", "identity_labels", "spec_hash"]

TILE: Final = Duration.parse("5m")
_HASH_DIGITS: Final = 12
_DAY: Final = 86_400


def identity_labels(slo: ResolvedSlo) -> dict[str, str]:
    """Labels that every series and alert of an SLO carries."""
    values = (slo.slo_id, slo.name, slo.service, slo.component, str(slo.domain), slo.owner)
    return dict(zip(names.IDENTITY_LABELS, values, strict=True))


def every_minute(slo: ResolvedSlo) -> Iterator[Recording]:
    """The pair, the ratios up to six hours and the constants."""
    reads = Reads(slo)
    kind = indicator_rules(slo.indicator, reads)
    labels = identity_labels(slo)
    for name, expr in kind.slices:
        yield Recording(name, expr, labels)
    total, bad = reads.now(names.TOTAL_RATE), reads.now(names.BAD_RATE)
    yield Recording(names.TOTAL_RATE, kind.total, labels)
    yield Recording(names.BAD_RATE, kind.bad, labels)
    yield Recording(names.error_ratio("5m"), f"{bad} / ({total} > 0)", labels)
    yield Recording(names.error_ratio("1h"), kind.hour, labels)
    for window in pair_windows(slo.tiers):
        expr = _summed_ratio(reads, names.BAD_RATE, names.TOTAL_RATE, window)
        yield Recording(names.error_ratio(str(window)), expr, labels)
    burn = f"{reads.now(names.error_ratio('5m'))} / {decimal_text(slo.error_budget)}"
    yield Recording(names.CURRENT_BURN_RATE, burn, labels)
    yield from _constants(slo, labels)


def every_five_minutes(slo: ResolvedSlo) -> Iterator[Recording]:
    """The tiles, the ratios from a day on and the state of the budget."""
    reads = Reads(slo)
    labels = identity_labels(slo)
    for tile, rate in ((names.TOTAL_TILE, names.TOTAL_RATE), (names.BAD_TILE, names.BAD_RATE)):
        yield Recording(tile, f"{TILE.seconds} * {reads.now(rate)}", labels)
    for window in tile_windows(slo.tiers):
        expr = _summed_ratio(reads, names.BAD_TILE, names.TOTAL_TILE, window)
        yield Recording(names.error_ratio(str(window)), expr, labels)
    period = _summed_ratio(reads, names.BAD_TILE, names.TOTAL_TILE, slo.window)
    tiles = reads.over(names.TOTAL_TILE, str(slo.window), "count_over_time")
    expected = slo.window.seconds // TILE.seconds
    burn = f"{reads.now(names.PERIOD_ERROR_RATIO)} / {decimal_text(slo.error_budget)}"
    yield Recording(names.PERIOD_ERROR_RATIO, period, labels)
    yield Recording(names.PERIOD_BURN_RATE, burn, labels)
    yield Recording(names.BUDGET_REMAINING, f"1 - {reads.now(names.PERIOD_BURN_RATE)}", labels)
    yield Recording(names.COVERAGE, f"clamp_max({tiles} / {expected}, 1)", labels)


def _summed_ratio(reads: Reads, bad: str, total: str, window: Duration) -> str:
    """Bad over total within a window, weighted by traffic; no sample where nothing happened."""
    return f"{reads.over(bad, str(window))} / ({reads.over(total, str(window))} > 0)"


def _constants(slo: ResolvedSlo, labels: Mapping[str, str]) -> Iterator[Recording]:
    """Numbers for dashboards. No rule joins them: rules carry theirs as decimals."""
    for name, value in (
        (names.OBJECTIVE, slo.objective),
        (names.ERROR_BUDGET, slo.error_budget),
        (names.PERIOD_DAYS, Fraction(slo.window.seconds, _DAY)),
    ):
        yield Recording(name, f"vector({decimal_text(value)})", labels)
    info = {
        "spec_hash": spec_hash(slo),
        "objective": percent_text(slo.objective),
        "window": str(slo.window),
    }
    yield Recording(names.INFO, "vector(1)", {**labels, **info})


def spec_hash(slo: ResolvedSlo) -> str:
    """Changes when the budget starts to count something else; then old and new do not compare."""
    kind = indicator_rules(slo.indicator, Reads(slo))
    counted = (*(expr for _, expr in kind.slices), kind.total, kind.bad, kind.hour)
    words = (*counted, decimal_text(slo.objective), str(slo.window))
    return hashlib.sha256("\n".join(words).encode()).hexdigest()[:_HASH_DIGITS]
