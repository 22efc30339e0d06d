"""A page beside the catalogue: what differs, and what explains it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rtobs.catalogue.absence import earlier
from rtobs.catalogue.diff import Comparison, Difference, DifferenceKind, compare
from rtobs.catalogue.exposition import read_exposition
from rtobs.catalogue.facts import Aggregation, Better, Catalogue, Component, Label, Metric, Scrape
from rtobs.catalogue.facts import MetricType as Type
from rtobs.catalogue.matching import likely_components
from rtobs.model.site import DeployedComponent

Kind = DifferenceKind
STATUS = Label("status", ("ok", "failed"))
SELECTION = "the catalogue is a selection, and nothing reads what is not in it"
PAGE = """\
# TYPE orders_total counter
orders_total{status="ok"} 1
# TYPE queue_length gauge
queue_length 3
# TYPE order_seconds histogram
order_seconds_bucket{le="0.5"} 1
order_seconds_bucket{le="1"} 1
order_seconds_bucket{le="+Inf"} 1
order_seconds_sum 0.1
order_seconds_count 1
# TYPE shop_build_info gauge
shop_build_info{version="v1.4.0"} 1
"""


def metric(name: str, kind: Type, *labels: Label) -> Metric:
    """A metric of which only the shape matters."""
    return Metric(name, kind, "things", labels, "A thing.", Aggregation.SUM, Better.NEITHER)


def shop(*metrics: Metric, key: str = "shop") -> Component:
    """A component with these metrics in place of, or beside, those of the page above."""
    usual = (
        metric("orders_total", Type.COUNTER, STATUS),
        metric("queue_length", Type.GAUGE),
        replace(metric("order_seconds", Type.HISTOGRAM), buckets=("0.5", "1.0")),
        metric("shop_build_info", Type.GAUGE, Label("version")),
    )
    named = {one.name: one for one in (*usual, *metrics)}
    return Component(key, None, "Shop", "1.4.0", "", Scrape(None, "/metrics", ""), (), named)


def against(component: Component, page: str, **deployed: object) -> Comparison:
    """The comparison with a page."""
    return compare(component, read_exposition(page), DeployedComponent(**deployed))  # type: ignore[arg-type]


def test_nothing_differs_when_the_page_is_as_the_catalogue_says() -> None:
    """A bound may be spelled in any way that the rules ask for."""
    assert against(shop(), PAGE) == Comparison(
        component="shop", version="v1.4.0", matched=4, own=4, ignored=0, typed=True, differences=()
    )


def test_families_of_client_libraries_are_counted_and_not_named() -> None:
    """Go, Python and Prometheus put their own on every page; creation times belong to the rest."""
    more = "go_goroutines 1\nprocess_open_fds 1\npython_info 1\npromhttp_x 1\nscrape_x 1\n"
    page = f"{PAGE}{more}# TYPE orders_created gauge\norders_created 1\n"

    comparison = against(shop(), page)

    assert (comparison.ignored, comparison.differences) == (6, ())


def test_an_unknown_metric_is_told_and_needs_no_action() -> None:
    """The catalogue does not have everything, so more on the page is no fault."""
    comparison = against(shop(), f"{PAGE}# TYPE dust gauge\ndust 1\n")

    assert comparison.differences == (
        Difference(Kind.UNKNOWN_METRIC, "dust", found=("gauge",), explanation=SELECTION),
    )


@pytest.mark.parametrize(
    ("change", "explanation"),
    [
        ({}, ""),
        ({"since": "1.5.0"}, "new in 1.5.0"),
        ({"since": "1.4"}, ""),
        ({"until": "1.4.0"}, "gone in 1.4.0"),
        ({"until": "1.4.1"}, ""),
        ({"enable": "--ghosts"}, "conditional: --ghosts"),
        ({"since": "1.5", "enable": "--ghosts"}, "new in 1.5"),
        ({"since": "1.3", "enable": "--ghosts"}, "conditional: --ghosts"),
        ({"verified": False}, "nobody has seen it on the wire yet"),
        ({"labels": (STATUS,)}, "has labels, so it may come with the first event"),
    ],
)
def test_a_missing_metric_is_explained_by_what_the_catalogue_knows(
    change: dict[str, object], explanation: str
) -> None:
    """The version comes first; a condition counts only if the version does not say it all."""
    ghost = replace(metric("ghosts", Type.GAUGE), **change)  # type: ignore[arg-type]

    assert against(shop(ghost), PAGE).differences == (
        Difference(Kind.MISSING_METRIC, "ghosts", expected=("gauge",), explanation=explanation),
    )


@pytest.mark.parametrize(
    ("change", "explanation"),
    [
        ({"since": "1.5.0"}, "new in 1.5.0, and this may be older"),
        ({"until": "1.5.0"}, "gone in 1.5.0, and this may be newer"),
    ],
)
def test_without_a_version_the_catalogue_says_which_one_would_explain_it(
    change: dict[str, str], explanation: str
) -> None:
    """A page that does not tell its version is given the benefit of the doubt."""
    ghost = replace(metric("ghosts", Type.GAUGE), **change)  # type: ignore[arg-type]
    page = PAGE.replace('{version="v1.4.0"}', '{version=""}')

    comparison = against(shop(ghost), page)

    assert [difference.explanation for difference in comparison.differences] == [explanation]


def test_the_version_of_the_site_counts_when_the_page_tells_none() -> None:
    """The page knows best; what people wrote down comes second."""
    silent = PAGE.replace('{version="v1.4.0"}', '{version=""}')

    told = against(shop(), PAGE, version="1.2").version
    untold = against(shop(), silent, version="1.2").version

    assert (told, untold) == ("v1.4.0", "1.2")


def test_a_metric_that_looks_renamed_is_named_and_stays_unexplained() -> None:
    """Only somebody who knows can say whether the like of it is the same."""
    page = f"{PAGE}# TYPE kv_cache_usage gauge\nkv_cache_usage 1\n"

    comparison = against(shop(metric("gpu_cache_usage", Type.GAUGE)), page)

    assert comparison.unexplained == (
        Difference(
            Kind.MISSING_METRIC,
            "gpu_cache_usage",
            expected=("gauge",),
            remedy='is it "kv_cache_usage" now? Then say renamedFrom in slo/catalogue',
        ),
    )


def test_the_like_of_another_type_is_no_candidate() -> None:
    """A renamed gauge is a gauge."""
    page = f"{PAGE}# TYPE kv_cache_usage counter\nkv_cache_usage 1\n"

    comparison = against(shop(metric("gpu_cache_usage", Type.GAUGE)), page)

    assert [difference.remedy for difference in comparison.unexplained] == [""]


def test_an_earlier_name_is_recognised_with_its_own_labels() -> None:
    """The catalogue knows that it was renamed, so nobody has to look at its labels."""
    renamed = replace(
        metric("load", Type.GAUGE, Label("cpu")), renamed_from=("burden",), since="2.0"
    )
    page = f'{PAGE}# TYPE burden gauge\nburden{{core="1"}} 1\n'

    assert against(shop(renamed), page).differences == (
        Difference(Kind.EARLIER_NAME, "load", found=("burden",), explanation="renamed in 2.0"),
        Difference(Kind.MISSING_LABEL, "load", "cpu", explanation="of its earlier name burden"),
        Difference(
            Kind.UNKNOWN_LABEL,
            "load",
            "core",
            found=("1",),
            explanation="of its earlier name burden",
        ),
    )


def test_another_type_is_never_explained() -> None:
    """rate() over a gauge is wrong in every version."""
    page = PAGE.replace("TYPE queue_length gauge", "TYPE queue_length counter")

    assert against(shop(), page).unexplained == (
        Difference(Kind.OTHER_TYPE, "queue_length", expected=("gauge",), found=("counter",)),
    )


def test_types_are_not_compared_when_the_page_tells_none() -> None:
    """A federated page is good for names, labels and buckets."""
    lines = [line for line in PAGE.splitlines() if not line.startswith("#")]

    comparison = against(shop(), "\n".join(lines))

    assert (comparison.typed, comparison.differences) == (False, ())


def test_an_info_metric_is_a_gauge_in_the_older_format() -> None:
    """The formats have different words for the same thing."""
    info = metric("flavour_info", Type.INFO)
    page = f"{PAGE}# TYPE flavour_info gauge\nflavour_info 1\n"

    assert against(shop(info), page).differences == ()


def test_labels_and_values_are_compared() -> None:
    """A label that is gone, one that is new, a value outside the closed list."""
    orders = metric(
        "orders_total", Type.COUNTER, STATUS, Label("shop"), Label("till", (), "Since 1.5.")
    )
    page = PAGE.replace('{status="ok"}', '{status="lost",region="eu",job="a",instance="b"}')

    assert against(shop(orders), page).differences == (
        Difference(Kind.MISSING_LABEL, "orders_total", "shop"),
        Difference(Kind.MISSING_LABEL, "orders_total", "till", explanation="Since 1.5."),
        Difference(Kind.UNKNOWN_LABEL, "orders_total", "region", found=("eu",)),
        Difference(Kind.UNKNOWN_VALUE, "orders_total", "status", ("ok", "failed"), ("lost",)),
    )


def test_an_empty_label_is_there_and_has_no_value() -> None:
    """Exporters write a label empty when there is nothing to say."""
    page = PAGE.replace('{status="ok"}', '{status=""}')

    assert against(shop(), page).differences == ()


def test_labels_of_a_metric_without_samples_are_not_compared() -> None:
    """Some clients declare a family long before its first sample."""
    page = PAGE.replace('orders_total{status="ok"} 1\n', "")

    assert against(shop(), page).differences == ()


def test_other_buckets_come_with_what_to_write_into_the_site() -> None:
    """Thresholds are checked against the deployed bounds once the site tells them."""
    page = PAGE.replace('order_seconds_bucket{le="1"} 1', 'order_seconds_bucket{le="2.5"} 1')

    comparison = against(shop(), page)
    settled = against(shop(), page, buckets={"order_seconds": ("0.5", "2.5")})

    assert comparison.unexplained == (
        Difference(
            Kind.OTHER_BUCKETS,
            "order_seconds",
            expected=("0.5", "1.0"),
            found=("0.5", "2.5"),
            remedy='site.yaml: components: {shop: {buckets: {"order_seconds": [0.5, 2.5]}}}',
        ),
    )
    assert settled.differences == ()


def test_a_prefix_on_every_name_is_found_and_the_rest_compared_under_it() -> None:
    """It is one finding, not one for each metric, and none once the site says it."""
    words = ("orders_total", "queue_length", "order_seconds", "shop_build_info")
    page = PAGE
    for word in words:
        page = page.replace(word, f"acme_{word}")

    comparison = against(shop(), page)
    settled = against(shop(), page, prefix="acme_")

    assert (comparison.matched, comparison.version, comparison.differences) == (
        4,
        "v1.4.0",
        (
            Difference(
                Kind.OTHER_PREFIX,
                "",
                expected=("",),
                found=("acme_",),
                remedy='site.yaml: components: {shop: {prefix: "acme_"}}',
            ),
        ),
    )
    assert settled.differences == ()


def test_names_that_end_alike_are_no_prefix() -> None:
    """More metrics must agree on a prefix than are found without it."""
    page = f"{PAGE}x_queue_length 1\nx_orders_total 1\n"

    kinds = {difference.kind for difference in against(shop(), page).differences}

    assert kinds == {Kind.UNKNOWN_METRIC}


@pytest.mark.parametrize(
    ("names", "given", "found"),
    [
        ("x_queue_length", "", []),
        ("x_queue_length queue_length", "", []),
        ("queue_length orders_total x_queue_length x_orders_total", "x_", []),
        ("x_queue_length x_orders_total queue_length orders_total", "", []),
        ("queue_length orders_total", "x_", [("",)]),
        ("x_queue_length x_orders_total queue_length", "", [("x_",)]),
    ],
)
def test_a_prefix_is_doubted_only_for_a_better_one(
    names: str, given: str, found: list[tuple[str, ...]]
) -> None:
    """One metric proves nothing, and where two prefixes fit alike, the given one counts."""
    page = "".join(f"{name} 1\n" for name in names.split())

    differences = against(shop(), page, prefix=given).differences

    assert [d.found for d in differences if d.kind is Kind.OTHER_PREFIX] == found


def test_a_page_is_recognised_by_what_only_that_component_has() -> None:
    """Families of client libraries say nothing, a prefix hides nothing, a tie is told."""
    other = Component(
        "other", None, "", "", "", Scrape(None, "/metrics", ""), (),
        {"go_goroutines": metric("go_goroutines", Type.GAUGE)},
    )  # fmt: skip
    catalogue = Catalogue({"shop": shop(), "twin": shop(key="twin"), "other": other})
    alone = Catalogue({"shop": shop(), "other": other})
    prefixed = PAGE.replace("order", "acme_order")

    found = [
        likely_components(alone, read_exposition(text))
        for text in (PAGE, prefixed, "go_goroutines 1\n", "")
    ]

    assert found == [("shop",), ("shop",), (), ()]
    assert likely_components(catalogue, read_exposition(PAGE)) == ("shop", "twin")


@pytest.mark.parametrize(
    ("version", "other", "expected"),
    [
        ("1.9.0", "1.10.0", True),
        ("1.10.0", "1.9.0", False),
        ("1.2", "1.2.0", False),
        ("v2.42.0+ds", "3.0", True),
        ("main", "1.0", False),
        ("1.0", "", False),
    ],
)
def test_versions_are_compared_by_their_numbers(version: str, other: str, expected: object) -> None:
    """Ten comes after nine, and what has no number comes before nothing."""
    assert earlier(version, other) == expected
