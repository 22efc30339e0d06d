"""A nightly batch: reads JSON lines, keeps what is whole, and says how the night went.

python examples/batch/nightly.py documents.jsonl
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import rtobs

log = logging.getLogger("nightly")
indexed = rtobs.counter("documents.indexed", "{document}", labels=["source"])


@rtobs.instrument("read-documents")
def read(path: Path) -> Iterator[dict[str, str]]:
    """One document a line; a broken line ends the night with an error."""
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


@rtobs.instrument("index-document")
def index(document: dict[str, str]) -> None:
    """Stands for the write to a search index; a document without text cannot be found."""
    if not document["text"]:
        raise ValueError("no text")
    indexed.add(source=document["source"])


@rtobs.instrument("nightly-run")
def run(path: Path) -> int:
    """Index what can be indexed; returns how many documents cannot."""
    failed = 0
    for document in read(path):
        try:
            index(document)
        except ValueError:
            failed += 1
            log.warning("document left out", extra={"document_id": document["id"]})
    return failed


if __name__ == "__main__":
    rtobs.init(service="nightly-index", domain="data")
    sys.exit(1 if run(Path(sys.argv[1])) else 0)
