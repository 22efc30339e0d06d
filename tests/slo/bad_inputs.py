"""Definitions that are wrong, each in one way: a name, the ids of what is found, the text."""

from __future__ import annotations

from tests.slo.mistakes import (
    BOMB,
    CONDITION,
    EVENTS,
    EXPR,
    GOOD_SIDE,
    LATENCY,
    QUANTILE,
    RATIO,
    TOTAL,
    bad,
    whole,
)
from tests.slo.shop import GOOD

YAML = (
    whole("empty file", "one-document", ""),
    whole("only a comment", "one-document", "# soon\n"),
    whole("two documents", "one-document", f"{GOOD}---\n{GOOD}"),
    whole("a list instead of a mapping", "invalid-value", "- service: shop\n"),
    whole("a text instead of a mapping", "invalid-value", "shop\n"),
    whole("aliases that multiply", "yaml-bomb", BOMB),
    whole("an anchor that contains itself", "yaml-bomb", "a: &a [*a]\n"),
    whole("forty levels deep", "yaml-bomb", "a: " + "[" * 60 + "]" * 60 + "\n"),
    bad("a tab for indentation", "yaml-syntax", ("    objective: 99.5%", "\tobjective: 99.5%")),
    bad("an unclosed quotation mark", "yaml-syntax", ('"<= 0.9"', '"<= 0.9')),
    bad("a control character", "yaml-syntax", ("shop-team", "shop\x07team")),
    bad("a duplicate key", "duplicate-key", ("owner: shop-team", "owner: shop-team\nowner: me")),
    bad("a list as a key", "key-type", ("owner: shop-team", "? [a, b]\n: c\nowner: me")),
    bad("a tag that builds objects", "yaml-tag", ("shop-team", "!!python/object:os.system x")),
    bad("a tag of one's own", "yaml-tag", ("shop-team", "!vault secret")),
)
SHAPE = (
    bad("an unknown key", "unknown-key", ("    presence: required", "    presense: required")),
    bad("an unknown key at the top", "unknown-key", ("owner: shop-team", "owner: me\nteam: shop")),
    bad("a missing owner", "missing-key", ("owner: shop-team\n", "")),
    bad("a key that is a number", "unknown-key", ("owner: shop-team", "owner: me\n5: five")),
    bad("another API version", "invalid-value", ("rtobs/v1", "rtobs/v2")),
    bad("another kind", "invalid-value", ("ServiceLevelObjectives", "SLO")),
    bad("no SLOs", "invalid-value", (GOOD[GOOD.index("slos:") :], "slos: []\n")),
    bad("a service that is a path", "invalid-value", ("service: shop", "service: ../../etc/shop")),
    bad("a name with capitals", "invalid-value", ("name: requests", "name: Requests")),
    bad("a name of 64 letters", "invalid-value", ("name: requests", f"name: {'a' * 64}")),
    bad(
        "an empty description",
        "invalid-value",
        ("The shop answers when it is asked from outside.", '""'),
    ),
    bad("an objective of 100 %", "invalid-value", ("objective: 99.5%", "objective: 100%")),
    bad("an objective of 0 %", "invalid-value", ("objective: 99.5%", "objective: 0%")),
    bad("an objective without percent", "invalid-value", ("objective: 99.5%", "objective: 0.995")),
    bad("an objective that is a word", "invalid-value", ("objective: 99.5%", "objective: high")),
    bad("an objective that is NaN", "invalid-value", ("objective: 99.5%", "objective: nan%")),
    bad(
        "an objective of a gigabyte",
        "invalid-value",
        ("objective: 99.5%", "objective: 1e999999999%"),
    ),
    bad("a window without a unit", "invalid-value", ("window: 7d", "window: 30")),
    bad("a window in months", "invalid-value", ("window: 7d", "window: 1month")),
    bad("a window of nothing", "invalid-value", ("window: 7d", "window: 0d")),
    bad("a window of ages", "unknown-window", ("window: 7d", f"window: {'9' * 30}d")),
    bad("a threshold in words", "invalid-value", ("threshold: 500ms", "threshold: fast")),
    bad("a negative threshold", "invalid-value", ("threshold: 500ms", "threshold: -1s")),
    bad(
        "two kinds of SLI",
        "invalid-value",
        ("sli: {probe: {target: shop}}", "sli: {probe: {target: shop}, raw: {errorRatio: x}}"),
    ),
    bad("no kind of SLI", "invalid-value", ("sli: {probe: {target: shop}}", "sli: {}")),
    bad(
        "bad and good",
        "invalid-value",
        ("        bad: {status: 5xx}", "        bad: {status: 5xx}\n        good: {status: 2xx}"),
    ),
    bad("an expression beside a metric", "invalid-value", ("bad: {status: 5xx}", "bad: sum(x)")),
    bad("a condition without an operator", "invalid-value", ('"<= 0.9"', '"0.9"')),
    bad("a label that is none", "invalid-value", ("{status: 5xx}", "{st-atus: 5xx}")),
    bad(
        "a link without a scheme",
        "invalid-value",
        ("    presence: required", '    links: [{title: Wiki, url: "javascript:alert(1)"}]'),
    ),
    bad(
        "a tier set to nonsense",
        "invalid-value",
        ("    presence: required", "    alerting: {tiers: {fast: never}}"),
    ),
    bad(
        "a huge number of events",
        "invalid-value",
        ("    window: 7d", "    traffic: {minBad: 99999999999999999999}"),
    ),
)
IDENTITY = (
    bad(
        "an unknown component",
        "unknown-component",
        ("owner: shop-team", "owner: me\ncomponent: shopp"),
    ),
    bad(
        "a component that is nothing like another",
        "unknown-component",
        ("owner: shop-team", "owner: me\ncomponent: zzz"),
    ),
    bad(
        "a service that is no component", "unknown-component", ("service: shop", "service: market")
    ),
    bad(
        "a component without a domain",
        "unknown-domain unknown-metric unknown-metric",
        ("owner: shop-team", "owner: me\ncomponent: bank"),
    ),
    bad("a file in the wrong domain", "misplaced-file", path="slo/data/shop.yaml"),
    bad("a file of another name", "misplaced-file", path="slo/inference/web.yaml"),
    bad("two SLOs of one name", "duplicate-slo", ("name: requests", "name: up")),
    bad(
        "a muted cause that is none",
        "unknown-cause",
        ("owner: shop-team", "owner: me\ncauses: {mute: [ShopPoolFul]}"),
    ),
    bad("a service selected by bucket", "reserved-label", ("{namespace: web}", '{le: "1"}')),
    bad(
        "no probe",
        "no-availability",
        (
            "sli: {probe: {target: shop}}",
            "sli: {latency: {histogram: shop_request_seconds, threshold: 1s}}",
        ),
    ),
)
METRICS = (
    bad(
        "a misspelt metric",
        "unknown-metric",
        ("metric: shop_requests_total", "metric: shop_request_total"),
    ),
    bad(
        "a counter without its ending",
        "unknown-metric",
        ("metric: shop_requests_total", "metric: shop_requests"),
    ),
    bad(
        "a metric of another component",
        "unknown-metric",
        ("metric: shop_requests_total", "metric: bank_calls_total"),
    ),
    bad("a metric that nobody has", "unknown-metric", (EXPR, "max by (pool) (zzz)")),
    bad("a renamed metric", "unknown-metric", (EXPR, "max by (pool) (rate(shop_old[5m]))")),
    bad(
        "a metric that is not there yet",
        "metric-version",
        (EXPR, "max(rate(shop_new_total[5m]))"),
        (CONDITION, 'goodWhen: "<= 0.9"'),
    ),
    bad(
        "a metric that is gone",
        "metric-version",
        (EXPR, "max(rate(shop_gone_total[5m]))"),
        (CONDITION, 'goodWhen: "<= 0.9"'),
    ),
    bad(
        "a metric that was never seen",
        "unverified-metric",
        (EXPR, "max(rate(shop_rumour_total[5m]))"),
        (CONDITION, 'goodWhen: "<= 0.9"'),
    ),
    bad("a selector without a name", "nameless-selector", (EXPR, "'max by (pool) ({pool=\"a\"})'")),
    bad(
        "a gauge as events",
        "wrong-metric-type",
        (EVENTS, "        metric: shop_connections\n        bad: {pool: a}\n"),
    ),
    bad(
        "a histogram as events",
        "wrong-metric-type",
        (EVENTS, "        metric: shop_request_seconds\n        bad: {route: a}\n"),
    ),
    bad(
        "a summary as events",
        "wrong-metric-type",
        (EVENTS, "        metric: shop_gc_seconds\n        bad: {phase: a}\n"),
    ),
    bad(
        "a gauge of bad events",
        "wrong-metric-type",
        (EVENTS, "        metric: shop_requests_total\n        badMetric: shop_connections\n"),
    ),
    bad(
        "a counter as a histogram",
        "wrong-metric-type",
        (LATENCY, "{histogram: shop_requests_total, threshold: 1s}"),
    ),
    bad(
        "a summary as a histogram",
        "wrong-metric-type group-by-unknown-label",
        (LATENCY, "{histogram: shop_gc_seconds, threshold: 1s}"),
    ),
    bad(
        "the series of a histogram",
        "wrong-metric-type",
        (LATENCY, "{histogram: shop_request_seconds_bucket, threshold: 1s}"),
    ),
)
LABELS = (
    bad("a misspelt label", "unknown-label", ("{status: 5xx}", "{statsu: 5xx}")),
    bad(
        "a label in an expression",
        "unknown-label",
        (EXPR, "'max by (pool) (shop_pool_usage_ratio{db=\"a\"})'"),
    ),
    bad("a value that never occurs", "unknown-label-value", ("{status: 5xx}", "{status: 500}")),
    bad(
        "a negated value that never occurs",
        "unknown-label-value",
        ("{status: 5xx}", '{status: "!=200"}'),
    ),
    bad(
        "an alternative that never occurs",
        "unknown-label-value",
        ("{status: 5xx}", '{status: "=~4xx|5x"}'),
    ),
    bad(
        "a pattern that matches nothing",
        "unknown-label-value",
        ("{status: 5xx}", '{status: "=~50."}'),
    ),
    bad("a pattern that is none", "invalid-pattern", ("{status: 5xx}", '{status: "=~5("}')),
    bad("buckets of a counter", "reserved-label", ("{status: 5xx}", '{le: "0.5"}')),
    bad(
        "the namespace of another service",
        "contradiction",
        ('{route: "!=/health"}', "{namespace: bank}"),
    ),
    bad(
        "another job in an expression",
        "contradiction",
        (EXPR, "'max by (pool) (shop_pool_usage_ratio{job=\"x\"})'"),
    ),
    bad(
        "a group that the metric lacks",
        "group-by-unknown-label",
        ("groupBy: [route]", "groupBy: [rout]"),
    ),
    bad(
        "a group that the probe lacks",
        "group-by-unknown-label",
        ("presence: required", "groupBy: [route]"),
    ),
    bad("a reserved group", "reserved-label", ("groupBy: [route]", "groupBy: [route, service]")),
    bad("a group twice", "duplicate-group", ("groupBy: [route]", "groupBy: [route, route]")),
    bad(
        "a reserved label of alerts",
        "reserved-label",
        ("    presence: required", "    alerting: {labels: {severity: high}}"),
    ),
    bad(
        "a group as a label of alerts",
        "label-clash",
        ("    groupBy: [route]", "    groupBy: [route]\n    alerting: {labels: {route: all}}"),
    ),
)
BUCKETS = (
    bad(
        "a threshold between buckets",
        "threshold-not-a-bucket",
        ("threshold: 500ms", "threshold: 2s"),
    ),
    bad(
        "a threshold below all buckets",
        "threshold-not-a-bucket",
        ("threshold: 500ms", "threshold: 1ms"),
    ),
    bad(
        "a threshold above all buckets",
        "threshold-not-a-bucket",
        ("threshold: 500ms", "threshold: 1h"),
    ),
    bad(
        "a bucket that is not deployed",
        "threshold-not-a-bucket",
        (
            LATENCY + "}\n    groupBy: [route]",
            "{histogram: shop_native_seconds, threshold: 500ms}}",
        ),
    ),
    bad(
        "a time for a number of items",
        "threshold-unit",
        (LATENCY + "}\n    groupBy: [route]", "{histogram: shop_basket_items, threshold: 5s}}"),
    ),
    bad(
        "a number between buckets",
        "threshold-not-a-bucket",
        (LATENCY + "}\n    groupBy: [route]", "{histogram: shop_basket_items, threshold: 7}}"),
    ),
)
EXPRESSIONS = (
    bad(
        "an unclosed parenthesis",
        "expression-syntax",
        (EXPR, "max by (pool) (shop_pool_usage_ratio"),
    ),
    bad(
        "an error in a quoted text",
        "expression-syntax",
        (EXPR, "'max(shop_pool_usage_ratio{pool=''a'', x})'"),
    ),
    bad(
        "an error behind escapes",
        "expression-syntax",
        (EXPR, '"max(shop_pool_usage_ratio{pool=\\"a\\"}) +"'),
    ),
    bad(
        "an error on the second line",
        "expression-syntax",
        (RATIO, "          sum(\n            rate shop)\n"),
    ),
    bad(
        "an error in a folded text",
        "expression-syntax",
        ("errorRatio: |", "errorRatio: >-"),
        (RATIO, "          sum(\n            rate shop)\n"),
    ),
    bad("an unknown function", "expression-syntax", (EXPR, "maximum(shop_pool_usage_ratio)")),
    bad("an empty expression", "expression-syntax", (EXPR, '""')),
    bad(
        "a window with spaces",
        "expression-syntax",
        (TOTAL, "sum(rate(shop_payments_total[{{ window }}]))"),
    ),
    bad(
        "a window of Grafana",
        "expression-syntax",
        (TOTAL, "sum(rate(shop_payments_total[$__rate_interval]))"),
    ),
    bad("a number", "expression-type", (EXPR, "1 + 1")),
    bad("a range", "expression-type", (EXPR, "shop_pool_usage_ratio[5m]")),
    bad("a text", "expression-type", (EXPR, "'\"max by (pool) (x)\"'")),
    bad("no window", "missing-window", (TOTAL, "sum(rate(shop_payments_total[5m]))")),
    bad(
        "a fixed range beside the window",
        "wrong-window",
        (TOTAL, TOTAL + " + sum(rate(shop_payments_total[5m]))"),
    ),
    bad(
        "a window in a time slice",
        "wrong-window",
        (EXPR, "max by (pool) (max_over_time(shop_pool_usage_ratio[{{window}}]))"),
    ),
    bad(
        "a range of two samples",
        "wrong-window",
        (EXPR, "max by (pool) (max_over_time(shop_pool_usage_ratio[30s]))"),
    ),
    bad(
        "a counter without a rate",
        "raw-counter",
        (EXPR, "max(shop_requests_total)"),
        (CONDITION, 'goodWhen: "<= 0.9"'),
    ),
    bad(
        "a count of a histogram without a rate",
        "raw-counter",
        (EXPR, "max(shop_request_seconds_count)"),
        (CONDITION, 'goodWhen: "<= 0.9"'),
    ),
    bad(
        "zero for a missing group",
        "aggregation-differs constant-vector",
        (EXPR, EXPR + " or vector(0)"),
    ),
    bad("zero for missing events", "constant-vector", (TOTAL, f"{TOTAL} or vector(0)")),
    bad(
        "a quantile as an error ratio",
        "quantile-as-ratio",
        (
            RATIO,
            QUANTILE,
        ),
    ),
    bad(
        "a summary as an error ratio",
        "quantile-as-ratio",
        (RATIO, "          max(avg_over_time(shop_gc_seconds[{{window}}]))\n"),
    ),
    bad("a result of any labels", "aggregation-differs", (EXPR, "shop_pool_usage_ratio")),
    bad("a result without the group", "aggregation-differs", (EXPR, "max(shop_pool_usage_ratio)")),
    bad(
        "a result with more than the group",
        "aggregation-differs",
        (EXPR, "max by (pool, pod) (shop_pool_usage_ratio)"),
    ),
    bad("a quotient as events", "division-in-events", (TOTAL, f"{TOTAL} / {TOTAL}")),
    bad("one expression for both sides", "same-sides", (GOOD_SIDE, TOTAL)),
    bad("no condition for the bad", "same-sides", ("bad: {status: 5xx}", "bad: {}")),
    bad(
        "sides that select differently",
        "sides-select-differently",
        (TOTAL, "'sum(rate(shop_payments_total{pod=\"a\"}[{{window}}]))'"),
    ),
    bad("a condition that is always met", "condition-decided", ('"<= 0.9"', '"<= 95"')),
    bad("a condition that is never met", "condition-decided", ('"<= 0.9"', '"> 1"')),
    bad(
        "a published alert that cannot work",
        "aggregation-differs unusable-alert group-by-unknown-label",
        (EXPR, "rate(shop_requests_total[5m])   > bool 1"),
    ),
    bad(
        "a probe of the service itself",
        "probe-source",
        ("sli: {probe: {target: shop}}", "sli: {probe: {expr: count(shop_connections)}}"),
    ),
)
ALERTING = (
    bad(
        "an unknown policy",
        "unknown-policy",
        ("    presence: required", "    alerting: {policy: quite}"),
    ),
    bad(
        "an unknown tier",
        "unknown-tier",
        ("    presence: required", "    alerting: {tiers: {slow: warning}}"),
    ),
    bad(
        "a tier of another policy",
        "unknown-tier",
        ("    presence: required", "    alerting: {policy: quiet, tiers: {fast: off}}"),
    ),
    bad("a window without a share", "unknown-window", ("window: 7d", "window: 90d")),
    bad(
        "a limit on events instead of bad events",
        "unknown-key",
        ("    presence: required", "    traffic: {minEvents: 10}"),
    ),
    bad(
        "missing events as bad",
        "missing-data-refused",
        ("    groupBy: [route]", "    groupBy: [route]\n    missingData: bad"),
    ),
    bad(
        "a proof of nonsense",
        "proof-series",
        ("    window: 7d", "    proof: {good: {x y: 1}, bad: {x: 1}}"),
    ),
    bad(
        "a proof of a range",
        "proof-series",
        ("    window: 7d", '    proof: {good: {"x[5m]": 1}, bad: {x: 1}}'),
    ),
    bad(
        "a proof of several series",
        "proof-series",
        ("    window: 7d", "    proof: {good: {'x{a=~\"b\"}': 1}, bad: {x: 1}}"),
    ),
    bad(
        "a proof of a series without a name",
        "proof-series",
        ("    window: 7d", "    proof: {good: {'{a=\"b\"}': 1}, bad: {x: 1}}"),
    ),
    bad(
        "a proof of different series",
        "proof-series",
        ("    window: 7d", "    proof: {good: {x: 1}, bad: {y: 1}}"),
    ),
)
BAD_INPUTS = (*(*YAML, *SHAPE, *IDENTITY, *METRICS, *LABELS, *BUCKETS, *EXPRESSIONS, *ALERTING),)
