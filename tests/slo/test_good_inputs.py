"""What looks unusual and is right: no check may speak up."""

from __future__ import annotations

import pytest

from tests.slo.mistakes import CONDITION, EXPR, GOOD_SIDE, LATENCY, RATIO, TOTAL
from tests.slo.shop import problems_of, variant

GOOD_INPUTS = {
    "a pattern that some values match": (("{status: 5xx}", '{status: "=~5.."}'),),
    "an alternative of known values": (("{status: 5xx}", '{status: "=~(?:4xx|5xx)"}'),),
    "a label that must be there": (("{status: 5xx}", '{status: 5xx, route: "!="}'),),
    "a counter of its own for the bad": (
        ("        bad: {status: 5xx}", "        badMetric: shop_request_seconds_count"),
    ),
    "a label of the target": (("groupBy: [route]", "groupBy: [route, instance]"),),
    "a probe of several instances": (("    presence: required", "    groupBy: [probe]"),),
    "the up series": (("{probe: {target: shop}}", "{probe: {up: {job: shop}}}"),),
    "an exporter that outlives": (("{probe: {target: shop}}", "{probe: {expr: max(up)}}"),),
    "a deployed bucket": (
        (
            LATENCY + "}\n    groupBy: [route]",
            "{histogram: shop_native_seconds, threshold: 250ms}}",
        ),
    ),
    "a bucket in another spelling": (("threshold: 500ms", "threshold: 0.50s"),),
    "a number of items": (
        (LATENCY + "}\n    groupBy: [route]", "{histogram: shop_basket_items, threshold: 25}}"),
    ),
    "a quantile minute by minute": (
        (EXPR, "histogram_quantile(0.9, sum by (le) (rate(shop_request_seconds_bucket[5m])))"),
        (CONDITION, 'goodWhen: "<= 95"'),
    ),
    "a metric of another component": (
        (
            EXPR,
            "max by (pool) (shop_connections) * on() group_left sum(rate(bank_calls_total[5m]))",
        ),
    ),
    "a ratio that is averaged": (
        (RATIO, "          avg_over_time(sum(rate(bank_calls_total[5m]))[{{window}}:1m])\n"),
    ),
    "a total with fewer conditions": ((TOTAL, f"{TOTAL} # all of them"),),
    "a bucket out of all of them": (
        (GOOD_SIDE, "'sum(rate(shop_request_seconds_bucket{le=\"0.5\"}[{{window}}]))'"),
        (TOTAL, 'sum(rate(shop_request_seconds_bucket{le="+Inf"}[{{window}}]))'),
    ),
    "a percentage": (
        (EXPR, "100 * max by (pool) (shop_pool_usage_ratio)"),
        ('"<= 0.9"', '"<= 90"'),
    ),
    "a condition at the end of the scale": (('"<= 0.9"', '"< 1"'),),
    "a muted cause": (("owner: shop-team", "owner: me\ncauses: {mute: [ShopPoolFull]}"),),
    "another policy": (("    presence: required", "    alerting: {policy: quiet}"),),
    "a tier switched off": (("    presence: required", "    alerting: {tiers: {fast: off}}"),),
    "missing minutes as bad": (
        ("    groupBy: [pool]", "    groupBy: [pool]\n    missingData: bad"),
    ),
    "traffic": (
        (
            "        bad: {status: 5xx}",
            "        bad: {status: 5xx}\n    traffic: {minBad: 9}",
        ),
    ),
    "a proof": (
        (
            "    window: 7d",
            '    proof: {good: {\'x{a="b",c="d"}\': 1}, bad: {\'x{c="d",a="b"}\': 0.5}}',
        ),
    ),
    "a domain of its own": (("owner: shop-team", "owner: me\ndomain: inference"),),
}


@pytest.mark.parametrize("edits", GOOD_INPUTS.values(), ids=GOOD_INPUTS)
def test_what_is_right_has_no_problems(edits: tuple[tuple[str, str], ...]) -> None:
    """A check that speaks up here would be switched off by its users."""
    assert [str(problem) for problem in problems_of(variant(*edits))] == []
