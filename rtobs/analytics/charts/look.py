"""How every chart looks: colours that colour-blind people can tell apart, type, size.

Colour never speaks alone: lines differ by dash and carry their name, marks differ by shape. The
colours are those of Okabe and Ito ("Color Universal Design", 2008). Text has a contrast of at
least 4.5 to its ground (WCAG 2.2, 1.4.3), lines and marks that matter of at least 3 (1.4.11).
"""

from __future__ import annotations

from typing import Any, Final, TypeAlias

import altair as alt

__all__ = [
    "BAD",
    "BAD_TEXT",
    "CALM",
    "CALM_TEXT",
    "DARK",
    "DASHES",
    "FAINT",
    "FONT",
    "GRID",
    "INK",
    "LIGHT",
    "MUTED",
    "PAPER",
    "SERIES_COLOURS",
    "SPACED_PERCENT",
    "STEPS",
    "WIDTH",
    "Chart",
    "styled",
]

Chart: TypeAlias = alt.Chart | alt.LayerChart | alt.FacetChart | alt.VConcatChart

PAPER: Final = "#ffffff"
INK: Final = "#1b1f24"
MUTED: Final = "#57606a"
FAINT: Final = "#8c959f"  # lines of less weight, never text
GRID: Final = "#e4e8ec"
CALM: Final = "#0072b2"
CALM_TEXT: Final = "#005f96"  # darker, for words
BAD: Final = "#d55e00"
BAD_TEXT: Final = "#a84a00"
SERIES_COLOURS: Final = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#000000")
DASHES: Final = ((1, 0), (7, 3), (2, 2), (9, 3, 2, 3), (4, 4))
# Digits on the steps below. Not the ink and the paper, which change places in the dark.
DARK: Final = "#191d22"
LIGHT: Final = "#fefefe"
# From hardly any to very much: one hue, lighter to darker, so it also reads in grey.
STEPS: Final = ("#fdebdc", "#f9c69b", "#ee9350", "#b85200", "#7a3600")

# Texts are measured with these widths when a chart is drawn, so they must be those of the reader.
FONT: Final = "Arial, Liberation Sans, Helvetica, sans-serif"
# "80%" of an axis as the texts write it; the space does not break.
SPACED_PERCENT: Final = "replace(datum.label, '%', '\N{NO-BREAK SPACE}%')"
WIDTH: Final = 600  # of the plot; with its labels a chart is about 700 wide

_AXIS: Final[dict[str, Any]] = {
    "domainColor": FAINT,
    "gridColor": GRID,
    "labelColor": MUTED,
    "labelFont": FONT,
    "labelFontSize": 12,
    "labelPadding": 5,
    "tickColor": FAINT,
    "tickSize": 4,
    "titleColor": MUTED,
    "titleFont": FONT,
    "titleFontSize": 12,
    "titleFontWeight": "normal",
    "titlePadding": 8,
}
_CONFIG: Final[dict[str, Any]] = {
    "aria": False,  # the picture is one image with one description, not a hundred marks
    "axis": _AXIS,
    "axisY": {
        "domain": False,
        "ticks": False,
        "titleAlign": "left",
        "titleAnchor": "start",
        "titleAngle": 0,
        "titleBaseline": "bottom",
        "titleX": 0,
        "titleY": -8,
    },
    "background": PAPER,
    "font": FONT,
    "header": {"labelFont": FONT, "titleFont": FONT},
    "padding": {"bottom": 5, "left": 8, "right": 12, "top": 8},
    "text": {"color": INK, "font": FONT, "fontSize": 12},
    "title": {
        "anchor": "start",
        "color": INK,
        "font": FONT,
        "fontSize": 15,
        "fontWeight": 600,
        "frame": "bounds",
        "offset": 14,
        "subtitleColor": MUTED,
        "subtitleFont": FONT,
        "subtitleFontSize": 12,
        "subtitlePadding": 5,
    },
    "view": {"stroke": None},
}


def styled(chart: Chart, title: str, subtitle: str, description: str) -> Chart:
    """The chart in our style, with a text alternative that `describe` gives back."""
    heading = alt.TitleParams(text=title, subtitle=subtitle)
    styled_chart: Chart = chart.properties(title=heading, description=description).configure(
        **_CONFIG
    )
    return styled_chart
