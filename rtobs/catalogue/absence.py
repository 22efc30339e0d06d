"""Why a page may lack a metric, as far as the catalogue knows."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from itertools import zip_longest
from typing import Final

from rtobs.catalogue.exposition import Family
from rtobs.catalogue.facts import Metric

__all__ = ["earlier", "successor", "why_absent"]

_VERSION: Final = re.compile(r"v?([0-9]+(?:\.[0-9]+)*)")
_ALIKE: Final = 0.8  # of difflib: "gpu_cache_usage_perc" and "kv_cache_usage_perc" are


def earlier(version: str, other: str) -> bool:
    """Whether a version comes before another; only its numbers count, and 1.2 is 1.2.0.

    A version without numbers (a branch, a hash) comes before nothing.
    """
    first, second = _VERSION.match(version), _VERSION.match(other)
    if first is None or second is None:
        return False
    pairs = zip_longest(first[1].split("."), second[1].split("."), fillvalue="0")
    return next((int(low) < int(high) for low, high in pairs if int(low) != int(high)), False)


def why_absent(metric: Metric, version: str) -> str:
    """What explains that a page has no such metric, "" when nothing does.

    Args:
        metric: what the catalogue says.
        version: version of the program, "" when unknown.
    """
    return (
        _by_version(metric, version)
        or _by_choice(metric)
        or ("has labels, so it may come with the first event" if metric.labels else "")
    )


def _by_version(metric: Metric, version: str) -> str:
    if metric.since and (not version or earlier(version, metric.since)):
        return f"new in {metric.since}{'' if version else ', and this may be older'}"
    if metric.until and not (version and earlier(version, metric.until)):
        return f"gone in {metric.until}{'' if version else ', and this may be newer'}"
    return ""


def _by_choice(metric: Metric) -> str:
    if metric.enable:
        return f"conditional: {metric.enable}"
    return "" if metric.verified else "nobody has seen it on the wire yet"


def successor(metric: Metric, unknown: Iterable[Family]) -> str:
    """The uncatalogued family that a missing metric may be called now, "" if none is like it."""
    same_type = [family.name for family in unknown if family.type == metric.type]
    close = difflib.get_close_matches(metric.name, same_type, n=1, cutoff=_ALIKE)
    return close[0] if close else ""
