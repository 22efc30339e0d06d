"""PromQL that says how an SLO is doing now, ready to paste."""

from __future__ import annotations

from rtobs import conventions as names
from rtobs.model.slo import ResolvedSlo
from rtobs.promql.text import aggregate, quote
from rtobs.runbooks.numbers import count_words

__all__ = ["current_state"]


def current_state(slo: ResolvedSlo) -> tuple[tuple[str, str], ...]:
    """Pairs of a title and a query; a query of a grouped SLO answers for each group."""
    identity = f"{names.SLO_ID}={quote(slo.slo_id)}"
    only = f"{{{identity}}}"
    counted = count_words(slo.indicator)
    budget = f"last_over_time({names.BUDGET_REMAINING}{only}[10m])"
    spent = f"sum_over_time({names.BAD_TILE}{only}[1h])"
    return (
        (
            "Burn rate now; above 1 the budget shrinks",
            aggregate("max", slo.group_by, f"{names.CURRENT_BURN_RATE}{only}"),
        ),
        (
            "Error ratio of the last hour",
            aggregate("max", slo.group_by, f"{names.error_ratio('1h')}{only}"),
        ),
        ("Share of the error budget left", aggregate("min", slo.group_by, budget)),
        (
            f"Bad {counted} in the last hour",
            f"sort_desc({aggregate('sum', slo.group_by, spent)})",
        ),
        ("Alerts of this SLO that are firing", f'ALERTS{{{identity},alertstate="firing"}}'),
    )
