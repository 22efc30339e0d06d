"""The committed rules, and a lens through which a minute of them takes a second.

A page needs three bad minutes, its end ten more, and the handover of a vanished service more than
an hour. The lens divides every length of time in the rules by sixty and changes nothing else:
intervals, holds, ranges, offsets, and the factors 60 and 300 that stand for the seconds of a minute
and of a tile. Thresholds, selectors, labels, texts and the order of the rules stay. What a server
brings along itself is shortened by flags: it looks back for five seconds instead of five minutes,
and repeats an alert to Alertmanager every three seconds instead of every minute. Not every second:
an alert is good for four repetitions, and after a reload Prometheus needs five seconds, which no
flag shortens, until it knows its Alertmanagers again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import yaml

from rtobs.model.duration import Duration
from rtobs.promql.tokens import Kind, Token, tokenize

FASTER: Final = 60
LENS_FLAGS: Final = ("--query.lookback-delta=5s", "--rules.alert.resend-delay=3s")
ALERTS: Final = Path(__file__).parents[2] / "alerts"

_TIMES: Final = ("interval", "for", "keep_firing_for")
# Annotations are templates with queries inside; only there do brackets hold a duration.
_RANGE: Final = re.compile(r"\[([0-9a-z]+)\]")
# The seconds of a minute and of a tile.
_SECONDS: Final = ("60", "300")
_FACTOR_SIGNS: Final = ("*", "/")


def committed(*names: str) -> dict[str, str]:
    """Rule files below alerts/ by a flat file name; all of them unless some are named."""
    files = sorted(ALERTS.rglob("*.yaml"))
    found = {"-".join(file.relative_to(ALERTS).parts): file.read_text() for file in files}
    return {name: text for name, text in found.items() if not names or name in names}


def rules(texts: Iterable[str]) -> list[dict[str, Any]]:
    """The rules of some rule files."""
    documents = (yaml.safe_load(text) for text in texts)
    return [
        rule for document in documents for group in document["groups"] for rule in group["rules"]
    ]


def slo_ids(recorded: str, *services: str) -> set[str]:
    """The SLOs of some services for which the committed rules record a series of this name."""
    return {
        rule["labels"]["slo_id"]
        for rule in rules(committed().values())
        if rule.get("record") == recorded and rule["labels"].get("service") in services
    }


def through_lens(text: str) -> str:
    """A rule file whose times are sixty times shorter."""
    document = yaml.safe_load(text)
    for group in document["groups"]:
        _shorten_times(group)
        for rule in group["rules"]:
            _shorten_times(rule)
            rule["expr"] = faster_expression(rule["expr"])
            annotations = rule.get("annotations", {})
            annotations.update({k: faster_template(v) for k, v in annotations.items()})
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True)


def faster_duration(text: str) -> str:
    """The sixtieth part: 4500ms for 4m30s.

    Raises:
        ValueError: the sixtieth part is no whole number of milliseconds.
    """
    milliseconds = Fraction(Duration.parse(text).seconds * 1000, FASTER)
    if milliseconds.denominator != 1:
        raise ValueError(f"a sixtieth of {text} is no whole number of milliseconds")
    return f"{milliseconds}ms"


def faster_expression(text: str) -> str:
    """PromQL whose ranges, offsets and factors of seconds are sixty times shorter."""
    tokens = tokenize(text)
    pieces, end = [], 0
    for position, token in enumerate(tokens):
        pieces += [text[end : token.start], _faster_token(tokens, position)]
        end = token.end
    return "".join([*pieces, text[end:]])


def faster_template(text: str) -> str:
    """An annotation whose queries have ranges that are sixty times shorter."""
    return _RANGE.sub(lambda match: f"[{faster_duration(match[1])}]", text)


def _shorten_times(mapping: dict[str, Any]) -> None:
    mapping.update({key: faster_duration(mapping[key]) for key in _TIMES if key in mapping})


def _faster_token(tokens: tuple[Token, ...], position: int) -> str:
    token = tokens[position]
    before = tokens[position - 1] if position else None
    if token.kind is Kind.RANGE:
        return f"[{faster_duration(token.text[1:-1])}]"
    if before is not None and before.word == "offset":
        return faster_duration(token.text)
    if token.text in _SECONDS and _is_factor(tokens, position):
        return str(int(token.text) // FASTER)
    return token.text


def _is_factor(tokens: tuple[Token, ...], position: int) -> bool:
    beside = tokens[max(position - 1, 0) : position + 2]
    return any(token.is_symbol(*_FACTOR_SIGNS) for token in beside)
