"""What the API answers, as values; samples stay bytes until somebody needs numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec

from rtobs.errors import ServerError

__all__ = [
    "Answer",
    "AnswerError",
    "Matrix",
    "MatrixSeries",
    "Sample",
    "TornError",
    "decoded",
    "refusal",
]

_T = TypeVar("_T")
_LONGEST_REASON = 300


class AnswerError(ServerError):
    """The server answered, and the answer is a refusal or no answer of this API.

    Attributes:
        status: HTTP status.
        kind: Prometheus's word for the error ("execution", "bad_data"), "" for none.
    """

    def __init__(self, message: str, status: int, kind: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind


class TornError(AnswerError):
    """The answer begins as one of this API and breaks off."""


@dataclass(frozen=True, slots=True)
class Answer(Generic[_T]):
    """A value with what the server remarked about it.

    Attributes:
        value: what was asked for.
        warnings: warnings and infos; a warning can mean that a part is missing.
    """

    value: _T
    warnings: tuple[str, ...] = ()


class Sample(msgspec.Struct, frozen=True):
    """One element of an instant vector."""

    metric: dict[str, str]
    value: tuple[float, str] = (0.0, "NaN")


class MatrixSeries(msgspec.Struct, frozen=True):
    """One series of a matrix.

    Attributes:
        metric: all labels.
        values: JSON text `[[1700000000.123,"1.5"],...]`, unread, within the body.
        histograms: the same for native histograms, empty when there are none.
    """

    metric: dict[str, str]
    values: msgspec.Raw = msgspec.Raw(b"[]")
    histograms: msgspec.Raw = msgspec.Raw(b"")


class Matrix(msgspec.Struct, frozen=True):
    """Series with their samples."""

    result: list[MatrixSeries]
    result_type: str = msgspec.field(name="resultType", default="matrix")


class Vector(msgspec.Struct, frozen=True):
    """Series with one sample each."""

    result: list[Sample]
    result_type: str = msgspec.field(name="resultType", default="vector")


class _Envelope(msgspec.Struct, frozen=True):
    status: str
    data: msgspec.Raw = msgspec.Raw(b"")
    error: str = ""
    kind: str = msgspec.field(name="errorType", default="")
    warnings: list[str] = msgspec.field(default_factory=list)
    infos: list[str] = msgspec.field(default_factory=list)


def decoded(body: bytes, kind: type[_T], path: str) -> Answer[_T]:
    """Read a successful answer.

    Raises:
        TornError: it breaks off.
        AnswerError: it is no answer of this API, or not of this kind.
    """
    if not body.lstrip().startswith(b"{"):
        raise AnswerError(f"{path} gave no JSON; is this the address of a Prometheus API?", 200)
    try:
        envelope = msgspec.json.decode(body, type=_Envelope)
        if envelope.status != "success":
            raise AnswerError(f"{path}: {_plain(envelope.error)}", 200, envelope.kind)
        value = msgspec.json.decode(envelope.data, type=kind)
    except (msgspec.ValidationError, UnicodeDecodeError) as error:
        raise AnswerError(f"{path} gave no answer of Prometheus's API: {error}", 200) from error
    except msgspec.DecodeError as error:
        raise TornError(f"{path} gave damaged JSON: {error}", 200) from error
    return Answer(value, tuple(_plain(text) for text in (*envelope.warnings, *envelope.infos)))


def refusal(status: int, body: bytes, path: str) -> AnswerError:
    """The error that an answer with a failing status means."""
    try:
        envelope = msgspec.json.decode(body, type=_Envelope)
        reason, kind = envelope.error, envelope.kind
    except msgspec.MsgspecError:
        reason, kind = body[:_LONGEST_REASON].decode(errors="replace"), ""
    said = _plain(reason) or "and gave no reason"
    return AnswerError(f"{path} failed with status {status}: {said}", status, kind)


def _plain(text: str) -> str:
    """One line without control characters, not too long: it will be shown on a terminal."""
    words = "".join(c if c.isprintable() else " " for c in text).split()
    line = " ".join(words)
    return line if len(line) <= _LONGEST_REASON else f"{line[:_LONGEST_REASON]}..."
