"""Pages of metrics, read into families."""

from __future__ import annotations

from typing import Any

import pytest

from rtobs.catalogue.exposition import UNTYPED, Exposition, joined, read_exposition

PROMETHEUS = r"""
# HELP http_requests_total Requests.
# TYPE http_requests_total counter
http_requests_total{method="post",code="200"} 1027 1395066363000
http_requests_total{method="get",code="500",} 3

# A comment that declares nothing.
# TYPE path_info gauge
path_info{path="C:\\DIR\\FILE.TXT",error="Cannot find file:\n\"FILE.TXT\"",empty=""} 1.458255915e9
	metric_without_anything -Inf
something_weird{problem="division by zero"} NaN -3982045
# TYPE seconds histogram
seconds_bucket{le="0.05"} 24054
seconds_bucket{le="1e+06"} 33444
seconds_bucket{le="+Inf"} 144320
seconds_sum 53423
seconds_count 144320
# TYPE rpc_seconds summary
rpc_seconds{quantile="0.5"} 4773
rpc_seconds_sum 1.7560473e+07
rpc_seconds_count 2693
# TYPE nobody_came_total counter
# TYPE old untyped
old 1
"""
OPEN_METRICS = """\
# TYPE acme_http_router_request_seconds summary
# UNIT acme_http_router_request_seconds seconds
acme_http_router_request_seconds_sum{path="/api/v1"} 9036.32
acme_http_router_request_seconds_count{path="/api/v1"} 807283.0
acme_http_router_request_seconds_created{path="/api/v1"} 1605281325.0
# TYPE foo counter
foo_total{a="b"} 17.0 1520879607.789 # {trace_id="KOO5S4vxi0o"} 0.67
foo_created{a="b"} 1520872607.123
# TYPE build info
build_info{version="8.2.7"} 1
# TYPE feature stateset
feature{feature="a"} 1
# TYPE silent counter
# TYPE hist histogram
hist_bucket{le="1.0"} 8 # {} 0.67
hist_bucket{le="+Inf"} 17
hist_count 17
hist_sum 324789.3
# EOF
this is not read
"""


def plain(page: Exposition) -> dict[str, Any]:
    """(type, labels, bounds, samples) of each family."""
    return {
        name: (family.type, family.labels, list(family.bounds), family.samples)
        for name, family in page.families.items()
    }


def test_the_text_format_is_read_into_families() -> None:
    """Names, types, label values without escapes, bounds as written, and numbers of samples."""
    assert plain(read_exposition(PROMETHEUS)) == {
        "http_requests_total": (
            "counter",
            {"method": {"post", "get"}, "code": {"200", "500"}},
            [],
            2,
        ),
        "path_info": (
            "gauge",
            {
                "path": {"C:\\DIR\\FILE.TXT"},
                "error": {'Cannot find file:\n"FILE.TXT"'},
                "empty": {""},
            },
            [],
            1,
        ),
        "metric_without_anything": (UNTYPED, {}, [], 1),
        "something_weird": (UNTYPED, {"problem": {"division by zero"}}, [], 1),
        "seconds": ("histogram", {}, ["0.05", "1e+06", "+Inf"], 5),
        "rpc_seconds": ("summary", {"quantile": {"0.5"}}, [], 3),
        "old": (UNTYPED, {}, [], 1),
        "nobody_came_total": ("counter", {}, [], 0),
    }


def test_open_metrics_gets_the_names_that_queries_use() -> None:
    """Counters end in _total and infos in _info, creation times are part, the end is the end."""
    assert plain(read_exposition(OPEN_METRICS)) == {
        "acme_http_router_request_seconds": ("summary", {"path": {"/api/v1"}}, [], 3),
        "foo_total": ("counter", {"a": {"b"}}, [], 2),
        "build_info": ("info", {"version": {"8.2.7"}}, [], 1),
        "feature": ("stateset", {"feature": {"a"}}, [], 1),
        "silent_total": ("counter", {}, [], 0),
        "hist": ("histogram", {}, ["1.0", "+Inf"], 4),
    }


def test_quoted_names_are_names() -> None:
    """Since version 3 a name may be any text, and then stands in the braces."""
    page = read_exposition('# TYPE "http.requests" gauge\n{"http.requests","co.de"="2}0"} 1\n')

    assert plain(page) == {"http.requests": ("gauge", {"co.de": {"2}0"}}, [], 1)}


def test_a_histogram_without_types_is_put_together() -> None:
    """Federation declares each series untyped; bounds make it a family all the same."""
    page = read_exposition(
        "# TYPE x_bucket untyped\n"
        'x_bucket{job="a",le="0.1"} 1\n'
        'x_bucket{job="a",le="+Inf"} 1\n'
        "# TYPE x_count untyped\n"
        'x_count{job="a"} 1\n'
        "# TYPE x_sum untyped\n"
        'x_sum{job="a"} 1\n'
        "# TYPE y_count untyped\n"
        "y_count 1\n"
    )

    assert (plain(page), page.typed) == (
        {
            "y_count": (UNTYPED, {}, [], 1),
            "x": (UNTYPED, {"job": {"a"}}, ["0.1", "+Inf"], 4),
        },
        False,
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("up 1\n<html>", 'line 2: "<html>" is no sample'),
        ("up", 'line 1: "up" is no sample'),
        ("up one", 'line 1: "up one" is no sample'),
        ("up 1_0", 'line 1: "up 1_0" is no sample'),
        ("up 0x1p3", 'line 1: "up 0x1p3" is no sample'),
        ("1up 1", 'line 1: "1up 1" is no sample'),
        ("{} 1", 'line 1: "{} 1" is no sample'),
        ('up{a="b} 1', 'line 1: the labels of "up{a="b} 1" do not end'),
        ('up{a="b"', 'line 1: the labels of "up{a="b"" do not end'),
        ('up{a="b" c="d"} 1', 'line 1: the labels of "up{a="b" c="d"} 1" do not end'),
        ("up{a,} 1", 'line 1: the label "a" has no value'),
        ('up{"a","b"} 1', 'line 1: the label "b" has no value'),
        ("up 1 2 3", 'line 1: "up 1 2 3" is no sample'),
    ],
)
def test_what_is_no_page_is_refused_with_its_line(text: str, message: str) -> None:
    """A log, a page of HTML or half a line never counts as an empty page."""
    with pytest.raises(ValueError, match=r"^line") as caught:
        read_exposition(text)

    assert str(caught.value) == message


def test_pages_are_joined_by_family() -> None:
    """Two processes that together are a component give one page."""
    first = read_exposition('# TYPE a gauge\na{x="1"} 1\n# TYPE b gauge\nb 1\n')
    second = read_exposition('# TYPE a gauge\na{x="2",y="3"} 1\n')

    together = joined([first, second])

    assert plain(together) == {
        "a": ("gauge", {"x": {"1", "2"}, "y": {"3"}}, [], 2),
        "b": ("gauge", {}, [], 1),
    }
    assert plain(first)["a"] == ("gauge", {"x": {"1"}}, [], 1)


def test_a_hostile_line_takes_no_time() -> None:
    """The time for a line is in proportion to its length, whatever is wrong with it."""
    labels = 'a="\\\\",' * 50_000

    with pytest.raises(ValueError, match="do not end"):
        read_exposition(f"up{{{labels}")
