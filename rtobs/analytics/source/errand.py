"""Carries out a plan: fetches what is missing, then writes the export."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC
from http import HTTPStatus
from typing import Final

from rtobs.analytics.source.assemble import assemble
from rtobs.analytics.source.fetch import Fetcher
from rtobs.analytics.source.planning import Plan, instant_of, milliseconds
from rtobs.analytics.source.work import Done, Work
from rtobs.analytics.source.workers import Crew
from rtobs.analytics.store.about import About, Hole
from rtobs.analytics.store.manifest import MANIFEST, instant_text
from rtobs.analytics.store.places import Folder, Place, place_of
from rtobs.analytics.store.read import Export, open_export
from rtobs.analytics.store.vacancy import refuse_other_files
from rtobs.errors import ExportError, RtobsError, ServerError
from rtobs.prometheus import AnswerError, Client, UnreachableError

__all__ = ["NothingFoundError", "Progress", "download"]

CONCURRENCY: Final = 4
_PARSED_AT_A_TIME: Final = 2  # an answer that is read takes thrice the memory of one that waits
_FAILURES_IN_A_ROW: Final = 8
_FOR_ALL: Final = frozenset(
    {
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.FORBIDDEN,
        HTTPStatus.NOT_FOUND,
        HTTPStatus.METHOD_NOT_ALLOWED,
    }
)


class NothingFoundError(ExportError):
    """The server answered everything, and had no sample; nothing was written."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an export is.

    Attributes:
        done: chunks that are there.
        chunks: all chunks.
        rows: samples that are there.
        failed: chunks that the server did not give.
    """

    done: int
    chunks: int
    rows: int
    failed: int


def download(
    plan: Plan,
    client: Client,
    folder: str | os.PathLike[str],
    *,
    concurrency: int = CONCURRENCY,
    resume: bool = True,
    report: Callable[[Progress], None] = lambda _: None,
) -> Export:
    """Export what a plan asks for.

    An export that was interrupted or has holes goes on where it was: chunks that are there are not
    asked for again. A chunk that the server fails to give becomes a hole in the manifest.

    Args:
        plan: what to ask. When the folder holds the same request with the end "now" under way,
            that one is carried on, with its end.
        client: of the server.
        folder: where the export will be; a folder or an s3:// address.
        concurrency: requests at a time.
        resume: go on where an interrupted export of the same request was; else begin anew, also
            where one of the same questions is finished.
        report: called after each chunk.

    Raises:
        ExportError: the folder holds something else, or nothing at all could be had.
        NothingFoundError: nothing matched; the folder is as it was.
        ServerError: the server refuses the question, the credentials or the tenant.
    """
    refuse_other_files(folder)
    work = Work(place_of(folder))
    is_new = _is_absent(work.place)
    begun = _begun(work, plan, resume=resume)
    if begun is None:
        return open_export(folder)  # complete already
    errand = _Errand(client, work, begun, work.done(begun))
    errand.fetch_missing(concurrency, report)
    holes = [errand.holes[number] for number in sorted(errand.holes)]
    if holes and not errand.done:
        raise ExportError(f"the server gave nothing: {holes[0].reason}")
    if not holes and not any(chunk.pieces for chunk in errand.done.values()):
        _leave(work, is_new=is_new)
        raise NothingFoundError(_nothing(errand.done.values()))
    work.place.remove(MANIFEST)
    assemble(work, begun, list(errand.done.values()), holes, _types(client))
    if not holes:
        work.clear()
    return open_export(folder)


def _is_absent(place: Place) -> bool:
    return isinstance(place, Folder) and not place.root.exists()


def _leave(work: Work, *, is_new: bool) -> None:
    """Leave no trace of an export without samples."""
    work.clear()
    if is_new and isinstance(work.place, Folder):
        with suppress(OSError):
            work.place.root.rmdir()


def _nothing(done: Iterable[Done]) -> str:
    if any(chunk.histograms for chunk in done):
        return "nothing matched in that time but native histograms, which are left out"
    return "nothing matched in that time"


def _begun(work: Work, plan: Plan, *, resume: bool) -> Plan | None:
    """The plan to carry out; None when the export is there already.

    Raises:
        ExportError: the folder belongs to another export.
    """
    under_way = work.plan()
    if under_way is not None:
        if resume and under_way.digest == plan.digest:
            return under_way
        if resume or not _is_same_but_for_time(under_way, plan):
            raise ExportError(_unfinished(work.place, under_way, plan))
    if work.place.read(MANIFEST) is not None:
        about = open_export(str(work.place)).about
        if not _asks_the_same(about, plan):
            raise ExportError(f"{work.place} holds another export; choose another folder")
        is_this = (about.start, about.end) == (plan.start, plan.end)
        if resume and is_this and not about.holes:
            return None
        if resume and not is_this:
            raise ExportError(
                f"{work.place} holds this export, finished, {_span(about)}; --no-resume begins"
                " anew, or choose another folder"
            )
    if not resume:
        work.clear()
    work.begin(plan)
    return plan


def _is_same_but_for_time(under_way: Plan, plan: Plan) -> bool:
    same = replace(under_way, start=plan.start, end=plan.end, until_now=plan.until_now)
    return same.digest == plan.digest


def _unfinished(place: Place, under_way: Plan, plan: Plan) -> str:
    """Why a plan is not carried on by another; a relative time is another with each call."""
    if not _is_same_but_for_time(under_way, plan):
        return (
            f"{place} holds an unfinished export of something else; choose another folder, or"
            " remove this one"
        )
    start, end = instant_text(under_way.start), instant_text(under_way.end)
    end = "now" if under_way.until_now else end
    return (
        f"{place} holds this export, unfinished; --from {start} --to {end} goes on with it,"
        " --no-resume begins anew"
    )


def _span(about: About) -> str:
    start, end = (edge.astimezone(UTC) for edge in (about.start, about.end))
    return f"from {start:%Y-%m-%d %H:%M:%S} to {end:%Y-%m-%d %H:%M:%S} UTC"


def _asks_the_same(about: About, plan: Plan) -> bool:
    """Whether an export is of what a plan asks for, at whatever time."""
    asked = tuple(question.query for question in plan.questions)
    found = (about.source, about.tenant, about.queries, about.step)
    return found == (plan.source, plan.tenant, asked, plan.step)


@dataclass(slots=True)
class _Errand:
    """The chunks that are there and those that are not."""

    client: Client
    work: Work
    plan: Plan
    done: dict[int, Done]
    holes: dict[int, Hole] = field(default_factory=dict)

    def fetch_missing(self, concurrency: int, report: Callable[[Progress], None]) -> None:
        """Fetch what is not there; give up when one failure follows the other."""
        fetcher = Fetcher(self.client, self.plan, threading.Semaphore(_PARSED_AT_A_TIME))
        missing = [number for number in range(len(self.plan.chunks)) if number not in self.done]

        def one(number: int) -> Done:
            return self.work.put(self.plan, number, fetcher.fetch(self.plan.chunks[number]))

        with Crew(one, missing, concurrency) as crew:
            in_a_row = 0
            for result in crew.results():
                if result.value is not None:
                    self.done[result.given] = result.value
                    in_a_row = 0
                elif result.error is not None:
                    self._miss(result.given, result.error)
                    in_a_row += 1
                report(self._progress())
                if result.error and in_a_row >= max(_FAILURES_IN_A_ROW, 2 * concurrency):
                    self._give_up(missing, result.error)
                    return

    def _miss(self, number: int, error: RtobsError) -> None:
        """Note a hole; an error that every chunk would have is raised instead."""
        refused = isinstance(error, AnswerError) and error.status in _FOR_ALL
        torn = isinstance(error, AnswerError | UnreachableError)
        if refused or not torn:
            raise error
        chunk = self.plan.chunks[number]
        last = min(chunk.end - 1, milliseconds(self.plan.end))
        edges = instant_of(chunk.start), instant_of(last)
        self.holes[number] = Hole(chunk.query, *edges, str(error))

    def _give_up(self, missing: Sequence[int], error: RtobsError) -> None:
        reason = UnreachableError(f"not asked for, because so many failed before: {error}")
        for number in missing:
            if number not in self.done and number not in self.holes:
                self._miss(number, reason)

    def _progress(self) -> Progress:
        rows = sum(piece.rows for chunk in self.done.values() for piece in chunk.pieces)
        return Progress(len(self.done), len(self.plan.chunks), rows, len(self.holes))


def _types(client: Client) -> dict[str, str]:
    """Types of metrics, where the server has them; an export is worth having without."""
    try:
        return dict(client.types().value)
    except ServerError:
        return {}
