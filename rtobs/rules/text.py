"""Rule groups as the YAML that Prometheus loads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rtobs.conventions import GENERATED_BY
from rtobs.documents import write_yaml
from rtobs.rules.groups import Alert, Rule, RuleGroup

__all__ = ["plain_groups", "rules_text"]


def rules_text(groups: Iterable[RuleGroup], comments: Iterable[str] = ()) -> str:
    """A rule file; the comments stand at its head, a line each."""
    head = "".join(f"# {line}\n" for line in (GENERATED_BY, *comments))
    return head + write_yaml({"groups": plain_groups(groups)})


def plain_groups(groups: Iterable[RuleGroup]) -> list[dict[str, Any]]:
    """Groups as dicts and lists, keys in the order in which people read them."""
    return [
        {"name": group.name, "interval": group.interval, "rules": [_rule(r) for r in group.rules]}
        for group in groups
    ]


def _rule(rule: Rule) -> Mapping[str, Any]:
    if not isinstance(rule, Alert):
        plain = {"record": rule.record, "expr": rule.expr, "labels": dict(rule.labels)}
    else:
        plain = {
            "alert": rule.alert,
            "expr": rule.expr,
            "for": rule.hold,
            "keep_firing_for": rule.keep_firing_for,
            "labels": dict(rule.labels),
            "annotations": dict(rule.annotations),
        }
    return {key: value for key, value in plain.items() if value}
