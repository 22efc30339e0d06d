"""The slices: what the expression of a time slice or probe says of a good and of a bad minute.

Other tests ask what comes of bad minutes, and some of them only about tiers that an SLO may not
have, or within fewer minutes than its expression looks back. Here every series is good and then
bad for longer than that, so each slice must have its final value, in every group.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rtobs import conventions as names
from rtobs.proof import queries as ask
from rtobs.proof.fine import Part
from rtobs.proof.incidents import Episode, unit
from rtobs.proof.notation import flow_values
from rtobs.proof.testfile import Check

if TYPE_CHECKING:
    from rtobs.model.slo import ResolvedSlo
    from rtobs.proof.flows import Group

__all__ = ["slices_part"]

_GRID: Final = 5  # minutes between two evaluations of the edge tests
_SPARE: Final = 5  # minutes more than the expression looks back: an old sample is still read


def slices_part(slo: ResolvedSlo, groups: tuple[Group, ...]) -> Part:
    """Series and checks of a sliced SLO: all of its groups good, then all of them bad."""
    spell, whole = _spell(groups), unit(slo)
    story = (Episode("good slices", spell, whole), Episode("bad slices", spell, whole, whole))
    inputs = tuple(
        (flow.series, flow_values(flow, story, 1)) for group in groups for flow in group.flows
    )
    return Part(
        slo,
        inputs,
        (
            _check(slo, groups, "good for as long as it looks back: every slice is 0", spell, "0"),
            _check(
                slo, groups, "bad for as long as it looks back: every slice is 1", 2 * spell, "1"
            ),
        ),
    )


def _spell(groups: tuple[Group, ...]) -> int:
    """Minutes of each state, whole evaluations."""
    memory = max(group.memory for group in groups)
    return -(-(memory + _SPARE) // _GRID) * _GRID


def _check(slo: ResolvedSlo, groups: tuple[Group, ...], why: str, minute: int, value: str) -> Check:
    samples = tuple(
        ((("__name__", names.SLICE_BAD), *ask.recorded_labels(slo, group.labels)), value)
        for group in groups
    )
    return Check(why, ask.own(names.SLICE_BAD, slo), minute * 60, samples)
