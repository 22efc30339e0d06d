"""What is simulated: a fleet of replicas, the traffic that they get and what goes wrong."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from rtobs.analytics.simulation.faults import Fault
from rtobs.conventions import DEFAULT_LATENCY_CLASS
from rtobs.errors import ConfigurationError
from rtobs.model.duration import Duration

__all__ = ["Engine", "Lengths", "Scenario", "Scrape", "Traffic"]

_HALF_MINUTE: Final = Duration.parse("30s")


@dataclass(frozen=True, slots=True)
class Engine:
    """How fast one replica computes, and how much it holds.

    The defaults behave about like a model of 70 billion parameters on one large server: 17 ms a
    token when alone, 65 ms in a batch of 256.

    Attributes:
        prefill_rate: prompt tokens a second.
        step: seconds of a decode step, whatever the batch.
        step_per_sequence: seconds that each sequence of the batch adds to a step.
        chunk: most prompt tokens that one step takes besides decoding.
        batch: most sequences at once.
        kv_tokens: tokens that the KV cache holds.
        longest: most tokens of prompt and answer together; longer requests are refused (4xx).
    """

    prefill_rate: float = 10_000.0
    step: float = 0.017
    step_per_sequence: float = 0.00018
    chunk: int = 2_048
    batch: int = 256
    kv_tokens: int = 400_000
    longest: int = 32_768

    def __post_init__(self) -> None:
        if min(self.prefill_rate, self.step, self.chunk, self.batch, self.longest) <= 0:
            raise ConfigurationError("an engine needs rates, sizes and a step time above zero")
        if self.kv_tokens < self.longest + self.batch:
            raise ConfigurationError(
                f"a KV cache of {self.kv_tokens} tokens does not hold the longest request"
                f" ({self.longest} tokens); give it more, or make `longest` smaller"
            )


@dataclass(frozen=True, slots=True)
class Lengths:
    """Log-normal numbers of tokens.

    Attributes:
        median: half of the requests have at most so many.
        spread: standard deviation of the natural logarithm.
        most: longer ones are cut here.
    """

    median: float
    spread: float
    most: int


@dataclass(frozen=True, slots=True)
class Traffic:
    """Seeded arrivals: a Poisson process whose rate follows the day, the week and bursts.

    Attributes:
        rate: requests a second, mean of a working day.
        daily: depth of the wave of a day, 0 (flat) to 1 (silent at night).
        peak_hour: hour (UTC) at which the wave is highest.
        weekend: factor on Saturdays and Sundays.
        burst_spread: standard deviation of the logarithm of a random factor; 0 for none.
        burst: how long one such factor lasts.
        prompt: lengths of prompts.
        answer: lengths of answers.
    """

    rate: float
    daily: float = 0.0
    peak_hour: float = 14.0
    weekend: float = 1.0
    burst_spread: float = 0.0
    burst: timedelta = timedelta(minutes=5)
    prompt: Lengths = Lengths(800.0, 0.9, 16_000)
    answer: Lengths = Lengths(150.0, 0.8, 1_000)

    def __post_init__(self) -> None:
        if self.rate < 0 or not 0 <= self.daily <= 1 or self.weekend < 0:
            raise ConfigurationError(
                "traffic needs a rate of 0 or more, a daily wave from 0 to 1, and a weekend of 0 or"
                " more"
            )


@dataclass(frozen=True, slots=True)
class Scrape:
    """How Prometheus looks at the fleet.

    Attributes:
        interval: time between two scrapes of a target.
        jitter: most that a scrape is late; 0 for a clock that never misses.
        families: catalogue names of the metrics to keep; empty for all that are simulated.
    """

    interval: Duration = _HALF_MINUTE
    jitter: timedelta = timedelta()
    families: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if not 0 <= self.jitter.total_seconds() < self.interval.seconds:
            raise ConfigurationError("the jitter of a scrape must be shorter than its interval")


@dataclass(frozen=True, slots=True)
class Scenario:
    """One simulated stretch of time; the same scenario always gives the same bytes.

    Attributes:
        start: aware moment at which it begins.
        lasts: how long it is watched.
        seed: of everything that is random.
        traffic: seeded arrivals; not used where arrivals are given.
        replicas: number of model servers, each with one GPU.
        engine: how each of them computes.
        faults: what goes wrong.
        scrape: how it is watched.
        model: value of the labels `model_name` and `gen_ai_request_model`.
        service: service of the SLOs that the faults hurt, and the label `job`.
        slo_class: latency class by which the instrumented client counts goodput.
        error_share: share of generations that end with finished_reason="error".
        patience: seconds until whoever waits for a first place in the batch gives up.
    """

    start: datetime
    lasts: timedelta
    seed: int = 1
    traffic: Traffic = field(default_factory=lambda: Traffic(0.5))
    replicas: int = 2
    engine: Engine = field(default_factory=Engine)
    faults: tuple[Fault, ...] = ()
    scrape: Scrape = field(default_factory=Scrape)
    model: str = "llama"
    service: str = "vllm"
    slo_class: str = DEFAULT_LATENCY_CLASS
    error_share: float = 0.0
    patience: float = math.inf

    def __post_init__(self) -> None:
        if self.start.tzinfo is None:
            raise ConfigurationError("the start of a scenario needs a time zone; add tzinfo=UTC")
        if self.lasts.total_seconds() < self.scrape.interval.seconds or self.replicas < 1:
            raise ConfigurationError(
                "a scenario needs at least one replica and one interval between scrapes"
            )
        strangers = [r for fault in self.faults for r in fault.replicas if r >= self.replicas]
        if strangers:
            raise ConfigurationError(
                f"a fault names replica {strangers[0]}; there are {self.replicas}, counted from 0"
            )

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return self.lasts.total_seconds()

    @property
    def end(self) -> datetime:
        """The moment at which the watch ends."""
        return self.start + self.lasts

    def fault_replicas(self, fault: Fault) -> tuple[int, ...]:
        """The replicas that a fault hits: those it names, or all."""
        return fault.replicas or tuple(range(self.replicas))
