"""`rtobs catalogue`: what is known about components and their metrics.

Without a name it lists the components; with the name of one, its metrics, cause alerts and notes;
with the name of a metric or of one of its series, everything about that metric. With the word
`diff` it compares a component with the page of a program (`rtobs.cli.catalogue_diff`).
"""

from __future__ import annotations

import difflib
import json
import sys
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from rtobs.catalogue.load import load
from rtobs.cli import catalogue_diff
from rtobs.cli.exits import FINE, USAGE
from rtobs.slo.settings import CATALOGUE_DIR

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from rtobs.catalogue.facts import Catalogue, CauseAlert, Component, Label, Metric

__all__ = ["configure", "run"]

_WIDTH: Final = 100
_KEY_WIDTH: Final = 14
_NAME_WIDTH: Final = 60  # a longer name has a line of its own
_NEAR: Final = 5

Found = Sequence[tuple["Component", "Metric"]]


def configure(parser: ArgumentParser) -> None:
    """Add the options of the verb."""
    parser.usage = "%(prog)s [NAME | diff [COMPONENT] PAGE ...] [options]"
    parser.add_argument(
        "name", nargs="?", default="", metavar="NAME", help="a component or a metric"
    )
    parser.add_argument("--format", choices=("text", "json"), default="text", help="output format")
    catalogue_diff.configure(parser)


def run(options: Namespace) -> int:
    """Show the catalogue, one component or one metric, or compare one with a page.

    Args:
        options: the options above, and those that all verbs have.

    Returns:
        0 when it was shown, 2 when nothing has that name; of a comparison see `catalogue_diff`.

    Raises:
        DefinitionError: an overlay of the site cannot be used.
    """
    if options.name == catalogue_diff.WORD:
        return catalogue_diff.run(options)
    if options.words:
        print(f"rtobs catalogue: one name, not {1 + len(options.words)}", file=sys.stderr)
        return USAGE
    catalogue = load(options.slo_dir / CATALOGUE_DIR)
    as_json = options.format == "json"
    name: str = options.name
    component = catalogue.component(name)
    found = _metrics_named(name, catalogue)
    if not name:
        components = sorted(catalogue.components.values(), key=lambda c: c.key)
        print(_json_list(components) if as_json else _text_list(components))
    elif component is not None:
        print(_json(_component_data(component)) if as_json else _text_component(component))
    elif found:
        print(_json_metrics(found) if as_json else "\n\n".join(_text_metric(*f) for f in found))
    else:
        print(_unknown(name, catalogue), file=sys.stderr)
        return USAGE
    return FINE


def _metrics_named(name: str, catalogue: Catalogue) -> Found:
    """Metrics that have, or once had, that name; each with its component."""
    return [
        (component, metric)
        for component in catalogue.components.values()
        for metric in component.metrics.values()
        if name == metric.name or name in metric.series or name in metric.renamed_from
    ]


def _unknown(name: str, catalogue: Catalogue) -> str:
    known = dict.fromkeys(catalogue.components)
    for component in catalogue.components.values():
        known.update(dict.fromkeys(component.metrics))
    near = difflib.get_close_matches(name, known, n=_NEAR)
    near += [other for other in known if name.lower() in other.lower() and other not in near]
    lines = [f'rtobs catalogue: "{name}" is no component and no metric']
    lines += ["did you mean:", *(f"  {other}" for other in near[:_NEAR])] if near else []
    return "\n".join(lines)


# --- text -----------------------------------------------------------------------------------------
def _text_list(components: Sequence[Component]) -> str:
    rows = [("component", "domain", "version", "metrics", "causes")]
    rows += [
        (c.key, c.domain or "-", c.version or "-", str(len(c.metrics)), str(len(c.causes)))
        for c in components
    ]
    lines = _table(rows, right=(3, 4))
    titles = ("title", *(c.title for c in components))
    indent = " " * (len(lines[0]) + 2)
    return "\n".join(
        _wrapped(title, f"{line}  ", indent) for line, title in zip(lines, titles, strict=True)
    )


def _titled(component: Component) -> str:
    return f"{component.title}, {component.version}" if component.version else component.title


def _text_component(component: Component) -> str:
    scrape = component.scrape
    place = f"port {scrape.port}, {scrape.path}" if scrape.port else scrape.path or "pushed"
    facts = [
        ("domain", component.domain or "each definition says it"),
        ("source", component.source),
        ("metrics at", f"{place}. {scrape.enable}".rstrip()),
    ]
    sections = [
        f"{component.key}: {_titled(component)}",
        _pairs(facts),
        _headed("METRICS", _metric_rows(component.metrics.values())),
        _headed("CAUSE ALERTS", "\n".join(_cause(cause) for cause in component.causes)),
        _headed("NOTES", "\n".join(_wrapped(note, "- ", "  ") for note in component.notes)),
        _headed("PUBLISHED ALERTS THAT CANNOT WORK", "\n".join(_unusable(component))),
    ]
    return "\n\n".join(section for section in sections if section)


def _metric_rows(metrics: Iterable[Metric]) -> str:
    """Two lines a metric: what it is, then what it means with its labels."""
    ordered = list(metrics)
    width = min(max((len(metric.name) for metric in ordered), default=0), _NAME_WIDTH)
    lines = []
    for metric in ordered:
        kind = f"{metric.type}, {metric.unit}"
        if len(metric.name) > width:
            lines += [metric.name, f"    {kind}"]
        else:
            lines.append(f"{metric.name.ljust(width)}  {kind}")
        lines.append(_wrapped(metric.meaning, "    "))
        if metric.labels:
            names = ", ".join(label.name for label in metric.labels)
            lines.append(_wrapped(f"labels: {names}", "    ", "      "))
    return "\n".join(lines)


def _cause(cause: CauseAlert) -> str:
    title = f"{cause.name} ({cause.severity}, after {cause.hold.words()})"
    return "\n".join((title, _wrapped(cause.summary, "    "), _wrapped(cause.action, "    ")))


def _unusable(component: Component) -> Iterable[str]:
    for alert in component.unusable:
        yield f"{alert.name}\n{_wrapped(alert.reason, '    ')}"


def _text_metric(component: Component, metric: Metric) -> str:
    pairs = [
        ("component", _titled(component)),
        ("type", metric.type),
        ("unit", metric.unit),
        ("series", ", ".join(metric.series)),
        *(("label", _label(label)) for label in metric.labels),
        ("meaning", metric.meaning),
        ("good", metric.good),
        ("better", metric.better),
        ("aggregation", metric.aggregation),
        ("buckets", ", ".join(metric.buckets)),
        ("since", metric.since),
        ("until", metric.until),
        ("earlier names", ", ".join(metric.renamed_from)),
        ("switch on", metric.enable),
        ("verified", "yes" if metric.verified else "no: nobody has seen it on the wire"),
    ]
    return f"{metric.name}\n{_pairs([pair for pair in pairs if pair[1]])}"


def _label(label: Label) -> str:
    name = f"{label.name} ({label.when.rstrip('.')})" if label.when else label.name
    return f"{name}: {', '.join(label.values)}" if label.values else name


def _headed(title: str, body: str) -> str:
    return f"{title}\n{body}" if body else ""


def _pairs(pairs: Iterable[tuple[str, str]]) -> str:
    return "\n".join(
        _wrapped(value, f"  {key:<{_KEY_WIDTH}}", " " * (_KEY_WIDTH + 2)) for key, value in pairs
    )


def _wrapped(text: str, first: str, rest: str | None = None) -> str:
    return textwrap.fill(
        text,
        _WIDTH,
        initial_indent=first,
        subsequent_indent=first if rest is None else rest,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _table(rows: Sequence[tuple[str, ...]], right: Sequence[int] = ()) -> list[str]:
    """Lines of aligned columns; those in `right` hold numbers."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = (
        "  ".join(
            cell.rjust(width) if index in right else cell.ljust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    )
    return [line.rstrip() for line in lines]


# --- JSON -----------------------------------------------------------------------------------------
def _json(content: object) -> str:
    return json.dumps(content, indent=2)


def _json_list(components: Sequence[Component]) -> str:
    entries = [
        {
            "component": c.key,
            "domain": c.domain,
            "title": c.title,
            "version": c.version,
            "metrics": len(c.metrics),
            "causes": len(c.causes),
        }
        for c in components
    ]
    return _json({"components": entries})


def _json_metrics(found: Found) -> str:
    return _json({"metrics": [{"component": c.key, **asdict(metric)} for c, metric in found]})


def _component_data(component: Component) -> dict[str, Any]:
    """Everything about a component; durations as text, metrics as a list."""
    return {
        "component": component.key,
        "domain": component.domain,
        "title": component.title,
        "version": component.version,
        "source": component.source,
        "scrape": asdict(component.scrape),
        "notes": component.notes,
        "metrics": [asdict(metric) for metric in component.metrics.values()],
        "causes": [_cause_data(cause) for cause in component.causes],
        "unusable": [asdict(alert) for alert in component.unusable],
    }


def _cause_data(cause: CauseAlert) -> dict[str, Any]:
    proof = {**asdict(cause.proof), "after": str(cause.proof.after)}
    return {**asdict(cause), "hold": str(cause.hold), "proof": proof}
