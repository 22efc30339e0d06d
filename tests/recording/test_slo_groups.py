"""The rules of an SLO say what was designed: compared with rules that are spelled out by hand."""

from __future__ import annotations

from typing import Any, Final

import promql_parser
import pytest

from rtobs.model.site import Site
from rtobs.model.slo import ResolvedSlo
from rtobs.rules import slo_groups
from rtobs.rules.text import plain_groups
from tests.proof import literal
from tests.proof.slos import EVERY_KIND

SITE: Final = Site()
NOT_SPELLED_OUT: Final = {"slo_info"}

Rule = dict[str, Any]


def by_name(group: Rule) -> dict[str, Rule]:
    """Rules of a group by their name, alerts with their tier."""
    return {
        rule.get("record") or f"{rule['alert']}/{rule['labels'].get('tier', '')}": rule
        for rule in group["rules"]
    }


def meaning(rule: Rule) -> tuple[str, object, object, object]:
    """What a rule does, without spaces and words for people."""
    expression = promql_parser.parse(rule["expr"]).prettify()
    return expression, rule["labels"], rule.get("for"), rule.get("keep_firing_for")


@pytest.mark.parametrize("slo", EVERY_KIND, ids=lambda slo: slo.name)
def test_rules_are_those_of_the_design(slo: ResolvedSlo) -> None:
    """Every rule of every kind of SLI has the designed expression, labels and times."""
    made = plain_groups(slo_groups(slo, SITE))
    wanted = literal.groups(slo)

    for actual, expected in zip(made, wanted, strict=True):
        assert (actual["name"], actual["interval"]) == (expected["name"], expected["interval"])
        rules = {name: meaning(rule) for name, rule in by_name(actual).items()}
        for name in NOT_SPELLED_OUT:
            rules.pop(name, None)
        assert rules == {name: meaning(rule) for name, rule in by_name(expected).items()}


def test_the_page_names_the_causes_that_could_be_behind_it() -> None:
    """Whoever is woken looks first whether a known cause fires, because that says what to do."""
    groups = plain_groups(slo_groups(EVERY_KIND[0], SITE, ("ShopQueueFull", "ShopDiskFull")))

    actions = {
        rule["annotations"]["action"]
        for group in groups
        for rule in group["rules"]
        if rule.get("alert") == "SLOBudgetBurn"
    }
    assert actions == {
        (
            "Does ShopQueueFull or ShopDiskFull fire as well? Then do what that alert says."
            " Otherwise undo the newest change of shop, then look for the reason."
        )
    }
