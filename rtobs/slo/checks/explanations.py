"""What each kind of problem means, for `rtobs validate --explain ID`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = ["EXPLANATIONS"]

_FILES: Final = {
    "duplicate-key": (
        "A YAML mapping has a key twice; most readers would silently keep the last one."
    ),
    "file-too-large": "A definition is a page or two; a file of megabytes is something else.",
    "key-type": "Keys of a definition are text; a list or a mapping cannot be one.",
    "no-definitions": "The folder of the definitions holds none, so nothing is promised.",
    "not-text": "The file is not UTF-8, so nobody can say what its characters are.",
    "one-document": "One file holds one YAML document, so that a place in it is unambiguous.",
    "unreadable-file": "The file is not there, is no regular file, or may not be read.",
    "yaml-bomb": (
        "The document grows beyond all measure when its anchors are followed, or nests too deeply."
    ),
    "yaml-syntax": "The text is no YAML; often a tab, a missing quote, or a colon in plain text.",
    "yaml-tag": "A tag asks the reader to build something other than plain data.",
}
_SHAPE: Final = {
    "invalid-value": "The value does not have the form that its key needs.",
    "missing-key": "A key that has no sensible default is not given.",
    "unknown-key": (
        "The key means nothing here; a misspelt key that is ignored would be a lost promise."
    ),
}
_IDENTITY: Final = {
    "no-policy": "Without a policy there are no tiers, so nothing could alert.",
    "unknown-slo": "An objective of the environment for an SLO that is not there changes nothing.",
    "shared-names": (
        "Several services emit the same metrics; without a matcher their numbers would be added up."
    ),
    "domain-speaker": "One SLO at most stands for what the users of a domain see.",
    "duplicate-service": "Two files define one service; its rules would be written twice.",
    "duplicate-slo": (
        "Two SLOs would get one id, and with it one set of series: neither budget is right."
    ),
    "misplaced-file": (
        "A definition lies in <domain>/<service>.yaml, so that its rules and owners can be found."
    ),
    "unknown-cause": "Only a cause alert that the component has can be muted.",
    "unknown-component": (
        "The component gives the metrics, labels and buckets to check against, so it must be known."
    ),
    "unknown-domain": (
        "Dashboards, rules and reports are arranged by domain, and neither the definition nor its "
        "component names one."
    ),
}
_SETTING: Final = {
    "sustainable-burn": "The tier would fire although the budget lasts: its burn rate is below 1.",
    "duplicate-tier": "A policy has two tiers of one name, so an alert's tier would be ambiguous.",
    "tier-windows": "The short window ends an alert; it must be shorter than the long one.",
    "unknown-environment": "The site file does not define the environment that was asked for.",
    "unknown-policy": "The alert policy is not defined in slo/policy.yaml.",
}
_METRICS: Final = {
    "contradiction": (
        "Two conditions exclude each other, so the selector would find no series and the SLO would "
        "never see anything."
    ),
    "invalid-pattern": "Prometheus refuses the pattern, and with it the whole rule file.",
    "metric-version": "The version that runs here does not have the metric: yet, or any more.",
    "nameless-selector": (
        "A selector without a metric's name reads whatever matches, today and after every change."
    ),
    "reserved-label": (
        "The rules set this label themselves, or it tells buckets apart; another meaning would "
        "corrupt both."
    ),
    "threshold-not-a-bucket": (
        "A histogram counts up to the bounds of its buckets; between two bounds a count would be a "
        "guess."
    ),
    "threshold-unit": "The threshold and the histogram measure different things.",
    "unknown-label": (
        "The metric does not have the label, so an equality would match nothing and an inequality "
        "everything."
    ),
    "unknown-label-value": (
        "The label never has this value, so the condition is always or never met, and the SLO "
        "never moves."
    ),
    "unknown-metric": (
        "The component's catalogue does not list the metric; an alert on it could never fire."
    ),
    "unverified-metric": (
        "The metric comes from a document, not from a scrape. Its name may be wrong, so it never "
        "pages."
    ),
    "wrong-metric-type": (
        "Events are counted by counters and latency by histograms; other types give a number that "
        "looks right and is not."
    ),
}
_EXPRESSIONS: Final = {
    "aggregation-differs": (
        "An expression must give exactly one series for each group of groupBy: with more, budgets "
        "mix; with fewer, they vanish."
    ),
    "condition-decided": (
        "No value that a ratio can have changes the outcome, so the SLO is always or never met."
    ),
    "division-in-events": (
        "Events are weighed by how many there are; a quotient has lost that number."
    ),
    "expression-syntax": "Prometheus could not read it, and would refuse the rule file.",
    "expression-type": "A rule records a vector; numbers, ranges and texts are none.",
    "missing-window": (
        "The expression is read over many windows, from 5m to the SLO's own; {{window}} says where "
        "each goes."
    ),
    "quantile-as-ratio": (
        "Quantiles cannot be added, averaged or subtracted from 1; a budget needs shares of events "
        "or minutes."
    ),
    "raw-counter": (
        "A counter only grows and starts again at 0 after a restart; rate or increase turn it into "
        "events."
    ),
    "same-sides": "When every event is bad (or good), there is nothing to measure.",
    "sides-select-differently": (
        "The bad (or good) side counts events that the total does not, so the ratio can exceed 1."
    ),
    "unusable-alert": "A published alert was copied that cannot work; the hint says why.",
    "constant-vector": (
        "vector() makes a series without labels: a group that nobody owns, or data where there is "
        "none."
    ),
    "wrong-window": (
        "A fixed range in an events expression gives one answer for all windows; in a time slice a "
        "range of few samples gives gaps."
    ),
}
_ALERTING: Final = {
    "duplicate-group": "A label of groupBy is given twice.",
    "group-by-unknown-label": (
        "A metric without the label falls into one nameless group, and the budgets are not split."
    ),
    "label-clash": "A fixed label of the alert would replace the one that says which group burns.",
    "missing-data-refused": (
        "Missing events are not bad events; only minutes can be bad when nothing is seen."
    ),
    "no-availability": (
        "A service that is down reports nothing, so its error rate looks perfect; a probe from "
        "outside sees it."
    ),
    "probe-source": (
        "A probe must outlive what it watches; the service's own metrics vanish together with it."
    ),
    "proof-series": (
        "The proof feeds these series to the rules, so each must be one complete series, with a "
        "good and a bad value."
    ),
    "unknown-tier": "The policy of the SLO has no tier of that name.",
    "unknown-window": (
        "The policy gives no tier a share of the budget for this window, so no alert would exist."
    ),
}

EXPLANATIONS: Final[Mapping[str, str]] = {
    **_FILES,
    **_SHAPE,
    **_IDENTITY,
    **_SETTING,
    **_METRICS,
    **_EXPRESSIONS,
    **_ALERTING,
    "dashboard-patch": "A patch in slo/dashboards/ cannot be evaluated, or reads other files.",
    "unprovable-cause": "A cause alert comes without series that show that it fires.",
    "unprovable-sli": (
        "The proof cannot derive good and bad series from the expression; give them under proof."
    ),
    "too-many-causes": "Operators can learn a handful of cause alerts per component, not more.",
    "unverified-page": "An alert on an unverified metric may be wrong, so it must not page.",
}
