"""`rtobs catalogue diff [COMPONENT] PAGE ...`: how real pages differ from the catalogue.

0 when nothing differs or the catalogue explains each difference, 1 when one is left that somebody
has to look at, 2 when a page cannot be read.
"""

from __future__ import annotations

import difflib
import json
import textwrap
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from rtobs.catalogue.diff import Comparison, Difference, DifferenceKind, compare
from rtobs.catalogue.exposition import Exposition, joined, read_exposition
from rtobs.catalogue.facts import Catalogue, Component
from rtobs.catalogue.load import load
from rtobs.catalogue.matching import likely_components
from rtobs.cli.exits import FINDINGS, FINE
from rtobs.cli.pages import is_address, read_page, read_token
from rtobs.errors import RtobsError
from rtobs.model.site import DeployedComponent, Site
from rtobs.slo.settings import CATALOGUE_DIR, SITE_FILE, read_setting

__all__ = ["WORD", "configure", "run"]

WORD: Final = "diff"

_WIDTH: Final = 100
_MOST: Final = 12  # names that an explained group shows; all are in the JSON
_MOST_VALUES: Final = 5
_TEXTS: Final = {
    DifferenceKind.OTHER_PREFIX: '"{found}" instead of "{expected}"',
    DifferenceKind.EARLIER_NAME: "{metric} is still {found}",
    DifferenceKind.OTHER_TYPE: "{metric} is {found}, not {expected}",
    DifferenceKind.MISSING_LABEL: "{metric}{{{label}}}",
    DifferenceKind.UNKNOWN_LABEL: "{metric}{{{label}={found}}}",
    DifferenceKind.UNKNOWN_VALUE: "{metric}{{{label}={found}}}",
    DifferenceKind.OTHER_BUCKETS: "{metric}, {count} bounds",
}


def configure(parser: ArgumentParser) -> None:
    """Add the words and options of the comparison."""
    parser.add_argument(
        "words",
        nargs="*",
        metavar="PAGE",
        help="after diff: a component, then files or addresses with its metrics, - for stdin",
    )
    parser.add_argument(
        "--deployed", default="", metavar="VERSION", help="diff: version, if no page tells it"
    )
    parser.add_argument(
        "--token-file", type=Path, metavar="FILE", help="diff: bearer token for the addresses"
    )


def run(options: Namespace) -> int:
    """Compare pages with a component.

    Raises:
        RtobsError: a page cannot be read, or nothing tells what it is.
        DefinitionError: the site or an overlay cannot be used.
    """
    catalogue, site = _setting(options.slo_dir, options.site)
    key, sources = _parted(options.words, catalogue)
    token = read_token(options.token_file)
    page = joined(_exposition(source, token) for source in sources)
    component = catalogue.components[key or _recognised(catalogue, page)]
    deployed = site.components.get(component.key, DeployedComponent())
    if options.deployed:
        deployed = replace(deployed, version=options.deployed)
    comparison = compare(component, page, deployed)
    if not comparison.own:
        raise RtobsError(f"{', '.join(sources)} has no metric of {component.key}")
    as_json = options.format == "json"
    print(json.dumps(_plain(comparison), indent=2) if as_json else _text(component, comparison))
    return FINDINGS if comparison.unexplained else FINE


def _setting(folder: Path, environment: str) -> tuple[Catalogue, Site]:
    """Catalogue and site; a folder without a site is none to complain about."""
    if environment or (folder / SITE_FILE).exists():
        setting = read_setting(folder, environment)
        return setting.catalogue, setting.site
    return load(folder / CATALOGUE_DIR), Site()


def _parted(words: Sequence[str], catalogue: Catalogue) -> tuple[str, Sequence[str]]:
    """The component, "" when none is named, and where its pages are."""
    if not words:
        raise RtobsError("name a file or an address with metrics: rtobs catalogue diff PAGE")
    first = words[0]
    if len(words) > 1 and catalogue.component(first):
        return first, words[1:]
    if first != "-" and not is_address(first) and not Path(first).exists():
        near = difflib.get_close_matches(first, catalogue.components, n=1)
        hint = f'; did you mean "{near[0]}"?' if near else ""
        raise RtobsError(f'"{first}" is no file and no component{hint}')
    return "", words


def _exposition(source: str, token: str) -> Exposition:
    try:
        return read_exposition(read_page(source, token))
    except ValueError as error:
        raise RtobsError(f"{source} is no page of metrics: {error}") from error


def _recognised(catalogue: Catalogue, page: Exposition) -> str:
    keys = likely_components(catalogue, page)
    if len(keys) == 1:
        return keys[0]
    what = f"may be of {', '.join(keys)}" if keys else "has no metric of the catalogue"
    raise RtobsError(f"the page {what}; name its component: rtobs catalogue diff COMPONENT PAGE")


# --- text -----------------------------------------------------------------------------------------
def _text(component: Component, comparison: Comparison) -> str:
    sections = [
        "\n".join(_section(kind, list(differences)))
        for kind, differences in groupby(comparison.differences, key=lambda d: d.kind)
    ]
    return "\n\n".join((*sections, _summary(component, comparison)))


def _summary(component: Component, comparison: Comparison) -> str:
    total, left = len(comparison.differences), len(comparison.unexplained)
    version = f" {comparison.version}" if comparison.version else ", version unknown"
    types = "" if comparison.typed else "; the page tells no types"
    summary = (
        f"{component.key}{version}: {comparison.matched} of {len(component.metrics)} metrics found"
        f" ({comparison.ignored} of client libraries ignored{types});"
        f" {total} differences, {left or 'none'} of them unexplained"
    )
    return _wrapped(summary, "")


def _section(kind: DifferenceKind, differences: Sequence[Difference]) -> Iterator[str]:
    """A heading, then names under what explains them; what nothing explains comes first."""
    yield f"{kind.upper()} ({len(differences)})"

    def reason(difference: Difference) -> tuple[bool, str]:
        return bool(difference.explanation), difference.explanation or difference.remedy

    for (explained, why), group in groupby(sorted(differences, key=reason), key=reason):
        shown = [_shown(difference) for difference in group]
        more = len(shown) - _MOST if explained else 0
        names = [*shown[:_MOST], f"and {more} more"] if more > 0 else shown
        yield _wrapped(", ".join(names), "  " if explained else "! ", "    ")
        yield _wrapped(why or "nothing in the catalogue explains it", "      ")


def _shown(difference: Difference) -> str:
    template = _TEXTS.get(difference.kind, "{metric}")
    return template.format(
        metric=difference.metric,
        label=difference.label,
        expected=_listed(difference.expected),
        found=_listed(difference.found),
        count=len(difference.found),
    )


def _listed(values: Iterable[str]) -> str:
    every = list(values)
    rest = "|..." if len(every) > _MOST_VALUES else ""
    return f"{'|'.join(every[:_MOST_VALUES])}{rest}"


def _wrapped(text: str, first: str, rest: str | None = None) -> str:
    """Lines of text; what a page could do to a terminal is left out."""
    return textwrap.fill(
        "".join(character if character.isprintable() else "?" for character in text),
        _WIDTH,
        initial_indent=first,
        subsequent_indent=first if rest is None else rest,
        break_long_words=False,
        break_on_hyphens=False,
    )


# --- JSON -----------------------------------------------------------------------------------------
def _plain(comparison: Comparison) -> dict[str, Any]:
    return {
        **asdict(comparison),
        "unexplained": len(comparison.unexplained),
        "differences": [asdict(difference) for difference in comparison.differences],
    }
