"""The table of all SLOs."""

from __future__ import annotations

from dataclasses import replace

from rtobs.runbooks import build_reference
from tests.dashboards.samples import VLLM


def test_every_slo_is_a_row_with_its_reason_and_facts() -> None:
    """A row says what is promised, why, where the facts come from, and whether they are sure."""
    unsure = replace(VLLM.slos[0], verified=False, rationale="Beyond a second | people wait.")
    service = replace(VLLM, slos=(unsure, *VLLM.slos[1:]))

    page = build_reference((service,), {"vllm": "vllm-project/vllm 0.33.0"})

    rows = [line for line in page.text.splitlines() if line.startswith("| vllm")]
    assert page.path == "docs/reference/slos.md"
    assert len(rows) == len(service.slos)
    assert rows[0] == (
        "| vllm | [time-to-first-token](../runbooks/vllm-time-to-first-token.md) |"
        " 95% for each model\\_name | 30d | Beyond a second \\| people wait. |"
        " vllm-project/vllm 0.33.0 | no |"
    )
    assert "[http-availability](../runbooks/vllm-http-availability.md) \\* |" in rows[1]
