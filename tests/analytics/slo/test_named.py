"""An SLO is found by its id, and a wrong id says which was meant."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from rtobs.analytics.slo import slo_named
from rtobs.errors import ConfigurationError, DefinitionError
from rtobs.slo.fleet import load_fleet

DEFINITIONS: Final = Path(__file__).parents[3] / "slo"


def test_an_slo_is_that_of_the_fleet() -> None:
    """With the objective and the labels that the rules have; the folder may be text."""
    (expected,) = (
        one for one in load_fleet(DEFINITIONS).slos if one.slo_id == "vllm-http-availability"
    )
    assert slo_named(str(DEFINITIONS), "vllm-http-availability") == expected


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        ("vllm-http-availabilty", "did you mean vllm-http-availability"),
        ("zzz", "`rtobs list` shows them"),
    ],
)
def test_a_wrong_id_says_what_to_do(wrong: str, hint: str) -> None:
    """The nearest id, or where to find the ids."""
    with pytest.raises(ConfigurationError) as error:
        slo_named(DEFINITIONS, wrong)
    assert str(error.value).startswith(f'{DEFINITIONS}: there is no SLO "{wrong}"; {hint}')


def test_the_environment_is_that_of_the_site() -> None:
    """Objectives may differ there; one that the site does not have is refused."""
    with pytest.raises(DefinitionError, match="nowhere"):
        slo_named(DEFINITIONS, "vllm-http-availability", "nowhere")
