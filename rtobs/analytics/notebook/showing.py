"""What a notebook shows: charts with their text alternative, and tables with headings and units.

Both are plain HTML without scripts, so they look the same in marimo, in Jupyter, in a static page
and in a viewer of repositories.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any, Final, TypeAlias, TypeVar

import altair as alt
import polars as pl

from rtobs.analytics.charts import Chart, describe, svg
from rtobs.analytics.charts.look import FONT, GRID, INK, MUTED, PAPER
from rtobs.errors import RtobsError

__all__ = ["Column", "Figure", "Table", "attempt", "figure", "table"]

_Made = TypeVar("_Made")

Column: TypeAlias = str | tuple[str, Callable[[Any], str]]

_CELL: Final = (
    f"padding:.34em .65em;border-bottom:1px solid {GRID};vertical-align:top;white-space:nowrap"
)
_FIGURE: Final = (
    f"margin:.6em 0 1.4em;padding:.9em 1em;background:{PAPER};color:{INK};"
    f"border:1px solid {GRID};border-radius:8px;font-family:{FONT};overflow-x:auto;"
    "box-sizing:border-box;width:fit-content;min-width:min(100%,46rem);max-width:100%"
)
_TABLE: Final = (
    "border-collapse:collapse;font-size:14px;line-height:1.45;font-variant-numeric:tabular-nums;"
    "margin:0;min-width:min(100%,34em)"
)
_CAPTION: Final = f"color:{MUTED};font-size:13px;line-height:1.5;max-width:46em"
_NONE: Final = "\N{EN DASH}"


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart with its text alternative below it.

    Attributes:
        html: a `figure` element.
        text: the text alternative.
    """

    html: str = field(repr=False)
    text: str

    def _repr_html_(self) -> str:
        return self.html


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under headings.

    Attributes:
        html: a `figure` element with a table.
        text: its caption.
    """

    html: str = field(repr=False)
    text: str

    def _repr_html_(self) -> str:
        return self.html


def figure(made: Chart | Callable[[], Chart]) -> Figure:
    """A chart of `rtobs.analytics.charts`, drawn in this process, with what it shows in words.

    Args:
        made: the chart, or what makes it; where there is nothing to draw, the figure says so.
    """
    chart, why = (None, "")
    if callable(made) and not isinstance(made, alt.TopLevelMixin):
        chart, why = attempt(made)
    else:
        chart = made
    if chart is None:
        return Figure(f'<figure style="{_FIGURE};{_CAPTION}">{escape(why)}</figure>', why)
    text = describe(chart)
    name = f"chart-{hashlib.sha256(text.encode()).hexdigest()[:10]}"
    drawn = svg(chart, name=name).replace(
        'class="chart"', 'class="chart" style="max-width:100%;height:auto"', 1
    )
    caption = f'<figcaption style="{_CAPTION};margin-top:.5em">{escape(text)}</figcaption>'
    return Figure(f'<figure style="{_FIGURE}">{drawn}{caption}</figure>', text)


def attempt(make: Callable[[], _Made]) -> tuple[_Made | None, str]:
    """What is made, or None and one sentence that says why not, for data that are too few.

    Args:
        make: raises ValueError or an error of rtobs where the data do not allow it.
    """
    try:
        return make(), ""
    except (RtobsError, ValueError) as error:
        text = str(error)
        return None, f"{text[:1].upper()}{text[1:]}."


def table(frame: pl.DataFrame, columns: Mapping[str, Column], caption: str) -> Table:
    """Rows of a frame as a table.

    Args:
        frame: any frame.
        columns: heading by column, or (heading, how a value is written); the others are not shown.
            A heading names the unit.
        caption: what the rows are.
    """
    kinds = frame.schema
    heads, rows = [], []
    for name, column in columns.items():
        heading = column if isinstance(column, str) else column[0]
        heads.append(
            f'<th scope="col" style="{_style(kinds[name], head=True)}">{escape(heading)}</th>'
        )
    for row in frame.select(list(columns)).iter_rows(named=True):
        cells = (
            f'<td style="{_style(kinds[name])}">{escape(_text(row[name], column))}</td>'
            for name, column in columns.items()
        )
        rows.append(f"<tr>{''.join(cells)}</tr>")
    above = f"{_CAPTION};text-align:left;caption-side:top;padding:0 .7em .5em"
    return Table(
        f'<figure style="{_FIGURE}"><table style="{_TABLE}">'
        f'<caption style="{above}">{escape(caption)}</caption>'
        f"<thead><tr>{''.join(heads)}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table></figure>",
        caption,
    )


def _style(kind: pl.DataType, *, head: bool = False) -> str:
    side = "right" if kind.is_numeric() else "left"
    extra = (
        f";white-space:normal;color:{MUTED};font-weight:600;border-bottom:2px solid {GRID}"
        if head
        else ""
    )
    return f"{_CELL};text-align:{side}{extra}"


def _text(value: object, column: Column) -> str:
    if value in (None, "") or value != value:  # noqa: PLR0124  # NaN
        return _NONE
    return str(value) if isinstance(column, str) else column[1](value)
