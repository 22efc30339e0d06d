"""Bucket bounds: texts on the wire that stand for one number.

Clients and servers spell a bound differently: Go clients write "1" and "1e+06", Python clients
"1.0" and "1000000.0", Prometheus 3 rewrites scraped bounds to "1.0" and "1e+06", its OTLP receiver
writes "1". A query must accept all of them.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

__all__ = ["bound", "nearest", "spellings"]

_GO_PLAIN: Final = (1e-4, 1e6)  # between these, Go writes a float without an exponent


def bound(text: str) -> Decimal:
    """The number that a bucket's text stands for.

    Raises:
        decimal.InvalidOperation: the text is no number.
    """
    return Decimal(text)


def _go_text(value: Decimal) -> str:
    """Go's shortest 'g' format: an exponent below 1e-4 and from 1e+06, or from 1e+21 on."""
    number = float(value)
    digits = repr(number)
    if number != 0 and (not _GO_PLAIN[0] <= abs(number) < _GO_PLAIN[1]):
        candidates = (f"{number:.{precision}e}" for precision in range(18))
        mantissa, _, exponent = next(t for t in candidates if float(t) == number).partition("e")
        return f"{mantissa}e{int(exponent):+03d}"
    return digits.removesuffix(".0")


def spellings(text: str) -> tuple[str, ...]:
    """Every text that a client or server may use for the bound `text`, the given one first."""
    value = bound(text)
    go = _go_text(value)
    go_float = go if "." in go or "e" in go else f"{go}.0"
    number = float(value)
    plain = format(value.normalize(), "f")
    texts = [text, go, go_float, repr(number)]
    if "e" in go and value == value.to_integral_value():
        texts += [plain, f"{plain}.0"]
    return tuple(dict.fromkeys(texts))


def nearest(threshold: Decimal, buckets: tuple[str, ...], count: int = 2) -> tuple[str, ...]:
    """The `count` bucket texts that are closest to a threshold, ascending."""
    closest = sorted(buckets, key=lambda text: abs(bound(text) - threshold))[:count]
    return tuple(sorted(closest, key=bound))
