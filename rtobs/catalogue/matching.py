"""Which families of a page are which metrics of a component."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from rtobs.catalogue.exposition import Exposition, Family
from rtobs.catalogue.facts import Catalogue, Component

__all__ = ["Match", "likely_components", "matched"]

# Families that client libraries and Prometheus itself add to any page.
_CLIENT_PREFIXES: Final = ("go_", "process_", "python_", "promhttp_", "scrape_")
_CREATED: Final = "_created"
_BUILD_INFO: Final = "build_info"
_FEWEST: Final = 2  # metrics that must share a prefix before it is more than chance


@dataclass(frozen=True, slots=True)
class Match:
    """A page seen as a component.

    Attributes:
        prefix: what the page puts before the names of the catalogue.
        version: version in the component's own build_info, "" when the page does not say one.
        found: families by the name that the catalogue gives them now.
        unknown: families that the catalogue does not have.
        ignored: number of families that every page of that client library has.
        own: number of families found that a page of something else would not have.
    """

    prefix: str
    version: str
    found: Mapping[str, Family]
    unknown: tuple[Family, ...]
    ignored: int
    own: int


def matched(component: Component, page: Exposition, prefix: str) -> Match:
    """The page as that component.

    Args:
        component: what is looked for.
        page: where.
        prefix: what names are expected to begin with; another one counts if more metrics have it.
    """
    prefix = _likely_prefix(component, page, prefix)
    found = _found(component, page, prefix)
    names = {family.name for family in found.values()}
    others = [family for family in page.families.values() if family.name not in names]
    unknown = tuple(family for family in others if not _from_client(family, page))
    ignored = len(others) - len(unknown)
    return Match(prefix, _version(found), found, unknown, ignored, _own(found, page))


def likely_components(catalogue: Catalogue, page: Exposition) -> tuple[str, ...]:
    """The components that share most metrics with a page: several if it fits them alike."""
    components = catalogue.components.values()
    scores = {c.key: _own(_found(c, page, ""), page) for c in components}
    if not any(scores.values()):
        prefixes = {c.key: _likely_prefix(c, page, "") for c in components}
        scores = {c.key: _own(_found(c, page, prefixes[c.key]), page) for c in components}
    best = max(scores.values(), default=0)
    return tuple(key for key, score in scores.items() if score == best) if best else ()


def _found(component: Component, page: Exposition, prefix: str) -> dict[str, Family]:
    names = (
        (metric.name, page.families.get(f"{prefix}{name}"))
        for metric in component.metrics.values()
        for name in (*metric.renamed_from, metric.name)  # later ones win
    )
    return {name: family for name, family in names if family is not None}


def _own(found: Mapping[str, Family], page: Exposition) -> int:
    return sum(not _from_client(family, page) for family in found.values())


def _likely_prefix(component: Component, page: Exposition, given: str) -> str:
    counts = Counter(
        name.removesuffix(metric)
        for name in page.families
        for metric in component.metrics
        if name.endswith(metric)
    )
    best = max(counts, key=lambda prefix: (counts[prefix], prefix == given), default=given)
    return best if counts[best] >= _FEWEST else given


def _version(found: Mapping[str, Family]) -> str:
    versions = {
        version
        for name, family in found.items()
        if name.endswith(_BUILD_INFO)
        for version in family.labels.get("version", ())
    }
    return versions.pop() if len(versions) == 1 else ""


def _from_client(family: Family, page: Exposition) -> bool:
    """Whether the library that serves the page has added the family."""
    base = family.name.removesuffix(_CREATED)
    created = base != family.name and (base in page.families or f"{base}_total" in page.families)
    return created or family.name.startswith(_CLIENT_PREFIXES)
