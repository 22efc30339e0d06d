"""`rtobs catalogue` on the command line."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from pathlib import Path

import pytest

from rtobs.catalogue.load import load
from rtobs.cli.catalogue import configure, run
from rtobs.cli.main import main

OVERLAY = """\
apiVersion: rtobs/v1
kind: Component
component: billing
domain: workflow
title: Billing
version: "7"
source: our own code
notes: [It writes invoices at night.]
metrics:
  invoice_seconds:
    type: histogram
    unit: seconds
    labels: {state: [paid, open], customer: free}
    meaning: Time to write an invoice.
    better: lower
    buckets: [0.5, 1.0]
    renamedFrom: [bill_seconds]
"""
COMPONENT = """\
billing: Billing, 7

  domain        workflow
  source        our own code
  metrics at    /metrics.

METRICS
invoice_seconds  histogram, seconds
    Time to write an invoice.
    labels: state, customer

NOTES
- It writes invoices at night.
"""
METRIC = """\
invoice_seconds
  component     Billing, 7
  type          histogram
  unit          seconds
  series        invoice_seconds_bucket, invoice_seconds_sum, invoice_seconds_count
  label         state: paid, open
  label         customer
  meaning       Time to write an invoice.
  better        lower
  aggregation   sum
  buckets       0.5, 1.0
  earlier names bill_seconds
  verified      yes
"""


@pytest.fixture
def overlays(tmp_path: Path) -> Path:
    """The folder of a site with one component of its own."""
    folder = tmp_path / "catalogue"
    folder.mkdir()
    (folder / "billing.yaml").write_text(OVERLAY, encoding="utf-8")
    return folder


def show(*arguments: str, overlays: Path | None = None) -> int:
    """Exit status of the verb with these arguments."""
    parser = ArgumentParser()
    configure(parser)
    slo_dir = overlays.parent if overlays else Path("nowhere")
    return run(parser.parse_args(arguments, Namespace(slo_dir=slo_dir)))


def test_the_list_has_every_component_with_its_numbers(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Without a name, one line a component in the order of the keys."""
    status = show()

    lines = capsys.readouterr().out.splitlines()
    components = sorted(load().components.values(), key=lambda c: c.key)
    assert status == 0
    assert lines[0].split() == ["component", "domain", "version", "metrics", "causes", "title"]
    assert [line.split()[:5] for line in lines[1:] if not line.startswith(" ")] == [
        [
            c.key,
            c.domain or "-",
            c.version or "-",
            str(len(c.metrics)),
            str(len(c.causes)),
        ]
        for c in components
    ]


def test_a_component_is_shown_with_metrics_and_notes(
    overlays: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Sections that would be empty are left out."""
    status = show("billing", overlays=overlays)

    assert (status, capsys.readouterr().out) == (0, COMPONENT)


@pytest.mark.parametrize("name", ["invoice_seconds", "invoice_seconds_bucket", "bill_seconds"])
def test_a_metric_is_found_by_any_of_its_names(
    name: str, overlays: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Family, series and earlier names lead to the same facts."""
    status = show(name, overlays=overlays)

    assert (status, capsys.readouterr().out) == (0, METRIC)


def test_a_metric_of_two_components_is_shown_for_both(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """One name may mean two things, and both are told."""
    show("http_server_request_duration_seconds", "--format", "json")

    found = json.loads(capsys.readouterr().out)["metrics"]
    components = [one["component"] for one in found]
    assert components == ["faster-whisper", "kubeai", "runtime-service"]


def test_a_label_says_with_what_it_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever groups by a label learns that some versions do not have it."""
    show("node_network_info")

    assert "  label         adminstate (Since 1.6.0): up, down\n" in capsys.readouterr().out


def test_cause_alerts_say_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    """An operator reads the action beside the fault."""
    show("nginx")

    shown = " ".join(capsys.readouterr().out.split())
    causes = load().components["nginx"].causes
    assert all(f"{c.name} ({c.severity}, after {c.hold.words()})" in shown for c in causes)
    assert all(c.action in shown for c in causes)


@pytest.mark.parametrize("name", ["", *load().components])
def test_text_fits_into_a_hundred_columns(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing wraps in a terminal of ordinary width."""
    show(name)

    wide = [line for line in capsys.readouterr().out.splitlines() if len(line) > 100]
    assert wide == []


def test_an_unknown_name_is_answered_with_those_that_are_near(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A typing error costs one look, and nothing stands on stdout."""
    status = show("vllm:num_request_waiting")

    shown = capsys.readouterr()
    assert (status, shown.out) == (2, "")
    assert shown.err.splitlines()[:3] == [
        'rtobs catalogue: "vllm:num_request_waiting" is no component and no metric',
        "did you mean:",
        "  vllm:num_requests_waiting",
    ]


def test_a_name_that_nothing_resembles_is_refused_without_guesses(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """No guess is better than a wild one."""
    status = show("qqqqqqqq")

    expected = 'rtobs catalogue: "qqqqqqqq" is no component and no metric\n'
    assert (status, capsys.readouterr().err) == (2, expected)


def test_a_broken_overlay_is_reported_with_its_place(
    overlays: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Problems go to stderr with file, line and column."""
    file = overlays / "billing.yaml"
    file.write_text(OVERLAY.replace("histogram", "histogramm"), encoding="utf-8")

    status = main(["catalogue", "--slo-dir", str(overlays.parent)])

    shown = capsys.readouterr()
    assert (status, shown.out) == (1, "")
    assert shown.err.startswith(f"{file.as_posix()}:11:11: error[invalid-value]: ")


def test_json_of_a_component_holds_everything(
    overlays: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A program reads the same facts, durations as text."""
    show("postgresql", "--format", "json", overlays=overlays)

    found = json.loads(capsys.readouterr().out)
    component = load().components["postgresql"]
    assert [metric["name"] for metric in found["metrics"]] == list(component.metrics)
    assert [(c["name"], c["hold"], c["proof"]["after"]) for c in found["causes"]] == [
        (c.name, str(c.hold), str(c.proof.after)) for c in component.causes
    ]


def test_json_of_the_list_has_one_entry_a_component(
    overlays: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The site's own components are among them."""
    show("--format", "json", overlays=overlays)

    found = {one["component"]: one for one in json.loads(capsys.readouterr().out)["components"]}
    assert found["billing"] == {
        "component": "billing",
        "domain": "workflow",
        "title": "Billing",
        "version": "7",
        "metrics": 1,
        "causes": 0,
    }
