"""Groups are one text, whatever the labels hold."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtobs.analytics.frames import LABELS
from rtobs.analytics.groups import group, group_labels, group_text, is_named, label

_NAMES = st.lists(st.from_regex(r"[a-z_][a-z0-9_]{0,5}", fullmatch=True), unique=True, max_size=4)
_TEXTS = st.text(st.characters(codec="utf-8"), max_size=6)


def _series(*labels: dict[str, str]) -> pl.DataFrame:
    rows = [[{"name": n, "value": v} for n, v in sorted(row.items())] for row in labels]
    return pl.DataFrame({"labels": rows}, schema={"labels": LABELS})


def test_a_group_is_written_in_the_order_of_group_by() -> None:
    """Not in the order of the labels' names."""
    labels = {"zone": "a", "model_name": "llama", "job": "vllm"}
    assert group_text(labels, ("zone", "model_name")) == 'zone="a", model_name="llama"'


def test_without_group_by_there_is_one_group() -> None:
    """Its text is empty."""
    frame = _series({"zone": "a"}, {}).with_columns(group(()), is_named(()))
    assert frame.drop("labels").to_dict(as_series=False) == {
        "group": ["", ""],
        "is_named": [True, True],
    }


def test_a_series_without_a_label_of_its_group_has_no_name() -> None:
    """An empty value and an absent one are the same, as in PromQL."""
    frame = _series({"zone": "a", "pod": "x"}, {"zone": "a"}, {"pod": ""})
    found = frame.select(label("pod"), is_named(("zone", "pod")))
    assert found.to_dict(as_series=False) == {
        "pod": ["x", "", ""],
        "is_named": [True, False, False],
    }


@settings(deadline=None)
@given(_NAMES, st.data())
def test_a_frame_writes_groups_as_the_function_does(names: list[str], data: st.DataObject) -> None:
    """Quotes, backslashes and line breaks too."""
    rows = data.draw(st.lists(st.fixed_dictionaries(dict.fromkeys(names, _TEXTS)), min_size=1))
    found = _series(*rows).with_columns(group(names))["group"].to_list()
    assert found == [group_text(row, names) for row in rows]


@settings(deadline=None)
@given(_NAMES, st.data())
def test_a_group_is_read_back(names: list[str], data: st.DataObject) -> None:
    """What was written names exactly one group."""
    labels = data.draw(st.fixed_dictionaries(dict.fromkeys(names, _TEXTS)))
    assert group_labels(group_text(labels, names)) == labels


@pytest.mark.parametrize("text", ["zone", 'zone="a" pod="b"', 'zone="a', '"a"'])
def test_other_texts_are_no_group(text: str) -> None:
    """A wrong text is not half read."""
    with pytest.raises(ValueError, match="is no group such as"):
        group_labels(text)
