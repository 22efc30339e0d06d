"""Loading the catalogue: packaged facts and the overlays of a site."""

from __future__ import annotations

from pathlib import Path

import pytest

from rtobs.catalogue.facts import Aggregation, Better, Component, Label, MetricType, Scrape
from rtobs.catalogue.load import load
from rtobs.conventions import Domain, Severity
from rtobs.errors import DefinitionError

HEAD = "apiVersion: rtobs/v1\nkind: Component\n"
BILLING = f"""{HEAD}component: billing
domain: workflow
title: Billing
metrics:
  invoices_total:
    type: counter
    unit: requests
    labels: {{state: [paid, open], customer: free}}
    meaning: Invoices that were written.
  invoice_seconds:
    type: histogram
    unit: seconds
    meaning: Time to write an invoice.
    buckets: [0.5, 1.0, "1e+06"]
  invoice_queue:
    type: gauge
    unit: items
    meaning: Invoices that wait.
"""
CAUSE = """causes:
  - name: {name}
    expr: {expr}
    for: 5m
    severity: {severity}
    summary: Invoices wait for a long time.
    impact: Customers get their invoices late.
    action: Restart the writer of invoices.
    proof:
      fires: {{'invoice_queue{{instance="a"}}': 9+0x20}}
      silent: {{'invoice_queue{{instance="a"}}': 0+0x20}}
      after: 10m
"""


def cause(name: str, expr: str = "invoice_queue > 5", severity: str = "warning") -> str:
    """A cause alert of the billing component."""
    return CAUSE.format(name=name, expr=expr, severity=severity)


def overlay(folder: Path, text: str, name: str = "billing.yaml") -> Path:
    """A folder with one more overlay file."""
    (folder / name).write_text(text, encoding="utf-8")
    return folder


def problems(folder: Path) -> list[tuple[str, str, int, int, str]]:
    """Id, file name, line, column and message of each problem of an overlay folder."""
    with pytest.raises(DefinitionError) as caught:
        load(folder)
    return [
        (p.id, Path(p.location.file).name, p.location.line, p.location.column, p.message)
        for p in caught.value.problems
    ]


def billing(folder: Path) -> Component:
    """The billing component of an overlay folder."""
    component = load(folder).component("billing")
    assert component is not None
    return component


def test_packaged_catalogue_is_read_once() -> None:
    """Without overlays everybody gets the same value."""
    assert load() is load()


def test_a_folder_that_is_not_there_adds_nothing(tmp_path: Path) -> None:
    """A site without in-house metrics needs no folder."""
    assert load(tmp_path / "catalogue").components == load().components


def test_an_overlay_adds_a_component_with_sensible_defaults(tmp_path: Path) -> None:
    """What a new component does not say follows from the types of its metrics."""
    component = billing(overlay(tmp_path, BILLING))

    assert (component.domain, component.title) == (Domain.WORKFLOW, "Billing")
    assert component.scrape == Scrape(None, "/metrics", "")
    aggregations = {name: metric.aggregation for name, metric in component.metrics.items()}
    assert aggregations == {
        "invoices_total": Aggregation.SUM,
        "invoice_seconds": Aggregation.SUM,
        "invoice_queue": Aggregation.MAX,
    }
    invoices = component.metrics["invoices_total"]
    assert invoices.labels == (Label("state", ("paid", "open")), Label("customer"))
    assert (invoices.type, invoices.better) == (MetricType.COUNTER, Better.NEITHER)


def test_bounds_keep_their_digits(tmp_path: Path) -> None:
    """A bound is the text of the wire, also when it is written as a number."""
    metric = billing(overlay(tmp_path, BILLING)).metrics["invoice_seconds"]

    assert metric.buckets == ("0.5", "1.0", "1e+06")


def test_a_label_says_when_it_is_there(tmp_path: Path) -> None:
    """Labels that only some versions write are told apart, and must be among the labels."""
    when = BILLING.replace(
        "    meaning: Invoices that were",
        "    labelsWhen: {WORD: Since 2.0.}\n    meaning: Invoices that were",
    )

    labels = billing(overlay(tmp_path, when.replace("WORD", "customer"))).metrics["invoices_total"]
    overlay(tmp_path, when.replace("WORD", "colour"))

    assert labels.labels == (Label("state", ("paid", "open")), Label("customer", (), "Since 2.0."))
    assert [problem[-1] for problem in problems(tmp_path)] == [
        'labelsWhen names "colour", which is none of the labels'
    ]


def test_an_overlay_changes_only_what_it_names(tmp_path: Path) -> None:
    """Scalars and metrics that the overlay names are replaced, all else stays."""
    text = f"""{HEAD}component: nginx
version: 1.5.9
scrape: {{port: 9999}}
notes: [Ours runs behind a load balancer.]
metrics:
  nginx_up: {{type: gauge, unit: bool, meaning: Whether it is up.}}
"""
    packaged = load().components["nginx"]

    changed = load(overlay(tmp_path, text)).components["nginx"]

    assert (changed.version, changed.title) == ("1.5.9", packaged.title)
    assert changed.scrape == Scrape(9999, packaged.scrape.path, packaged.scrape.enable)
    assert changed.notes == (*packaged.notes, "Ours runs behind a load balancer.")
    assert changed.metrics["nginx_up"].meaning == "Whether it is up."
    others = {k: v for k, v in packaged.metrics.items() if k != "nginx_up"}
    assert {k: v for k, v in changed.metrics.items() if k != "nginx_up"} == others


def test_an_overlay_leaves_the_packaged_catalogue_alone(tmp_path: Path) -> None:
    """Overlays hold for one call only."""
    load(overlay(tmp_path, BILLING))

    assert load().component("billing") is None


def test_overlays_are_applied_in_the_order_of_their_names(tmp_path: Path) -> None:
    """Two files may speak of one component; the later one wins."""
    overlay(tmp_path, BILLING, "10-billing.yaml")
    overlay(tmp_path, f"{HEAD}component: billing\ntitle: Invoicing\n", "20-billing.yaml")

    assert billing(tmp_path).title == "Invoicing"


def test_a_cause_of_the_same_name_is_replaced(tmp_path: Path) -> None:
    """A site tunes an alert by repeating it, without a second one of that name."""
    overlay(tmp_path, BILLING + cause("InvoicesWait"), "10.yaml")
    tuned = f"{HEAD}component: billing\n{cause('InvoicesWait', 'invoice_queue > 50')}"
    overlay(tmp_path, tuned, "20.yaml")

    assert [c.expression for c in billing(tmp_path).causes] == ["invoice_queue > 50"]


def test_a_cause_over_an_unverified_metric_is_unverified(tmp_path: Path) -> None:
    """Whether an alert can be trusted follows from the metrics that it reads."""
    unseen = BILLING + "    verified: false\n" + cause("InvoicesWait")

    (alert,) = billing(overlay(tmp_path, unseen)).causes

    assert (alert.verified, alert.severity) == (False, Severity.WARNING)


def test_all_problems_of_all_files_are_reported(tmp_path: Path) -> None:
    """Each finding has its place, and one file does not hide another's."""
    overlay(tmp_path, BILLING.replace("counter", "countr"), "a.yaml")
    overlay(tmp_path, "apiVersion: rtobs/v1\n  kind: Component\n", "b.yaml")
    overlay(tmp_path, f"{HEAD}component: billing\ntitel: Billing\n", "c.yaml")

    found = [(id_, file, line, column) for id_, file, line, column, _ in problems(tmp_path)]

    assert found == [
        ("invalid-value", "a.yaml", 8, 11),
        ("yaml-syntax", "b.yaml", 2, 7),
        ("unknown-key", "c.yaml", 4, 1),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            f"{HEAD}component: bill\n",
            ("missing-key", 3, 12, '"bill" is a new component and has no title'),
        ),
        (
            BILLING.replace('[0.5, 1.0, "1e+06"]', "[1.0, 0.5]"),
            ("invalid-value", 13, 5, "the buckets do not ascend"),
        ),
        (
            BILLING.replace('"1e+06"', '"+Inf"'),
            ("invalid-value", 16, 25, '"+Inf" is no bound'),
        ),
        (
            BILLING.replace("type: gauge", "type: gauge\n    buckets: [1]"),
            ("invalid-value", 18, 5, "only a histogram has buckets"),
        ),
        (
            BILLING + cause("InvoicesWait", "invoice_queu > 5"),
            ("unknown-metric", 23, 11, '"invoice_queu" is not in the billing catalogue'),
        ),
        (
            BILLING + "    verified: false\n" + cause("InvoicesWait", severity="critical"),
            (
                "unverified-page",
                26,
                15,
                "InvoicesWait reads a metric that is not verified, so it must not page",
            ),
        ),
    ],
)
def test_what_cannot_work_is_refused(
    tmp_path: Path, text: str, expected: tuple[str, int, int, str]
) -> None:
    """A finding names what is wrong and where it stands."""
    found = [
        (id_, line, column, text)
        for id_, _, line, column, text in problems(overlay(tmp_path, text))
    ]

    assert found == [expected]


def test_an_expression_that_is_no_promql_is_refused_at_its_place(tmp_path: Path) -> None:
    """A typing error in an alert is found when the catalogue is read."""
    text = BILLING + cause("InvoicesWait", "sum(invoice_queue")

    found = [(id_, line, column) for id_, _, line, column, _ in problems(overlay(tmp_path, text))]

    assert found == [("invalid-value", 23, 11)]


def test_more_causes_than_a_person_can_know_are_refused(tmp_path: Path) -> None:
    """Overlays cannot turn a short list of known faults into a flood."""
    names = ["One", "Two", "Three", "Four", "Five", "Six"]
    causes = "".join(cause(name).removeprefix("causes:\n") for name in names)

    found = [
        (id_, line)
        for id_, _, line, _, _ in problems(overlay(tmp_path, f"{BILLING}causes:\n{causes}"))
    ]

    assert found == [("too-many-causes", 21)]
