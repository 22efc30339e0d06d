"""Variations of a policy, their scores, and the one that is recommended."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rtobs.analytics.backtest import (
    Bench,
    Candidate,
    Grid,
    bench,
    candidates,
    incidents,
    pareto,
    recommend,
    score,
    sweep,
    tiers_for,
)
from rtobs.analytics.backtest.chart import trade_off
from rtobs.analytics.backtest.sweep import SCORES
from rtobs.analytics.backtest.written import policy_yaml
from rtobs.analytics.charts import describe, svg
from rtobs.analytics.dialect import Dialect
from rtobs.analytics.frames import INCIDENTS, check, empty
from rtobs.conventions import Severity
from rtobs.errors import FrameError
from rtobs.model.alerting import AlertPolicy, TierPolicy, Wishes
from rtobs.model.duration import Duration
from rtobs.slo.fleet import load_fleet
from tests.analytics.backtest.simulated import START, minutes_of
from tests.proof.slos import BAD_FORM

pytestmark = pytest.mark.usefixtures("engine")


def _tier(name: str, long: str, short: str, share: str) -> TierPolicy:
    month = Duration.parse("30d")
    lengths = (Duration.parse(long), Duration.parse(short))
    shares = ((month, Fraction(share)),)
    return TierPolicy(name, Severity.CRITICAL, *lengths, shares, 3, Duration.parse("10m"))


POLICY: Final = AlertPolicy(
    "default", (_tier("fast", "1h", "5m", "1/50"), _tier("ticket", "1d", "2h", "1/10"))
)


def _history() -> Bench:
    """A short outage, a long small one, and a spike that is no incident."""
    total, bad = np.full(8 * 1440, 100.0), np.zeros(8 * 1440)
    bad[2000:2030] = 100
    bad[5000:7000] = 2
    bad[9000:9003] = 100
    return bench(minutes_of(BAD_FORM.slo_id, total, bad), BAD_FORM, dialect=Dialect.V3)


def test_variations_are_named_by_what_they_vary() -> None:
    """The shipped policy stands first, once; each combination follows."""
    grid = Grid(
        (Fraction(1), Fraction(2)),
        (Fraction(1),),
        (None, 9),
        (None, Duration.parse("1h")),
        ((), ("ticket",)),
    )
    names = [candidate.name for candidate in candidates(POLICY, grid)]
    assert names[:4] == [
        "shipped",
        "without ticket",
        "keepFiringFor 1h",
        "keepFiringFor 1h, without ticket",
    ]
    assert names[-1] == "shares x2, minBad 9, keepFiringFor 1h, without ticket"
    assert len(names) == len(set(names)) == 16


def test_longer_windows_keep_the_burn_rate() -> None:
    """Windows twice as long spend twice the share; windows are whole minutes of five or more."""
    twice, half = (
        candidates(POLICY, Grid((Fraction(1),), (Fraction(factor),)))[1].policy
        for factor in ("2", "1/2")
    )
    assert twice is not None
    assert half is not None
    shipped = tiers_for(BAD_FORM, POLICY)
    assert [tier.factor for tier in tiers_for(BAD_FORM, twice)] == [tier.factor for tier in shipped]
    assert [str(tier.long) for tier in twice.tiers] == ["2h", "2d"]
    assert [str(tier.short) for tier in half.tiers] == ["5m", "1h"]


def test_a_tier_that_the_budget_sustains_is_left_out() -> None:
    """A quarter of the ticket's share would fire at a burn rate below 1."""
    (_, quarter) = candidates(POLICY, Grid((Fraction(1, 4),)))
    assert [tier.name for tier in tiers_for(BAD_FORM, quarter.policy)] == ["fast"]


def test_an_slo_keeps_its_say_about_its_tiers() -> None:
    """What it switched off is off, milder is milder, minBad stays, unseen metrics never page."""
    off = replace(BAD_FORM, wishes=Wishes({"ticket": "off"}))
    mild = replace(BAD_FORM, wishes=Wishes({"fast": Severity.INFO}, min_bad=17))
    unseen = replace(BAD_FORM, wishes=Wishes(may_page=False))
    assert [tier.name for tier in tiers_for(off, POLICY)] == ["fast"]
    assert tiers_for(mild, POLICY)[0].severity is Severity.INFO
    assert {tier.min_bad for tier in tiers_for(mild, POLICY)} == {17}
    assert tiers_for(unseen, POLICY)[0].severity is Severity.WARNING
    assert tiers_for(mild, None) == mild.tiers


def test_the_policy_of_a_definition_gives_back_its_tiers() -> None:
    """Whatever a definition wants otherwise is kept, for every SLO of this repository."""
    fleet = load_fleet(Path(__file__).parents[3] / "slo")
    policies = fleet.setting.policies
    for slo in fleet.slos:
        assert slo.tiers in [tiers_for(slo, policy) for policy in policies.values()]


def test_a_sweep_scores_each_policy_as_alone() -> None:
    """Its rows are those of `score`, in the order in which policies were tried."""
    history = _history()
    known = incidents(history)
    tried = [Candidate("shipped"), Candidate("policy", POLICY)]
    found = sweep([history], tried, known)
    assert found["policy"].to_list() == ["shipped", "policy"]
    assert history.span == (START, START + timedelta(minutes=8 * 1440 - 1))
    for candidate, row in zip(tried, found.iter_rows(named=True), strict=True):
        alerts = history.alerts(tiers_for(BAD_FORM, candidate.policy))
        alone = score(alerts, known, [history.spending], span=history.span)
        assert (row["recall"], row["precision"]) == (alone.recall, alone.precision)
        assert (row["pages"], row["detection_max_s"]) == (alone.pages, alone.detection_max_s)
    assert check(found, SCORES).equals(found)


def test_without_a_history_nothing_can_be_tried() -> None:
    """One sentence says so."""
    with pytest.raises(FrameError, match="no minutes"):
        sweep([], [Candidate("shipped")], empty(INCIDENTS))


def _scores(
    *rows: tuple[str, float | None, float, float | None], flaps: tuple[int, ...] = (0,) * 6
) -> pl.DataFrame:
    """SCORES of (policy, recall, pages a week, detection)."""
    plain = [
        {
            **dict.fromkeys(SCORES.columns, 0),
            "policy": policy,
            "recall": recall,
            "pages_per_week": pages,
            "detection_p50_s": detection,
            "incidents": 4,
            "precision": 1.0,
            "flaps": often,
        }
        for (policy, recall, pages, detection), often in zip(rows, flaps, strict=False)
    ]
    return pl.DataFrame(plain, schema=dict(SCORES.columns))


def test_recall_decides_then_pages_then_flaps_then_detection() -> None:
    """What is shipped wins a tie."""
    worse = ("shipped", 0.5, 1.0, 60.0)
    assert recommend(_scores(worse, ("a", 1.0, 9.0, 600.0))).policy == "a"
    assert recommend(_scores(worse, ("a", 0.5, 0.9, 600.0))).policy == "a"
    assert recommend(_scores(worse, ("a", 0.5, 1.0, 59.0))).policy == "a"
    assert recommend(_scores(("a", 0.5, 1.0, 60.0), worse)).policy == "shipped"
    assert recommend(_scores(("a", None, 0.0, None), worse)).policy == "shipped"
    assert recommend(_scores(worse, ("a", 0.5, 1.0, 600.0), flaps=(3, 2))).policy == "a"
    assert recommend(_scores(worse, ("a", 0.5, 1.1, 600.0), flaps=(3, 0))).policy == "shipped"


def test_the_recommendation_says_why() -> None:
    """It compares with what is shipped in plain words."""
    found = recommend(_scores(("shipped", 0.5, 1.0, 60.0), ("a", 1.0, 0.5, 600.0)))
    of_four, true = "of 4 incidents, half of them within", "and 100% of its alerts are about one."
    assert found.why == (
        f"a: finds 0 {of_four} 10 minutes, pages 0.5 times a week, {true}",
        f"shipped: finds 0 {of_four} 1 minute, pages 1 times a week, {true}",
        "a is better because it finds more incidents and it pages less often.",
    )
    assert found.caution.startswith("Caution: 4 incidents to judge by, fewer than 10.")


def test_silence_is_no_merit() -> None:
    """A policy that cannot fire pages least, so what is shipped stays where none finds anything."""
    found = recommend(_scores(("shipped", None, 1.0, None), ("blind", None, 0.0, None)))
    assert (found.policy, found.judged) == ("shipped", False)
    assert found.why[-1] == "No policy finds an incident, so what is shipped stays."
    none = sweep([_history()], [Candidate("blind", AlertPolicy("blind", ()))], empty(INCIDENTS))
    assert recommend(none).policy == "shipped"
    assert recommend(none).why == ("There is no incident to judge by, so what is shipped stays.",)


def test_a_policy_that_cannot_fire_is_not_written() -> None:
    """No policy.yaml may say that a policy has no tiers."""
    with pytest.raises(ValueError, match='policy "blind" has no tier'):
        policy_yaml({"default": POLICY, "blind": AlertPolicy("blind", ())}, "default")


def test_ten_incidents_need_no_caution() -> None:
    """Below that the fit is to the few."""
    ten = _scores(("shipped", 0.5, 1.0, 60.0)).with_columns(pl.lit(10, pl.Int64).alias("incidents"))
    assert recommend(ten).caution == ""


_ROWS = st.tuples(
    st.none() | st.sampled_from([0.0, 0.5, 1.0]),
    st.sampled_from([0.0, 1.0, 2.0]),
    st.none() | st.sampled_from([60.0, 120.0]),
)


@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=st.lists(_ROWS, min_size=1, max_size=6))
def test_the_front_holds_the_recommended(
    rows: list[tuple[float | None, float, float | None]],
) -> None:
    """No policy beats it; and whatever is not on the front is beaten by one that is."""
    named = ((str(number), *row) for number, row in enumerate(rows))
    scores = _scores(*named, flaps=(0, 1, 2, 0, 1, 2))
    front = set(scores.filter(pareto(scores))["policy"])
    best = recommend(scores)
    assert best.policy in front if best.judged else best.policy == "shipped"
    assert best.judged == any(recall for recall, _, _ in rows)
    kept = scores.filter(pl.col("policy").is_in(front))
    assert pareto(kept).all()


def test_the_trade_off_is_drawn_and_told() -> None:
    """The picture and its words hold the policies that are worth a look, each place once."""
    scores = _scores(
        ("a", 1.0, 0.5, 240.0),
        ("b", 1.0, 0.5, 240.0),
        ("shipped", 1.0, 1.0, 120.0),
        ("beaten", 0.5, 2.0, 300.0),
        ("blind", 0.0, 0.0, None),
    )
    chart = trade_off(scores)
    words = describe(chart)
    assert "a (chosen) 4 min" in words
    assert "shipped 2 min" in words
    drawn = svg(chart, name="policies")
    assert ">beaten<" not in drawn
    assert ">b<" not in drawn
    assert ">shipped<" in drawn


def test_nothing_to_draw_is_said() -> None:
    """No policy found an incident, so none has a detection time."""
    with pytest.raises(ValueError, match="no policy has a detection time"):
        trade_off(_scores(("shipped", 0.0, 0.0, None)))
