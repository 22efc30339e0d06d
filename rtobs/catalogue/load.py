"""The catalogue: packaged facts, the library's own metrics, and the overlays of a site."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Final

from rtobs import documents
from rtobs.catalogue.checks import check
from rtobs.catalogue.facts import Catalogue, Component
from rtobs.catalogue.library import library_metrics
from rtobs.catalogue.merge import blank, laid_over
from rtobs.catalogue.schema import ComponentDocument
from rtobs.documents import Document
from rtobs.errors import DefinitionError
from rtobs.problems import Problem

__all__ = ["load"]

_DATA: Final = "data"


def load(overlays: Path | None = None) -> Catalogue:
    """The packaged catalogue with the overlays of a folder, applied in the order of their names.

    Args:
        overlays: folder of `*.yaml` files; None, or a folder that is not there, adds nothing.

    Raises:
        DefinitionError: with every problem of every overlay.
    """
    if overlays is None:
        return _packaged()
    documents_, unreadable = _read(sorted(overlays.glob("*.yaml")))
    components, problems = _laid_over(_packaged().components, documents_)
    if problems or unreadable:
        raise DefinitionError(sorted((*unreadable, *problems), key=lambda p: p.sort_key))
    return Catalogue(components)


@cache
def _packaged() -> Catalogue:
    """The packaged components by key; their files are part of the package, so they are right."""
    folder = files("rtobs.catalogue").joinpath(_DATA)
    entries = sorted(folder.iterdir(), key=lambda entry: entry.name)
    read = [
        documents.parse(entry.read_text("utf-8"), entry.name)
        for entry in entries
        if entry.name.endswith(".yaml")
    ]
    components, problems = _laid_over({}, read)
    if problems:
        raise DefinitionError(problems)
    return Catalogue(components)


def _read(paths: Iterable[Path]) -> tuple[list[Document], list[Problem]]:
    read: list[Document] = []
    problems: list[Problem] = []
    for path in paths:
        try:
            read.append(documents.read(path, path.as_posix()))
        except DefinitionError as error:
            problems += error.problems
    return read, problems


def _laid_over(
    base: Mapping[str, Component], read: Iterable[Document]
) -> tuple[dict[str, Component], list[Problem]]:
    """The components after all documents, and the problems of all."""
    components = dict(base)
    problems: list[Problem] = []
    for file in read:
        document, found = documents.decode(file, ComponentDocument)
        problems += found
        if document is None:
            continue
        key = document.component
        component = laid_over(document, components.get(key) or _fresh(key))
        problems += check(file, document, component)
        components[key] = component
    return components, problems


def _fresh(key: str) -> Component:
    """A component that only the library knows, or nobody."""
    return replace(blank(key), metrics=library_metrics(key))
