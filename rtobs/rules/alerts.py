"""The alerts of one SLO: one burn-rate alert a tier, the spent budget, and the health alerts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from rtobs import conventions as names
from rtobs.conventions import Severity
from rtobs.model.alerting import Tier
from rtobs.model.duration import Duration
from rtobs.model.indicator import EventsIndicator, LatencyIndicator, is_sliced
from rtobs.model.number import decimal_text
from rtobs.model.site import Site
from rtobs.model.slo import MissingData, Presence, ResolvedSlo
from rtobs.rules.annotations import burn_annotations, health_annotations
from rtobs.rules.groups import Alert
from rtobs.rules.indicators import SLICES_1H, bucket_and_count
from rtobs.rules.reads import Reads
from rtobs.rules.recordings import TILE, identity_labels
from rtobs.rules.templates import literal
from rtobs.rules.windows import is_raw, is_tiled

__all__ = ["alerts_every_five_minutes", "alerts_every_minute"]

# A target that vanished stops being counted as bad after an hour. The page about that ends when
# this hold is over, so the two follow each other without a gap.
_HOLD_MISSING: Final = "10m"
_HOLD_IMPLAUSIBLE: Final = "15m"
_HOUR: Final = Duration.parse("1h")
_DAY: Final = Duration.parse("1d")
_COVERED: Final = "0.9"
_TOLERATED: Final = "0.01"


def alerts_every_minute(slo: ResolvedSlo, site: Site, causes: Sequence[str]) -> Iterator[Alert]:
    """The tiers whose long window is shorter than a day, and what is wrong with the series."""
    reads = Reads(slo)
    for tier in slo.tiers:
        if not is_tiled(tier.long):
            yield _burn(reads, tier, site, causes)
    if slo.missing_data is not MissingData.GOOD:
        expr = _series_missing(reads)
        yield _health(
            slo, names.SERIES_MISSING, expr, site, _absence_severity(slo), hold=_HOLD_MISSING
        )
    if odd := _implausible(reads):
        hold = _HOLD_IMPLAUSIBLE
        yield _health(slo, names.IMPLAUSIBLE, odd, site, Severity.WARNING, hold=hold)


def alerts_every_five_minutes(
    slo: ResolvedSlo, site: Site, causes: Sequence[str]
) -> Iterator[Alert]:
    """The tiers of a day and longer, the spent budget, and the coverage of the last day."""
    reads = Reads(slo)
    for tier in slo.tiers:
        if is_tiled(tier.long):
            yield _burn(reads, tier, site, causes)
    # Times coverage: exhausted even if everything that was not seen was good.
    spent = f"{reads.now(names.PERIOD_BURN_RATE)} * {reads.now(names.COVERAGE)} >= 1"
    yield _health(slo, names.BUDGET_EXHAUSTED, spent, site, Severity.WARNING)
    if slo.missing_data is not MissingData.GOOD:
        yield _health(slo, names.COVERAGE_LOW, _coverage_low(reads), site, Severity.WARNING)


def _burn(reads: Reads, tier: Tier, site: Site, causes: Sequence[str]) -> Alert:
    slo = reads.slo
    threshold = decimal_text(tier.threshold)
    terms = [
        f"{reads.now(names.error_ratio(str(window)))} > {threshold}"
        for window in (tier.long, tier.short)
    ]
    # Counts are extrapolated (2.9999), so they are compared half a step below.
    terms.append(f"{_bad_count(reads, tier.long)} > {tier.min_bad - 1}.5")
    if not is_raw(tier.long):
        # A young group crosses a long window's limit early; it must have been there half of it.
        terms.append(reads.was_there(names.TOTAL_RATE, Duration(tier.long.seconds // 2)))
    own = {
        names.SEVERITY: str(tier.severity),
        names.TIER: tier.name,
        names.LONG_WINDOW: str(tier.long),
        names.SHORT_WINDOW: str(tier.short),
    }
    return Alert(
        names.BUDGET_BURN,
        " and ".join(terms),
        _labels(slo, own),
        burn_annotations(slo, tier, site, causes),
        keep_firing_for=str(tier.keep_firing_for),
    )


def _bad_count(reads: Reads, long: Duration) -> str:
    """Bad events, or bad minutes, within the long window."""
    if is_tiled(long):
        return reads.over(names.BAD_TILE, str(long))
    if is_sliced(reads.slo.indicator) and long == _HOUR:
        return reads.over(names.SLICE_BAD, SLICES_1H)
    return f"{reads.over(names.BAD_RATE, str(long))} * 60"


def _series_missing(reads: Reads) -> str:
    """No total at all, a total without its bad part, or pods that lack the bucket that is read."""
    total, bad = reads.now(names.TOTAL_RATE), reads.now(names.BAD_RATE)
    expr = f"absent({reads.series(names.TOTAL_RATE)}) or ({total} unless {bad})"
    if not isinstance(reads.slo.indicator, LatencyIndicator):
        return expr
    bucket, count = (reads.raw_count(part) for part in bucket_and_count(reads.slo.indicator))
    return f"{expr} or ({bucket} < {count})"


def _implausible(reads: Reads) -> str:
    """Bad or good events that exceed the total; "" where both come from the same series."""
    total, bad = reads.now(names.TOTAL_RATE), reads.now(names.BAD_RATE)
    match reads.slo.indicator:
        case EventsIndicator(counts="bad"):
            return f"{bad} > 1{_TOLERATED[1:]} * {total} or {bad} unless {total}"
        case EventsIndicator(counts="good"):
            return f"{bad} < -{_TOLERATED} * {total}"
    return ""


def _coverage_low(reads: Reads) -> str:
    """Existed a day ago, exists now, and more than a tenth of the day between is missing."""
    tiles = reads.over(names.TOTAL_TILE, str(_DAY), "count_over_time")
    share = f"{tiles} / {_DAY.seconds // TILE.seconds} < {_COVERED}"
    return (
        f"{share} and {reads.now(names.TOTAL_RATE)} and {reads.was_there(names.TOTAL_RATE, _DAY)}"
    )


def _absence_severity(slo: ResolvedSlo) -> Severity:
    return Severity.CRITICAL if slo.presence is Presence.REQUIRED else Severity.WARNING


def _health(
    slo: ResolvedSlo, name: str, expr: str, site: Site, severity: Severity, *, hold: str = ""
) -> Alert:
    labels = _labels(slo, {names.SEVERITY: str(severity)})
    return Alert(name, expr, labels, health_annotations(slo, name, site), hold=hold)


def _labels(slo: ResolvedSlo, own: dict[str, str]) -> dict[str, str]:
    """All labels of an alert; Prometheus expands templates in them, so users' text is escaped."""
    texts = {**identity_labels(slo), **own, **dict(slo.labels)}
    return {name: literal(text) for name, text in texts.items()}
