"""The calculus of availability: what dependencies allow, and what an incident may cost.

Source: Treynor, Dahlin, Rau and Beyer (2017), "The Calculus of Service Availability", ACM Queue
15(2). Exact arguments (Decimal, Fraction) give exact results.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction

from rtobs.model.duration import Duration

__all__ = ["availability_in_series", "incident_budget", "objective_for_dependencies"]

Number = float | Decimal | Fraction


def availability_in_series(availabilities: Iterable[Number]) -> Fraction:
    """Availability of a service that is down whenever one of its parts is.

    The parts must fail independently of each other; the product is then exact. With parts that
    fail together it is a lower bound.

    Args:
        availabilities: shares in [0, 1] of the service's own parts and its dependencies.

    Returns:
        Their product; 1 for none.

    Raises:
        ValueError: a share is not within [0, 1].
    """
    product = Fraction(1)
    for value in availabilities:
        product *= _share(value)
    return product


def objective_for_dependencies(objective: Number, *, extra_nines: int = 1) -> Fraction:
    """What each critical dependency must promise: one nine more than the service itself.

    With one more nine, ten dependencies can spend the whole budget together, and nothing is left
    for the service's own faults.

    Args:
        objective: the service's promise, 0.999.
        extra_nines: nines on top of it.

    Returns:
        1 - (1 - objective) / 10 ** extra_nines, here 0.9999.
    """
    shrink: int = 10**extra_nines
    return 1 - (1 - _share(objective)) / shrink


def incident_budget(
    objective: Number, window: Duration, incidents: int, *, share_affected: Number = 1
) -> float:
    """How long one incident may last, from its start over detection to its repair.

    Args:
        objective: the promise, 0.999.
        window: what it is promised for.
        incidents: how many incidents are expected in the window.
        share_affected: share of the events that an incident makes bad.

    Returns:
        Minutes from the start of an incident to its end (time to detect plus time to repair) when
        the incidents together spend exactly the budget; at most the window.

    Raises:
        ValueError: no incidents are expected, or a share is not within [0, 1].
    """
    affected = _share(share_affected)
    if incidents < 1 or affected == 0:
        raise ValueError("the budget of an incident needs at least one that makes events bad")
    minutes = Fraction(window.seconds, 60)
    return float(min(minutes, (1 - _share(objective)) * minutes / incidents / affected))


def _share(value: Number) -> Fraction:
    share = exact(value)
    if not 0 <= share <= 1:
        raise ValueError(f"a share lies between 0 and 1; {value} does not")
    return share


def exact(value: Number) -> Fraction:
    """A number as it is written: the float 0.1 means a tenth."""
    return Fraction(repr(value)) if isinstance(value, float) else Fraction(value)
