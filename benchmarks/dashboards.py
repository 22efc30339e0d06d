"""CPU time of drawing 50 dashboards of 34 panels; the budget is 3 seconds.

python benchmarks/dashboards.py
"""

from __future__ import annotations

import sys
import time
from typing import Final

from rtobs.dashboards import render
from rtobs.dashboards.spec import (
    Column,
    DashboardSpec,
    Kind,
    Panel,
    Query,
    Row,
    Size,
    Threshold,
    Tone,
    Variable,
)

DASHBOARDS: Final = 50
ROWS: Final = 4
BUDGET_SECONDS: Final = 3.0
KINDS: Final = (
    *((Kind.STAT, Size.TILE),) * 3,
    *((Kind.TIME_SERIES, Size.HALF),) * 4,
    (Kind.TABLE, Size.FULL),
)
EXPRESSION: Final = 'max by (slo_id) (slo:current_burn_rate:ratio{slo_id="$slo_id"})'


def panel(number: int, kind: Kind, size: Size) -> Panel:
    """A panel as large as ours are."""
    refs = [f"q{index}" for index in range(1 if kind is Kind.STAT else 3)]
    return Panel(
        f"panel-{number}",
        kind,
        size,
        f"Panel {number}",
        "What it shows, what good looks like and what to do if it is not. " * 3,
        tuple(
            Query(ref, EXPRESSION, "{{slo_id}}", instant=kind is not Kind.TIME_SERIES)
            for ref in refs
        ),
        unit="percentunit",
        decimals=2,
        thresholds=(Threshold(Tone.GOOD), Threshold(Tone.WARNING, 0.5), Threshold(Tone.BAD, 1)),
        columns=tuple(Column(ref, ref.upper(), decimals=1) for ref in refs),
    )


def dashboard(number: int) -> DashboardSpec:
    """Thirty-four panels in four rows, the last one collapsed."""
    panels = [panel(index, *KINDS[index % len(KINDS)]) for index in range(34)]
    cuts = [panels[start::ROWS] for start in range(ROWS)]
    rows = tuple(
        Row(str(index), f"Row {index}", tuple(cut), collapsed=index == ROWS - 1)
        for index, cut in enumerate(cuts)
    )
    variable = Variable("slo_id", "SLO", query="label_values(slo_info, slo_id)", current="x")
    title = f"Dashboard {number}"
    return DashboardSpec(f"rtobs-{number}", "slo", title, "A load.", ("rtobs",), (variable,), rows)


def main() -> int:
    """Print CPU seconds and size; 1 when the budget is overspent."""
    specs = [dashboard(number) for number in range(DASHBOARDS)]
    start = time.process_time()
    made = render(specs)
    seconds = time.process_time() - start
    size = sum(len(one.json_text) for one in made) / 1e6
    print(f"{DASHBOARDS} dashboards x 34 panels: {seconds:.2f} CPU s, {size:.1f} MB")
    return int(seconds > BUDGET_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
