"""What a component must be for its facts and alerts to work, beyond the shape of one document."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Final

from rtobs.catalogue.facts import CauseAlert, Component
from rtobs.catalogue.schema import ComponentDocument
from rtobs.conventions import Severity
from rtobs.documents import Document
from rtobs.problems import Problem
from rtobs.promql.expression import FoundSelector, parse

__all__ = ["MOST_CAUSES", "check"]

MOST_CAUSES: Final = 5


def check(file: Document, document: ComponentDocument, component: Component) -> Iterator[Problem]:
    """Problems of a component after a document was laid over it.

    Args:
        file: the file, for places.
        document: what it says.
        component: the component with the document's changes.
    """
    if not component.title:
        message = f'"{component.key}" is a new component and has no title'
        hint = "give it a title, or correct the name of the packaged component that it changes"
        yield Problem("missing-key", message, file.locate(("component",)), hint=hint)
    if len(component.causes) > MOST_CAUSES:
        message = (
            f"{component.key} would have {len(component.causes)} cause alerts, more than the"
            f" {MOST_CAUSES} that an operator can know"
        )
        yield Problem("too-many-causes", message, file.locate(("causes",), key=True))
    alerts = {cause.name: cause for cause in component.causes}
    for index, entry in enumerate(document.causes):
        yield from _check_cause(file, index, alerts[entry.name], component)


def _check_cause(
    file: Document, index: int, cause: CauseAlert, component: Component
) -> Iterator[Problem]:
    for found in parse(cause.expression).selectors:
        yield from _check_read(file, index, found, component)
    for found in _proof_series(cause):
        yield from _check_read(file, index, found, component)
    if not cause.verified and cause.severity is Severity.CRITICAL:
        message = f"{cause.name} reads a metric that is not verified, so it must not page"
        place = file.locate(("causes", index, "severity"))
        yield Problem("unverified-page", message, place, hint="use severity: warning")


def _proof_series(cause: CauseAlert) -> Iterator[FoundSelector]:
    for given in (*cause.proof.fires, *cause.proof.silent):
        yield from parse(given.series).selectors


def _check_read(
    file: Document, index: int, found: FoundSelector, component: Component
) -> Iterator[Problem]:
    name = found.selector.metric
    place = file.locate(("causes", index, "expr"))
    metric = component.metric(name)
    if metric is None:
        message = f'"{name}" is not in the {component.key} catalogue'
        known = [series for m in component.metrics.values() for series in m.series]
        close = difflib.get_close_matches(name, known, n=1)
        hint = f'did you mean "{close[0]}"?' if close else ""
        yield Problem("unknown-metric", message, place, hint=hint)
