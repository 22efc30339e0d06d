"""Every kind of problem is explained, and nothing else is."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import rtobs
from rtobs.slo.checks.explanations import EXPLANATIONS

PACKAGE = Path(rtobs.__file__).parent
KEBAB = re.compile(r"[a-z]+(-[a-z]+)*")
# Functions that take the id of a problem, and at which position.
REPORTERS = {"Problem": 0, "_report": 0, "_refused": 1}


def emitted(path: Path) -> Iterator[str]:
    """Ids of problems that a module can report."""
    tree = ast.parse(path.read_text("utf-8"))
    constants = {
        node.target.id: node.value.value
        for node in tree.body
        if isinstance(node, ast.AnnAssign)
        and isinstance(node.target, ast.Name)
        and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        if name not in REPORTERS:
            continue
        id_ = node.args[REPORTERS[name]]
        value = (
            id_.value if isinstance(id_, ast.Constant) else constants.get(getattr(id_, "id", ""))
        )
        if isinstance(value, str) and KEBAB.fullmatch(value):
            yield value


def test_every_id_that_is_reported_is_explained_and_the_reverse() -> None:
    """`rtobs validate --explain ID` has an answer for each, and for no id that is gone."""
    ids = {id_ for path in PACKAGE.rglob("*.py") for id_ in emitted(path)}
    assert ids == set(EXPLANATIONS)


def test_explanations_are_sentences() -> None:
    """Each ends with a full stop and fits on a screen."""
    assert [text for text in EXPLANATIONS.values() if not text.endswith(".")] == []
    assert [text for text in EXPLANATIONS.values() if len(text) > 200] == []
