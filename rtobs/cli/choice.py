"""Which SLOs a verb is about."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from rtobs.errors import ExportError
from rtobs.model.slo import ResolvedSlo

__all__ = ["chosen"]


def chosen(slos: Sequence[ResolvedSlo], wanted: Sequence[str]) -> list[ResolvedSlo]:
    """The SLOs that are named, each once in the order of the names; all of them without names.

    Raises:
        ExportError: there is no such SLO; says which are called alike.
    """
    by_id = {slo.slo_id: slo for slo in slos}
    for name in wanted:
        if name not in by_id:
            close = difflib.get_close_matches(name, by_id, n=3, cutoff=0.4)
            hint = f"did you mean {', '.join(close)}?" if close else "`rtobs list` shows them"
            raise ExportError(f'there is no SLO "{name}"; {hint}')
    return [by_id[name] for name in dict.fromkeys(wanted)] or list(slos)
