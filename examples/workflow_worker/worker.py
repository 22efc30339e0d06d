"""A worker in the style of Temporal: workflows start activities through a queue, with retries.

python examples/workflow_worker/worker.py < documents.jsonl
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from queue import Queue
from threading import Thread
from typing import Any

from opentelemetry import context, propagate

import rtobs

log = logging.getLogger("worker")
ATTEMPTS = 3


@dataclass(frozen=True)
class Task:
    """An activity that waits for a worker; `headers` carry trace and tenant, as Temporal's do."""

    activity: Callable[[dict[str, Any]], None]
    document: dict[str, Any]
    headers: dict[str, str]
    done: Future[None] = field(default_factory=Future)


tasks: Queue[Task | None] = Queue()


def execute(activity: Callable[[dict[str, Any]], None], document: dict[str, Any]) -> None:
    """Have a worker run an activity; the last attempt's failure is the workflow's."""
    headers: dict[str, str] = {}
    propagate.inject(headers)
    for attempt in range(1, ATTEMPTS + 1):
        task = Task(activity, document, headers)
        tasks.put(task)
        try:
            task.done.result()
        except OSError:
            log.warning("attempt failed", extra={"attempt": attempt})
            if attempt == ATTEMPTS:
                raise
        else:
            return


def serve() -> None:
    """Run activities where their workflow left off, until None comes."""
    while (task := tasks.get()) is not None:
        token = context.attach(propagate.extract(task.headers))
        try:
            task.activity(task.document)
        except Exception as failure:  # noqa: BLE001  # it belongs to the workflow
            task.done.set_exception(failure)
        else:
            task.done.set_result(None)
        finally:
            context.detach(token)


@rtobs.instrument("activity-fetch", kind="consumer")
def fetch(document: dict[str, Any]) -> None:
    """Stands for a download, which may fail for a while."""
    document["failures"] -= 1
    if document["failures"] >= 0:
        raise ConnectionError("the store does not answer")


@rtobs.instrument("activity-index", kind="consumer")
def index(document: dict[str, Any]) -> None:
    """Stands for the write to an index."""
    log.info("indexed", extra={"document_id": document["id"]})


@rtobs.instrument("workflow-ingest")
def ingest(document: dict[str, Any]) -> None:
    """The workflow: fetch, then index."""
    execute(fetch, document)
    execute(index, document)


def main() -> int:
    """Ingest the documents of the input; returns how many could not be."""
    failed = 0
    for line in sys.stdin:
        document = json.loads(line)
        with rtobs.bind_tenant(document["tenant"]):
            try:
                ingest(document)
            except OSError:
                failed += 1
    return failed


if __name__ == "__main__":
    rtobs.init(service="ingest-worker", domain="workflow")
    worker = Thread(target=serve, name="worker")
    worker.start()
    failures = main()
    tasks.put(None)
    worker.join()
    sys.exit(1 if failures else 0)
