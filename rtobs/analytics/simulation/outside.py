"""What others see of the fleet: the probe from outside, and an instrumented client."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from rtobs.analytics.simulation.chance import Purpose, chances
from rtobs.analytics.simulation.page import Line, Page
from rtobs.analytics.simulation.routing import refused_at, turns
from rtobs.analytics.simulation.serving import Served
from rtobs.analytics.simulation.tallies import counted
from rtobs.analytics.simulation.timetable import plain_timetable
from rtobs.conventions import GOODPUT_VALUES, LATENCY_CLASSES, OUTCOMES, LatencyClass

__all__ = ["CLIENT_JOB", "client_lines", "latency_class", "met", "probe_lines"]

CLIENT_JOB: Final = "runtime/chat-api"
_OUTCOMES: Final = {"ok": "ok", "left": "cancelled"}  # the rest are errors to whoever asked


def latency_class(name: str) -> LatencyClass:
    """The latency class of that name."""
    return next(limits for limits in LATENCY_CLASSES if limits.name == name)


def met(served: Served) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Which requests met both limits of the latency class, as their caller counts it.

    An answer of one token has no pace to miss. Whoever left was served badly if the limit of the
    first token had passed.
    """
    limits = latency_class(served.scenario.slo_class)
    requests = served.requests
    first = requests["ttft_s"].fill_null(np.inf).to_numpy() <= limits.time_to_first_token
    pace = requests["tpot_s"].fill_null(np.inf).to_numpy() <= limits.time_per_output_token
    outcome = requests["outcome"].to_numpy()
    patient = served.scenario.patience <= limits.time_to_first_token
    return np.asarray(((outcome == "ok") & first & pace) | ((outcome == "left") & patient))


def probe_lines(served: Served) -> Iterator[Line]:
    """`probe_success`: each probe is a request that any replica may get."""
    scenario = served.scenario
    table = plain_timetable(scenario, 2 * scenario.replicas)
    labels = {"job": "blackbox", "instance": "blackbox:9115", "probe": scenario.service}
    page = Page("blackbox", labels, table.millis, scenario.scrape.families)
    replica = turns(scenario, page.seconds)
    draws = chances(scenario.seed, Purpose.PROBES).random(len(table.millis))
    well = (replica >= 0) & ~refused_at(scenario, page.seconds, replica, draws)
    page.put("probe_success", well.astype(np.float64))
    yield from page.lines


def client_lines(served: Served) -> Iterator[Line]:
    """`rtobs_llm_requests_total`: what a service that asks the fleet counts itself.

    Only who sees every request can say which met both limits; the model server cannot.
    """
    scenario = served.scenario
    table = plain_timetable(scenario, 2 * scenario.replicas + 1)
    labels = {
        "job": CLIENT_JOB,
        "instance": "chat-api-0",
        "gen_ai_request_model": scenario.model,
        "slo_class": scenario.slo_class,
    }
    page = Page("runtime-service", labels, table.millis, scenario.scrape.families)
    ended = served.arrival + _seconds_until_end(served)
    outcomes = np.asarray(
        [_OUTCOMES.get(word, "error") for word in served.requests["outcome"].to_list()]
    )
    good = met(served)
    for outcome in OUTCOMES:
        for goodput in GOODPUT_VALUES:
            chosen = (outcomes == outcome) & (good == (goodput == "met"))
            values = counted(ended[chosen], page.seconds)
            page.put("rtobs_llm_requests_total", values, outcome=outcome, goodput=goodput)
    yield from page.lines


def _seconds_until_end(served: Served) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """An error is known at once; whoever left had waited for as long as they could."""
    requests = served.requests
    seconds = requests["e2e_s"].fill_null(0.0).to_numpy()
    left = (requests["outcome"] == "left").to_numpy()
    return np.where(left, np.minimum(served.scenario.patience, 1e9), seconds)
