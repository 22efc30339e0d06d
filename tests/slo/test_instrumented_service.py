"""A service that is instrumented with the library, checked against the packaged catalogue."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

import pytest

from rtobs.errors import DefinitionError
from rtobs.problems import Problem
from rtobs.slo.fleet import load_fleet

POLICY: Final = Path(__file__).parents[2] / "slo/policy.yaml"
BILLING: Final = """\
apiVersion: rtobs/v1
kind: ServiceLevelObjectives
service: billing
component: runtime-service
domain: data
select: {job: runtime/billing}
owner: billing-team
slos:
  - name: up
    description: Invoices can be asked for.
    sli: {probe: {target: billing}}
    objective: 99.5%
  - name: availability
    description: Calls are answered and do not fail on our side.
    sli:
      events:
        metric: http_server_request_duration_seconds_count
        bad: {http_response_status_code: "=~5.."}
    objective: 99.9%
"""
SITE: Final = """\
apiVersion: rtobs/v1
kind: Site
default: prod
environments:
  prod:
    objectives: {billing-avaliability: 99%}
"""


def problems(folder: Path, text: str = BILLING, site: str = "") -> tuple[Problem, ...]:
    """What is found in a folder with this definition; none for an empty text."""
    (folder / "data").mkdir()
    shutil.copy(POLICY, folder)
    if text:
        (folder / "data/billing.yaml").write_text(text, encoding="utf-8")
    if site:
        (folder / "site.yaml").write_text(site, encoding="utf-8")
    try:
        return load_fleet(folder).problems
    except DefinitionError as error:
        return tuple(error.problems)


def test_it_is_fine(tmp_path: Path) -> None:
    """The definition that the other tests change has no problems."""
    assert problems(tmp_path) == ()


@pytest.mark.parametrize("value", ['"5.."', "5xx", '"500x"', '"=~6.."', '"=~5xx"'])
def test_a_status_that_no_answer_has(value: str, tmp_path: Path) -> None:
    """A condition that no status code meets would count no bad event for ever."""
    (problem,) = problems(tmp_path, BILLING.replace('"=~5.."', value))

    assert (problem.id, problem.location.line) == ("unknown-label-value", 18)
    assert problem.hint.endswith('http_response_status_code: "=~5.."')


def test_services_that_are_not_told_apart(tmp_path: Path) -> None:
    """All instrumented services share their metric names, so a definition must select its own."""
    found = problems(tmp_path, BILLING.replace("select: {job: runtime/billing}\n", ""))

    assert [(one.id, one.hint) for one in found] == [
        ("shared-names", "add select: {job: runtime/billing}, or what tells it apart")
    ]


def test_an_objective_for_nothing(tmp_path: Path) -> None:
    """An environment's objective for an SLO that is not there is told, with the nearest name."""
    found = problems(tmp_path, site=SITE)

    assert [(one.id, one.hint) for one in found] == [
        ("unknown-slo", 'did you mean "billing-availability"?')
    ]


def test_no_definition_at_all(tmp_path: Path) -> None:
    """A folder without definitions is told: most likely the files are elsewhere."""
    assert [one.id for one in problems(tmp_path, "")] == ["no-definitions"]
