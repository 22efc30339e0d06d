"""Charts as pictures, drawn in this process: no browser, no network, the same bytes each time."""

from __future__ import annotations

import html
import re
from typing import Any, Final

import vl_convert

from rtobs.analytics.charts.look import FONT, Chart
from rtobs.model.characters import visible

__all__ = ["describe", "png", "svg", "title_of"]

_VEGA_LITE: Final = "6.4"
_TAG: Final = re.compile(r"<[^>]*>")
_LONG_NUMBER: Final = re.compile(r"-?\d+\.\d{2,}")
_OWN_SIZE: Final = re.compile(r'^<svg[^>]*?\swidth="([\d.]+)"\s+height="([\d.]+)"[^>]*>')
# What is said once, by the title and the description, is not said again by every mark.
_SILENT: Final = re.compile(
    rf'\s(?:class|role|pointer-events|aria-[a-z]+)="[^"]*"|\sfont-family="{re.escape(FONT)}"'
)
_EMPTY_GROUP: Final = re.compile(r"<g(?: [^>]*)?></g>|<g(?: [^>]*)?/>|<path/>")
_ID: Final = re.compile(r'(\bid="|url\(#|xlink:href="#|href="#)')
_SCALE: Final = 2.0  # pixels of a PNG for each unit of the chart


def describe(chart: Chart) -> str:
    """The text alternative of a chart of this package, computed from the numbers it shows."""
    text = chart.description
    return text if isinstance(text, str) else ""


def title_of(chart: Chart) -> str:
    """The title of a chart of this package."""
    title: Any = chart.title
    return str(getattr(title, "text", title))


def svg(chart: Chart, *, name: str) -> str:
    """One SVG element that fills the width it is given, with a title and a description.

    Args:
        chart: a chart of this package.
        name: prefix of its ids, unique within a page, of letters, digits and "-".
    """
    drawn = vl_convert.vegalite_to_svg(
        _specified(chart),
        vl_version=_VEGA_LITE,
        allowed_base_urls=[],
        show_warnings=False,
    )
    size = _OWN_SIZE.match(drawn)
    if size is None:
        raise AssertionError("unreachable: a drawing has a size")
    own = _TAG.sub(lambda tag: _bare(tag[0], name), drawn[size.end() :].strip())
    while (less := _EMPTY_GROUP.sub("", own)) != own:
        own = less
    width, height = size[1], size[2]
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="chart" viewBox="0 0 {width} {height}"'
        f' width="{width}" height="{height}" font-family="{FONT}" role="img"'
        f' aria-labelledby="{name}-title {name}-desc">'
        f'<title id="{name}-title">{html.escape(visible(title_of(chart)))}</title>'
        f'<desc id="{name}-desc">{html.escape(visible(describe(chart)))}</desc>'
    )
    return opening + own


def _specified(chart: Chart) -> Any:  # noqa: ANN401  # JSON
    """The chart as Vega-Lite. A character that no XML can hold would end the whole process."""
    return _shown(chart.to_dict(validate=False))


def _shown(value: Any) -> Any:  # noqa: ANN401  # JSON
    match value:
        case str():
            return visible(value)
        case dict():
            return {name: _shown(one) for name, one in value.items()}
        case list():
            return [_shown(one) for one in value]
        case _:
            return value


def _bare(tag: str, name: str) -> str:
    """A tag with short numbers and own ids."""
    return _ID.sub(rf"\g<1>{name}-", _LONG_NUMBER.sub(_shorter, _SILENT.sub("", tag)))


def _shorter(number: re.Match[str]) -> str:
    text = f"{float(number[0]):.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def png(chart: Chart) -> bytes:
    """The chart as a PNG image of twice its size."""
    return vl_convert.vegalite_to_png(
        _specified(chart), vl_version=_VEGA_LITE, scale=_SCALE, allowed_base_urls=[]
    )
