"""Exact numbers and the one way they are written."""

from __future__ import annotations

from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Final

__all__ = ["decimal_text", "percent_text"]

_SIGNIFICANT_DIGITS: Final = 15


def decimal_text(value: Fraction | Decimal | int) -> str:
    """Write a number for PromQL: plain decimal digits, exact where at most 15 digits are enough.

    A value that needs more digits (1/3) is rounded to 15 significant ones, far below anything
    that a float sample can resolve.
    """
    fraction = Fraction(value)
    with localcontext() as context:
        context.prec = _SIGNIFICANT_DIGITS
        quotient = Decimal(fraction.numerator) / Decimal(fraction.denominator)
    text = format(quotient, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def percent_text(ratio: Fraction | Decimal) -> str:
    """Write a ratio as a percentage without noise: 0.999 is "99.9%"."""
    return f"{decimal_text(Fraction(ratio) * 100)}%"
