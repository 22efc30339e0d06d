"""How wrong definitions are made of the good one, and pieces that several share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tests.slo.shop import PATH, variant

EXPR: Final = "max by (pool) (shop_pool_usage_ratio)"
TOTAL: Final = "sum(rate(shop_payments_total[{{window}}]))"
GOOD_SIDE: Final = "'sum(rate(shop_payments_total{result=\"ok\"}[{{window}}]))'"
RATIO: Final = """\
          sum(rate(shop_requests_total{status="5xx"}[{{window}}]))
            / sum(rate(shop_requests_total[{{window}}]))
"""
QUANTILE: Final = """\
          histogram_quantile(0.9,
            sum by (le) (rate(shop_request_seconds_bucket[{{window}}])))
"""
CONDITION: Final = 'goodWhen: "<= 0.9"\n    groupBy: [pool]'
EVENTS: Final = """\
        metric: shop_requests_total
        select: {route: "!=/health"}
        bad: {status: 5xx}
"""
LATENCY: Final = "{histogram: shop_request_seconds, threshold: 500ms}"
BOMB: Final = "\n".join(
    ["a: &a [x, x, x, x, x, x, x, x, x]"]
    + [
        f"{after}: &{after} [{', '.join([f'*{before}'] * 9)}]"
        for before, after in zip("abcdef", "bcdefg", strict=True)
    ]
)


@dataclass(frozen=True, slots=True)
class Bad:
    """A wrong definition.

    Attributes:
        name: what is wrong with it.
        ids: what is found, in the order of the file.
        text: the definition.
        path: where it lies.
    """

    name: str
    ids: tuple[str, ...]
    text: str
    path: str = PATH


def bad(name: str, ids: str, *edits: tuple[str, str], path: str = PATH) -> Bad:
    """The good definition with a mistake."""
    return Bad(name, tuple(ids.split()), variant(*edits), path)


def whole(name: str, ids: str, text: str) -> Bad:
    """A text that is no edit of the good one."""
    return Bad(name, tuple(ids.split()), text)
