"""One replica with continuous batching, followed from event to event.

While nobody comes or leaves, every step of a batch takes the same time, so a whole run of steps is
one event. A prompt is computed in chunks beside the decoding, which makes those steps longer. When
the KV cache is full, the request that was admitted last is thrown out and computed again later.
(The scheduler of vLLM's V1 engine, made simple: tokens in place of blocks, no prefix cache.)
"""

from __future__ import annotations

import math
from array import array
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import NamedTuple

from rtobs.analytics.simulation.scenario import Engine

__all__ = ["Jobs", "Life", "Replica", "Run"]

_NEVER = math.inf


class Run(NamedTuple):
    """Steps of one batch, all alike."""

    start: float
    step: float  # seconds of each
    steps: float  # whole numbers, from here on
    decoding: float  # sequences that get a token in each step
    prefill: float  # prompt tokens computed beside them; then it is one step
    kv: float  # tokens in the KV cache when it starts


@dataclass(frozen=True, slots=True)
class Jobs:
    """What a replica is asked to do, in the order of arrival."""

    arrival: Sequence[float]
    prompt: Sequence[int]
    answer: Sequence[int]


@dataclass(slots=True)
class Life:
    """What happened to the jobs of a replica between its start and its end; seconds, NaN: never.

    Attributes:
        admitted: when each job first got a place in the batch.
        first_token: when its first token was there.
        finished: when its last token was there.
        left: when whoever waited gave up.
        thrown_out: how often it lost its place.
        steps: the fields of all runs of steps, in order, one after the other.
        out: moments at which a job lost its place.
        back: moments at which such a job got one again.
        gaps: (moment, seconds since the last token) of the first token after that.
    """

    admitted: list[float]
    first_token: list[float]
    finished: list[float]
    left: list[float]
    thrown_out: list[int]
    steps: array[float] = field(default_factory=lambda: array("d"))
    out: list[float] = field(default_factory=list)
    back: list[float] = field(default_factory=list)
    gaps: list[tuple[float, float]] = field(default_factory=list)

    @property
    def runs(self) -> list[Run]:
        """All runs of steps, in order."""
        width, flat = len(Run._fields), self.steps
        return [Run(*flat[n : n + width]) for n in range(0, len(flat), width)]

    @classmethod
    def of(cls, jobs: int) -> Life:
        """A life in which nothing has happened yet."""
        nan = math.nan
        return cls([nan] * jobs, [nan] * jobs, [nan] * jobs, [nan] * jobs, [0] * jobs)


class Replica:
    """The state of one replica; `live` runs it to the end of its jobs, or to its own."""

    __slots__ = (
        *("_base", "_done", "_engine", "_filling", "_finishing", "_grown", "_jobs", "_joined"),
        *("_kv", "_life", "_lost_at", "_next", "_now", "_patience", "_pending", "_requeued"),
        *("_running", "_slow", "_steps"),
    )

    def __init__(
        self, engine: Engine, jobs: Jobs, slow: Sequence[tuple[float, float]], patience: float
    ) -> None:
        """A replica that has done nothing.

        Args:
            engine: how it computes.
            jobs: what it gets.
            slow: (moment, factor on the time of a step from then on), ascending.
            patience: seconds that a job waits for its first place.
        """
        count = len(jobs.arrival)
        self._engine, self._jobs, self._patience = engine, jobs, patience
        self._life = Life.of(count)
        self._done = [0] * count  # tokens generated before the job joined the batch (again)
        self._base = [0] * count  # tokens in the cache when it got its place
        self._joined = [0] * count  # step at which it began to decode
        self._lost_at: dict[int, float] = {}
        self._requeued: deque[int] = deque()
        self._filling: deque[list[int]] = deque()  # [job, prompt tokens left]
        self._pending = 0  # sum of those
        self._running: dict[int, int] = {}  # job -> step of its last token, in order of admission
        self._finishing: list[tuple[int, int]] = []  # heap of (step, job), some outdated
        self._slow = deque(slow)
        self._grown = 1.0  # factor on the time of a step
        self._next = self._kv = self._steps = 0
        self._now = 0.0

    def live(self, start: float, end: float) -> Life:
        """What happens from `start` until the jobs are done, or until `end`."""
        self._now = start
        while self._now < end:
            self._admit()
            if self._filling:
                self._mixed_step()
            elif self._running:
                self._decode()
            elif self._next < len(self._jobs.arrival):
                self._now = max(self._now, self._jobs.arrival[self._next])
            else:
                break
        return self._life

    def _head(self) -> int | None:
        """The job that is next to get a place; whoever has lost patience leaves."""
        if self._requeued:
            return self._requeued[0]
        arrivals = self._jobs.arrival
        while self._next < len(arrivals) and arrivals[self._next] <= self._now:
            gone = arrivals[self._next] + self._patience
            if gone >= self._now:
                return self._next
            self._life.left[self._next] = gone
            self._next += 1
        return None

    def _admit(self) -> None:
        engine = self._engine
        while (
            self._pending < engine.chunk
            and len(self._running) + len(self._filling) < engine.batch
            and (job := self._head()) is not None
        ):
            need = self._jobs.prompt[job] + self._done[job]
            alone = not self._running and not self._filling
            if not alone and self._kv + need + len(self._running) > engine.kv_tokens:
                return
            self._place(job, need)

    def _place(self, job: int, need: int) -> None:
        if self._requeued:
            self._requeued.popleft()
            self._life.back.append(self._now)
        else:
            self._next += 1
            self._life.admitted[job] = self._now
        self._kv += need
        self._base[job] = need
        self._filling.append([job, need])
        self._pending += need

    def _mixed_step(self) -> None:
        """One step in which prompts are computed beside the decoding."""
        self._make_room()
        tokens = min(self._pending, self._engine.chunk)
        decoding = len(self._running)
        engine = self._engine
        sequences = decoding + len(self._filling)
        step = engine.step + engine.step_per_sequence * sequences + tokens / engine.prefill_rate
        self._advance(step * self._factor(), 1, decoding, tokens)
        while tokens:
            first = self._filling[0]
            taken = min(first[1], tokens)
            first[1] -= taken
            tokens -= taken
            self._pending -= taken
            if not first[1]:
                self._filling.popleft()
                self._begin(first[0])

    def _begin(self, job: int) -> None:
        """The prompt is computed, which gives a token."""
        if job in self._lost_at:
            self._life.gaps.append((self._now, self._now - self._lost_at.pop(job)))
        else:
            self._life.first_token[job] = self._now
        self._done[job] += 1
        self._joined[job] = self._steps
        last = self._steps + self._jobs.answer[job] - self._done[job]
        if last == self._steps:
            self._life.finished[job] = self._now
            self._kv -= self._base[job]
        else:
            self._running[job] = last
            heappush(self._finishing, (last, job))

    def _decode(self) -> None:
        """As many steps as nothing changes in; one when there is room for somebody again."""
        freed = self._make_room()
        engine, decoding = self._engine, len(self._running)
        step = (engine.step + engine.step_per_sequence * decoding) * self._factor()
        steps = min(self._until_finish(), (engine.kv_tokens - self._kv) // decoding)
        until = self._slow[0][0] if self._slow else _NEVER
        if self._next < len(self._jobs.arrival) and not self._waits():
            until = min(until, self._jobs.arrival[self._next])
        if until < _NEVER:
            steps = min(steps, math.ceil((until - self._now) / step))
        self._advance(step, 1 if freed else max(steps, 1), decoding, 0)

    def _waits(self) -> bool:
        """Whether nobody new can get a place before somebody leaves."""
        full = len(self._running) >= self._engine.batch
        return full or self._head() is not None

    def _until_finish(self) -> int:
        while self._running.get(self._finishing[0][1]) != self._finishing[0][0]:
            heappop(self._finishing)
        return self._finishing[0][0] - self._steps

    def _advance(self, step: float, steps: int, decoding: int, prefill: int) -> None:
        self._life.steps.extend((self._now, step, steps, decoding, prefill, self._kv))
        self._now += step * steps
        self._steps += steps
        self._kv += decoding * steps
        finishing = self._finishing
        while finishing and finishing[0][0] <= self._steps:
            last, job = heappop(finishing)
            if self._running.get(job) == last:
                del self._running[job]
                self._life.finished[job] = self._now
                self._kv -= self._base[job] + last - self._joined[job]

    def _make_room(self) -> bool:
        """Throw out whoever came last until each of the others can get one more token."""
        before = len(self._running)
        while self._running and self._kv + len(self._running) > self._engine.kv_tokens:
            job, last = self._running.popitem()
            generated = self._steps - self._joined[job]
            self._done[job] = self._jobs.answer[job] - (last - self._steps)
            self._kv -= self._base[job] + generated
            self._requeued.appendleft(job)
            self._lost_at[job] = self._now
            self._life.thrown_out[job] += 1
            self._life.out.append(self._now)
        return len(self._running) < before

    def _factor(self) -> float:
        while self._slow and self._slow[0][0] <= self._now:
            self._grown = self._slow.popleft()[1]
        return self._grown
