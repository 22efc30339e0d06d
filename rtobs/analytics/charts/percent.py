"""Ratios as text. Rounding never turns a miss into a hit, or something into nothing.

Numbers are rounded here, at the moment they are shown, and nowhere else. A percentage has as many
digits as it takes to see a hundredth of the error budget.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from math import ceil, isfinite, log10
from typing import Final

from rtobs.model.number import decimal_text

__all__ = [
    "MINUS",
    "PERCENT",
    "digits_for",
    "objective_text",
    "share_text",
    "signed_share_text",
    "sli_text",
]

MINUS: Final = "\N{MINUS SIGN}"
_SPACE: Final = "\N{NO-BREAK SPACE}"
PERCENT: Final = f"{_SPACE}%"
_MOST_DIGITS: Final = 12
_SIGNIFICANT: Final = 10  # from here on two digits say enough
_NOTHING: Final = "no data"

Number = float | Decimal | Fraction


def digits_for(objective: Number) -> int:
    """Decimal places of a percentage that show a hundredth of the error budget.

    An objective of 99.9 % has a budget of 0.1 %, and a hundredth of that is seen in 99.953 %.
    """
    budget = 1 - Fraction(objective)
    return max(0, ceil(-log10(budget) - 1e-9)) if budget > 0 else _MOST_DIGITS


def objective_text(objective: Number) -> str:
    """An objective as it is defined: "99.9 %", without noise and without rounding."""
    exact = Fraction(objective) if not isinstance(objective, float) else Fraction(repr(objective))
    return f"{decimal_text(exact * 100)}{_SPACE}%"


def sli_text(sli: Number | None, objective: Number) -> str:
    """An SLI beside its objective: "99.953 %".

    Digits are added until the text is on the same side of the objective, and of 100 %, as the
    number: 0.89996 never looks like 90 %.
    """
    if sli is None or not isfinite(sli):
        return _NOTHING
    exact, target = Fraction(sli), Fraction(objective)
    digits = digits_for(objective)
    while digits < _MOST_DIGITS and not _keeps_sides(exact, target, digits):
        digits += 1
    return f"{_rounded(exact * 100, digits)}{_SPACE}%"


def _keeps_sides(exact: Fraction, target: Fraction, digits: int) -> bool:
    shown = Fraction(_rounded(exact * 100, digits)) / 100
    return all(_side(exact, edge) == _side(shown, edge) for edge in (target, Fraction(1)))


def _side(value: Fraction, edge: Fraction) -> int:
    return (value > edge) - (value < edge)


def _rounded(value: Fraction, digits: int) -> Decimal:
    exponent = Decimal(1).scaleb(-digits)
    ratio = Decimal(value.numerator) / Decimal(value.denominator)
    return ratio.quantize(exponent, rounding=ROUND_HALF_EVEN)


def share_text(share: Number | None) -> str:
    """A share of a whole: "37 %", "2.4 %", "0.03 %"; "0 %" and "100 %" only when exact."""
    if share is None or not isfinite(share):
        return _NOTHING
    exact = Fraction(share) * 100
    text = _share_digits(abs(exact))
    return f"{MINUS if exact < 0 else ''}{text}{_SPACE}%"


def signed_share_text(share: Number | None) -> str:
    """A change of a share: "+2.4 points", "\N{MINUS SIGN}12 points", "no change"."""
    if share is None or not isfinite(share):
        return _NOTHING
    exact = Fraction(share) * 100
    if exact == 0:
        return "no change"
    return f"{'+' if exact > 0 else MINUS}{_share_digits(abs(exact))}{_SPACE}points"


def _share_digits(exact: Fraction) -> str:
    digits = 0 if exact >= _SIGNIFICANT else 1
    while digits < _MOST_DIGITS and _hides(exact, digits):
        digits += 1
    text = format(_rounded(exact, digits), "f")
    return text.removesuffix(".0") if digits == 1 else text


def _hides(exact: Fraction, digits: int) -> bool:
    """Whether rounding says "nothing" or "all" of what is neither."""
    shown = Fraction(_rounded(exact, digits))
    return exact not in (0, 100) and shown in (0, 100)
