"""The page of a replica, as vLLM shows it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from rtobs.analytics.simulation.page import Line, Page
from rtobs.analytics.simulation.serving import Served, Stay
from rtobs.analytics.simulation.tallies import (
    Runs,
    counted,
    histogram,
    step_histogram,
    summed,
)
from rtobs.analytics.simulation.timetable import replica_timetable

__all__ = ["HANDLER", "replica_lines"]

HANDLER: Final = "/v1/chat/completions"
_COMPONENT: Final = "vllm"
_ENGINE: Final = "0"  # data-parallel rank; every replica has one
_AT_END: Final = {
    "vllm:e2e_request_latency_seconds": "e2e",
    "vllm:request_time_per_output_token_seconds": "tpot",
    "vllm:request_queue_time_seconds": "queue",
    "vllm:request_inference_time_seconds": "inference",
    "vllm:request_prefill_time_seconds": "prefill",
    "vllm:request_decode_time_seconds": "decode",
    "vllm:request_prompt_tokens": "prompt",
    "vllm:request_generation_tokens": "answer",
}

_Floats = NDArray[np.float64]


def replica_lines(served: Served, replica: int) -> Iterator[Line]:
    """Every series of a replica; its counters begin again at 0 with each of its lives."""
    scenario = served.scenario
    table = replica_timetable(scenario, replica)
    labels = {"job": scenario.service, "instance": f"{scenario.service}-{replica}:8000"}
    yield Line({"__name__": "up", **labels}, table.millis, table.answered.astype(np.float64))
    for stay in served.stays:
        if stay.replica != replica:
            continue
        seen = table.answered & (table.seconds >= stay.start) & (table.seconds < stay.end)
        page = Page(_COMPONENT, labels, table.millis[seen], scenario.scrape.families)
        _Shown(served, stay, page).show()
        yield from page.lines


class _Shown:
    """One life of a replica on its page."""

    def __init__(self, served: Served, stay: Stay, page: Page) -> None:
        self.served, self.stay, self.page = served, stay, page
        self.names = {"model_name": served.scenario.model, "engine": _ENGINE}
        self.requests = served.requests[stay.jobs]
        self.arrival = served.arrival[stay.jobs]
        self.admitted, self.first, self.last = (
            np.asarray(moments, dtype=np.float64)
            for moments in (stay.life.admitted, stay.life.first_token, stay.life.finished)
        )
        self.runs = Runs(stay.life)

    def show(self) -> None:
        self._gauges()
        self._counters()
        self._histograms()
        self._http()

    def _gauges(self) -> None:
        life, at = self.stay.life, self.page.seconds
        back, out = counted(life.back, at), counted(life.out, at)
        admitted = counted(self.admitted, at)
        running = admitted + back - out - counted(self.last, at)
        waiting = counted(self.arrival, at) - admitted - counted(life.left, at) + out - back
        which, steps = self.runs.current(at)
        kv = np.zeros(len(at))
        if len(self.runs.start):
            held = self.runs.kv[which] + self.runs.decoding[which] * steps
            kv = np.where(running > 0, held, 0.0)
        capacity = self.served.scenario.engine.kv_tokens
        self.page.put("vllm:num_requests_running", running, **self.names)
        self.page.put("vllm:num_requests_waiting", waiting, **self.names)
        self.page.put("vllm:kv_cache_usage_perc", np.clip(kv / capacity, 0, 1), **self.names)

    def _counters(self) -> None:
        page, at, life = self.page, self.page.seconds, self.stay.life
        generated = (
            self.runs.done(self.runs.decoding, at)
            + counted(self.first, at)
            + counted([moment for moment, _ in life.gaps], at)
        )
        prompts = summed(self.first, self._column("prompt_tokens"), at)
        page.put("vllm:generation_tokens_total", generated, **self.names)
        page.put("vllm:prompt_tokens_total", prompts, **self.names)
        page.put("vllm:num_preemptions_total", counted(life.out, at), **self.names)
        broken = (self.requests["outcome"] == "error").to_numpy()
        full = self._column("answer_tokens") >= self.served.scenario.traffic.answer.most
        reasons = np.select([broken, full], ["error", "length"], "stop")
        for reason in ("stop", "length", "abort", "error", "repetition"):
            ended = counted(self.last[reasons == reason], at)
            page.put("vllm:request_success_total", ended, **self.names, finished_reason=reason)

    def _histograms(self) -> None:
        page, at = self.page, self.page.seconds
        first = "vllm:time_to_first_token_seconds"
        values = {first: self.first - self.arrival}
        values |= {family: self._value(kind) for family, kind in _AT_END.items()}
        for family, seen in values.items():
            if page.wants(family):
                moments = self.first if family == first else self.last
                buckets = histogram(moments, seen, page.bounds(family), at)
                page.put_histogram(family, buckets, **self.names)
        family = "vllm:inter_token_latency_seconds"
        if page.wants(family):
            buckets = step_histogram(self.runs, self.stay.life.gaps, page.bounds(family), at)
            page.put_histogram(family, buckets, **self.names)

    def _value(self, kind: str) -> _Floats:
        if kind in ("prompt", "answer"):
            return self._column(f"{kind}_tokens")
        if kind == "tpot":
            more = np.maximum(self._column("answer_tokens") - 1, 1)
            return np.asarray((self.last - self.first) / more)
        spans = {
            "e2e": (self.arrival, self.last),
            "queue": (self.arrival, self.admitted),
            "inference": (self.admitted, self.last),
            "prefill": (self.admitted, self.first),
            "decode": (self.first, self.last),
        }
        begin, end = spans[kind]
        return np.asarray(end - begin)

    def _http(self) -> None:
        """Answers of the API, those that the engine never saw among them.

        A stream is answered when it ends, a refusal when it comes.
        """
        served, stay = self.served, self.stay
        here = (pl.col("replica") == stay.replica) & (pl.col("status") != "")
        answers = served.requests.select(
            pl.col("status"),
            here.fill_null(value=False).alias("here"),
            pl.col("e2e_s").fill_null(0.0),
        )
        moment = served.arrival + answers["e2e_s"].to_numpy()
        here_now = answers["here"].to_numpy() & (served.arrival >= stay.start)
        here_now &= served.arrival < stay.end
        statuses = answers["status"].to_numpy()
        for status in ("2xx", "4xx", "5xx"):
            ended = counted(moment[here_now & (statuses == status)], self.page.seconds)
            self.page.put_once_seen(
                "http_requests_total", ended, handler=HANDLER, method="POST", status=status
            )

    def _column(self, name: str) -> _Floats:
        return self.requests[name].to_numpy().astype(np.float64)
