"""Requests meet the fleet: who serves which, how long it takes, and how it ends."""

from __future__ import annotations

import math
from array import array
from dataclasses import dataclass
from itertools import chain
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from rtobs.analytics.frames import Schema, check
from rtobs.analytics.simulation.arrivals import ARRIVALS
from rtobs.analytics.simulation.batching import Jobs, Life, Replica
from rtobs.analytics.simulation.chance import Purpose, chances
from rtobs.analytics.simulation.routing import refused_at, slow, stays, turns
from rtobs.analytics.simulation.scenario import Scenario

__all__ = ["REQUESTS", "Served", "Stay", "serve"]

REQUESTS: Final = Schema(
    "requests",  # what really happened to each; durations are null where that did not happen
    {
        "request": pl.UInt32,
        "arrival": pl.Datetime("us", "UTC"),
        "replica": pl.UInt16,  # null: none was there
        "prompt_tokens": pl.UInt32,
        "answer_tokens": pl.UInt32,
        "queue_s": pl.Float64,  # until it got its first place in the batch
        "ttft_s": pl.Float64,  # until its first token
        "tpot_s": pl.Float64,  # mean for each token after the first; 0 for an answer of one
        "e2e_s": pl.Float64,  # until its last token
        "thrown_out": pl.UInt32,  # times that it lost its place in the batch
        "outcome": pl.String,  # ok, error, refused, left, lost (its replica died), unreachable
        "status": pl.String,  # class of the HTTP status; "" when nothing was answered
    },
    ("request",),
)

_Floats = NDArray[np.float64]
_Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Stay:
    """One life of a replica, between two restarts; times in seconds of the scenario.

    Attributes:
        replica: its number.
        start: when it is up.
        end: when it dies; infinite when it does not.
        jobs: rows of REQUESTS that it was given and did not refuse.
        life: what happened to them; nothing later than `end` is left in it.
    """

    replica: int
    start: float
    end: float
    jobs: _Ints
    life: Life


@dataclass(frozen=True, slots=True, eq=False)
class Served:
    """What a scenario really did.

    Attributes:
        scenario: what was asked for.
        requests: REQUESTS.
        arrival: seconds of each, from the start of the scenario.
        stays: the lives of all replicas, by replica and time.
    """

    scenario: Scenario
    requests: pl.DataFrame
    arrival: _Floats
    stays: tuple[Stay, ...]


def serve(scenario: Scenario, arrivals: pl.DataFrame) -> Served:
    """Lead every arrival to a replica and follow it to its end.

    Replicas take turns; one that is down gets nothing, and the others do not know of an outage.

    Args:
        scenario: the fleet and its faults.
        arrivals: ARRIVALS; those outside the scenario are left out.

    Raises:
        FrameError: the frame has other columns.
    """
    inside = pl.col("arrival").is_between(scenario.start, scenario.end, closed="left")
    jobs = check(arrivals, ARRIVALS).filter(inside).sort("arrival", "request")
    arrival = (jobs["arrival"] - scenario.start).dt.total_microseconds().to_numpy() / 1e6
    dice = chances(scenario.seed, Purpose.FAILURES)
    draws, breaks = dice.random(len(arrival)), dice.random(len(arrival)) < scenario.error_share
    replica = turns(scenario, arrival)
    refused = refused_at(scenario, arrival, replica, draws)
    tokens = (jobs["prompt_tokens"] + jobs["answer_tokens"]).to_numpy()
    long = tokens > scenario.engine.longest
    served = (replica >= 0) & ~refused & ~long
    lives = tuple(
        _stay(scenario, jobs, arrival, (number, start, end), served & (replica == number))
        for number in range(scenario.replicas)
        for start, end in stays(scenario, number)
    )
    outcome = np.select([replica < 0, refused | long], ["unreachable", "refused"], "lost")
    status = np.select([replica < 0, long & ~refused, refused], ["", "4xx", "5xx"], "")
    frame = _frame(jobs, arrival, replica, lives, (outcome, status, breaks))
    return Served(scenario, frame, arrival, lives)


def _stay(
    scenario: Scenario,
    jobs: pl.DataFrame,
    arrival: _Floats,
    span: tuple[int, float, float],
    own: NDArray[np.bool_],
) -> Stay:
    replica, start, end = span
    rows = np.flatnonzero(own & (arrival >= start) & (arrival < end))
    asked = Jobs(
        arrival[rows].tolist(),
        jobs["prompt_tokens"].to_numpy()[rows].tolist(),
        jobs["answer_tokens"].to_numpy()[rows].tolist(),
    )
    life = Replica(scenario.engine, asked, slow(scenario, replica), scenario.patience)
    return Stay(replica, start, end, rows, _ended(life.live(start, end), end))


def _ended(life: Life, end: float) -> Life:
    """The life without what its last steps would have done after its end."""
    if end == math.inf:
        return life
    for moments in (life.admitted, life.first_token, life.finished, life.left):
        moments[:] = [m if m < end else math.nan for m in moments]
    runs = life.runs
    while runs and runs[-1].start + runs[-1].step * runs[-1].steps >= end:
        last = runs.pop()
        if whole := int((end - last.start) / last.step):
            runs.append(last._replace(steps=whole))
            break
    life.steps = array("d", chain.from_iterable(runs))
    life.gaps[:] = [gap for gap in life.gaps if gap[0] < end]
    return life


def _frame(
    jobs: pl.DataFrame,
    arrival: _Floats,
    replica: _Ints,
    lives: tuple[Stay, ...],
    ends: tuple[NDArray[np.str_], NDArray[np.str_], NDArray[np.bool_]],
) -> pl.DataFrame:
    outcome, status, breaks = (part.copy() for part in ends)
    times = {name: np.full(len(arrival), np.nan) for name in ("queue", "first", "last", "left")}
    thrown_out = np.zeros(len(arrival), dtype=np.uint32)
    for stay in lives:
        life = stay.life
        found = (life.admitted, life.first_token, life.finished, life.left)
        for column, values in zip(times.values(), found, strict=True):
            column[stay.jobs] = np.asarray(values) - arrival[stay.jobs]
        thrown_out[stay.jobs] = life.thrown_out
    done, gone = ~np.isnan(times["last"]), ~np.isnan(times["left"])
    outcome = np.select([done & breaks, done, gone], ["error", "ok", "left"], outcome)
    status = np.select([done & breaks, done], ["5xx", "2xx"], status)
    more = np.maximum(jobs["answer_tokens"].to_numpy().astype(np.float64) - 1, 1)
    frame = jobs.with_columns(
        pl.Series("replica", np.maximum(replica, 0), pl.UInt16),
        pl.Series("queue_s", times["queue"]),
        pl.Series("ttft_s", times["first"]),
        pl.Series("tpot_s", (times["last"] - times["first"]) / more),
        pl.Series("e2e_s", times["last"]),
        pl.Series("thrown_out", thrown_out),
        pl.Series("outcome", outcome.tolist(), pl.String),
        pl.Series("status", status.tolist(), pl.String),
        pl.Series("there", replica >= 0),
    ).with_columns(
        pl.col("queue_s", "ttft_s", "tpot_s", "e2e_s").fill_nan(None),
        pl.when("there").then(pl.col("replica")),
    )
    return check(frame.sort("request"), REQUESTS)
