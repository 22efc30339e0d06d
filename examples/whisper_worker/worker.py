"""A speech worker: reads paths of recordings from its input, writes what was said beside each.

python examples/whisper_worker/worker.py large-v3 < recordings.txt
"""

from __future__ import annotations

import logging
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import rtobs

log = logging.getLogger("worker")


def work(model: Any, name: str, path: Path) -> None:  # noqa: ANN401  # faster-whisper has no types
    """Transcribe one recording; a file that is no audio stops nobody else."""
    try:
        text = transcribe(model, name, path)
    except Exception:
        log.exception("recording left out", extra={"recording": path.name})
    else:
        path.with_suffix(".txt").write_text(text, encoding="utf-8")


def transcribe(model: Any, name: str, path: Path) -> str:  # noqa: ANN401  # as above
    """What was said. Decoding happens while segments are read, and that is what is timed."""
    segments, _ = rtobs.whisper.observe(lambda: model.transcribe(str(path)), model=name)
    with closing(segments):
        return "".join(segment.text for segment in segments)


if __name__ == "__main__":
    rtobs.init(service="faster-whisper", domain="inference")

    from faster_whisper import WhisperModel  # it takes seconds, and they are logged by now

    name = Path(sys.argv[1]).name
    rtobs.whisper.declare(name)
    model = WhisperModel(sys.argv[1])
    for line in sys.stdin:
        work(model, name, Path(line.strip()))
