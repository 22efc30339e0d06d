"""Which of the policies that were tried is best, and why."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from rtobs.analytics.backtest.policies import SHIPPED
from rtobs.analytics.backtest.sweep import SCORES
from rtobs.analytics.frames import check

__all__ = ["RULE", "Recommendation", "pareto", "recommend"]

RULE: Final = (
    "Most incidents found, then fewest pages a week, then fewest flaps, then the shortest median"
    " detection, then the best precision; what is shipped wins a tie, and stays where no policy"
    " finds an incident."
)
_ENOUGH: Final = 10  # incidents; a policy that is fitted to fewer fits those
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Recommendation:
    """The policy that the rule picks.

    Attributes:
        policy: its name.
        why: sentences that compare it with what is shipped.
        rule: the rule.
        caution: what speaks against believing it, "" for nothing.
        judged: whether a policy found an incident; if none did, what is shipped stays.
    """

    policy: str
    why: tuple[str, ...]
    rule: str = RULE
    caution: str = ""
    judged: bool = True


def pareto(scores: pl.DataFrame) -> pl.Series:
    """Which policies no other beats in recall, pages, flaps and detection together.

    Args:
        scores: SCORES.

    Returns:
        A Boolean for each row, named "pareto".
    """
    costs = [_costs(row) for row in check(scores, SCORES).iter_rows(named=True)]
    best = [
        not any(
            all(o <= c for o, c in zip(other, cost, strict=True)) and other != cost
            for other in costs
        )
        for cost in costs
    ]
    return pl.Series("pareto", best, dtype=pl.Boolean)


def recommend(scores: pl.DataFrame) -> Recommendation:
    """The policy that the rule picks, with reasons in words.

    Silence is no merit: where no policy finds an incident, the one that pages least would be one
    that cannot fire, so what is shipped stays.

    Args:
        scores: SCORES with at least one row.

    Raises:
        FrameError: the frame is no SCORES.
        ValueError: no policy was tried.
    """
    rows = list(check(scores, SCORES).iter_rows(named=True))
    if not rows:
        raise ValueError("no policy was tried")
    best = min(rows, key=_order)
    shipped = next((row for row in rows if row["policy"] == SHIPPED), None)
    caution = _caution(best["incidents"])
    if not best["recall"]:
        why = _nothing_found(best["incidents"], shipped)
        return Recommendation(SHIPPED, why, caution=caution, judged=False)
    return Recommendation(best["policy"], tuple(_why(best, shipped)), caution=caution)


def _caution(known: int) -> str:
    if known >= _ENOUGH:
        return ""
    return (
        f"Caution: {known} incident{'' if known == 1 else 's'} to judge by, fewer than {_ENOUGH}."
        " Replay more months or services before you change a policy."
    )


def _nothing_found(known: int, shipped: Row | None) -> tuple[str, ...]:
    reason = "No policy finds an incident" if known else "There is no incident to judge by"
    said = () if shipped is None else (f"{SHIPPED}: {_words(shipped)}.",)
    return (*said, f"{reason}, so what is shipped stays.")


def _costs(row: Row) -> tuple[float, float, float, float]:
    """Recall, pages, flaps and detection, each the better the smaller."""
    detection = row["detection_p50_s"]
    return (
        -(row["recall"] or 0.0),
        row["pages_per_week"] or 0.0,
        row["flaps"] or 0,
        math.inf if detection is None else detection,
    )


def _order(row: Row) -> tuple[float, float, float, float, float, bool]:
    return (*_costs(row), -(row["precision"] or 0.0), row["policy"] != SHIPPED)


def _why(best: Row, shipped: Row | None) -> list[str]:
    said = [f"{best['policy']}: {_words(best)}."]
    if shipped is None or shipped["policy"] == best["policy"]:
        return said
    said.append(f"{SHIPPED}: {_words(shipped)}.")
    reasons = [
        text
        for text, mine, theirs in zip(
            (
                "it finds more incidents",
                "it pages less often",
                "it flaps less",
                "it finds them sooner",
            ),
            _costs(best),
            _costs(shipped),
            strict=True,
        )
        if mine < theirs
    ]
    reason = " and ".join(reasons) if reasons else "more of its alerts are about an incident"
    said.append(f"{best['policy']} is better because {reason}.")
    return said


def _words(row: Row) -> str:
    several = "" if row["incidents"] == 1 else "s"
    found = f"finds {row['detected']} of {row['incidents']} incident{several}"
    pages = f"pages {row['pages_per_week']:.3g} times a week"
    detection = row["detection_p50_s"]
    after = "" if detection is None else f", half of them within {_minutes(detection)}"
    right = row["precision"]
    true = "" if right is None else f", and {100 * right:.3g}% of its alerts are about one"
    return f"{found}{after}, {pages}{true}"


def _minutes(seconds: float) -> str:
    minutes = f"{seconds / 60:.3g}"
    return f"{minutes} minute{'' if minutes == '1' else 's'}"
