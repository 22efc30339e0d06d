"""Real data with labelled incidents: the scores stay what they were.

The Numenta Anomaly Benchmark (numenta/NAB, MIT) labels windows in series of real servers. A series
becomes an SLO of time slices: a value holds for five minutes, and a minute is bad when its value is
beyond a bound. The labels are the incidents.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl
import pytest

from rtobs.analytics.backtest import bench, score
from rtobs.analytics.dialect import Dialect
from rtobs.analytics.frames import INCIDENTS
from rtobs.model.indicator import TimesliceIndicator
from rtobs.model.slo import ResolvedSlo
from tests.analytics.backtest.simulated import sliced_minutes
from tests.proof.slos import slo

pytestmark = pytest.mark.usefixtures("engine")
FOLDER: Final = Path(__file__).parents[4] / "shared" / "data" / "nab"


@dataclass(frozen=True, slots=True)
class Labelled:
    """A series of the benchmark as an SLO.

    Attributes:
        name: its file and its key among the labels.
        slo: the SLO.
        good: smallest and largest value of a good minute.
        expected: what its alerts scored when this test was written.
    """

    name: str
    slo: ResolvedSlo
    good: tuple[float, float]
    expected: Mapping[str, float | None]


def _sliced(name: str, objective: str, window: str) -> ResolvedSlo:
    return slo(name, TimesliceIndicator("value", "<=", Decimal(1)), objective, window=window)


SERIES: Final = (
    Labelled(
        "realKnownCause/ec2_request_latency_system_failure",
        _sliced("latency", "0.99", "7d"),
        (30, 60),
        {
            "alerts": 4,
            "true_alerts": 4,
            "incidents": 3,
            "detected": 2,
            "precision": 1.0,
            "recall": 0.666666666667,
            "detection_p50_s": 20280.0,
            "detection_p90_s": 20880.0,
            "detection_max_s": 20880.0,
            "spent_before_p50": 0.0595356544687,
            "spent_before_max": 0.0615201762844,
            "reset_p50_s": 0.0,
            "reset_p90_s": 0.0,
            "pages": 2,
            "pages_per_week": 0.999752045624,
            "flaps": 0,
            "firing_share": 0.00238036201339,
            "spent_while_firing": 0.651428571429,
        },
    ),
    Labelled(
        "realKnownCause/cpu_utilization_asg_misconfiguration",
        _sliced("cpu", "0.95", "28d"),
        (0, 80),
        {
            "alerts": 26,
            "true_alerts": 7,
            "incidents": 1,
            "detected": 1,
            "precision": 0.269230769231,
            "recall": 1.0,
            "detection_p50_s": 0.0,
            "detection_p90_s": 0.0,
            "detection_max_s": 0.0,
            "spent_before_p50": 0.0,
            "spent_before_max": 0.0,
            "reset_p50_s": 0.0,
            "reset_p90_s": 0.0,
            "pages": 1,
            "pages_per_week": 0.111689750693,
            "flaps": 12,
            "firing_share": 0.34220498615,
            "spent_while_firing": 0.585632653061,
        },
    ),
    Labelled(
        "realAWSCloudwatch/elb_request_count_8c0756",
        _sliced("requests", "0.99", "7d"),
        (0, 300),
        {
            "alerts": 4,
            "true_alerts": 3,
            "incidents": 2,
            "detected": 2,
            "precision": 0.75,
            "recall": 1.0,
            "detection_p50_s": 31080.0,
            "detection_p90_s": 32280.0,
            "detection_max_s": 32280.0,
            "spent_before_p50": 0.0616391485568,
            "spent_before_max": 0.111348139328,
            "reset_p50_s": 0.0,
            "reset_p90_s": 0.0,
            "pages": 2,
            "pages_per_week": 0.99801980198,
            "flaps": 0,
            "firing_share": 0.0103465346535,
            "spent_while_firing": 0.11,
        },
    ),
)


@pytest.mark.skipif(not FOLDER.is_dir(), reason=f"no labelled data in {FOLDER}")
@pytest.mark.parametrize("series", SERIES, ids=lambda series: series.name.split("/")[1])
def test_scores_on_labelled_data_are_stable(series: Labelled) -> None:
    """A change of these numbers is a change of the alerts or of what a score means."""
    minutes, start = _minutes(series)
    history = bench(minutes, series.slo, dialect=Dialect.V3)
    assert history.span is not None
    assert history.span[0] == start
    found = score(
        history.alerts(series.slo.tiers),
        _windows(series),
        [history.spending],
        span=history.span,
    )
    assert asdict(found) == pytest.approx(series.expected, rel=1e-9)


def _minutes(series: Labelled) -> tuple[pl.DataFrame, datetime]:
    """MINUTES, and the first moment; a value holds until the next, but no longer than 5 minutes."""
    path = FOLDER / f"{series.name.split('/')[1]}.csv"
    rows = pl.read_csv(path, try_parse_dates=True).unique("timestamp").sort("timestamp")
    start = rows["timestamp"][0].replace(tzinfo=UTC)
    offsets = (rows["timestamp"] - rows["timestamp"][0]).dt.total_minutes().to_numpy()
    low, high = series.good
    bad = np.full(int(offsets[-1]) + 5, np.nan)
    verdicts = ~rows["value"].is_between(low, high).to_numpy()
    for held in range(4, -1, -1):
        bad[offsets + held] = verdicts
    return sliced_minutes(series.slo.slo_id, bad, start=start), start


def _windows(series: Labelled) -> pl.DataFrame:
    labels = json.loads((FOLDER / "combined_windows.json").read_text(encoding="utf-8"))
    rows = [
        {
            "slo_id": series.slo.slo_id,
            "group": "",
            "start": datetime.fromisoformat(begin).replace(tzinfo=UTC),
            "end": datetime.fromisoformat(end).replace(tzinfo=UTC),
            "label": "",
        }
        for begin, end in labels[f"{series.name}.csv"]
    ]
    return pl.DataFrame(rows, schema=dict(INCIDENTS.columns)).sort(INCIDENTS.key)
