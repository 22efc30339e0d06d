"""YAML files as plain data that remembers where each value stands.

PyYAML composes the nodes; this module turns them into dicts, lists and scalars under limits that
a hostile file cannot pass, and maps findings of pydantic back to line and column. Scalars follow
YAML 1.2: only `true` and `false` are booleans, and a number with a point becomes a Decimal, so
99.9 stays 99.9.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from rtobs.errors import DefinitionError
from rtobs.problems import Location, Problem

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic_core import ErrorDetails

__all__ = ["Document", "Path_", "decode", "read", "read_text", "write_yaml"]

MAX_BYTES: Final = 1_048_576
MAX_DEPTH: Final = 40
MAX_NODES: Final = 100_000
MAX_INTEGER_DIGITS: Final = 19  # longer digit strings are identifiers, not numbers

Path_ = tuple[str | int, ...]
Data = dict[str, Any] | list[Any] | str | int | bool | Decimal | None

# Only what is read back exactly as it was written; 1e5 or 007 may be part of a name.
_INTEGER: Final = re.compile(r"-?(0|[1-9][0-9]*)")
_NUMBER: Final = re.compile(r"-?(0|[1-9][0-9]*)\.[0-9]+")
_NULLS: Final = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS: Final = {"true": True, "True": True, "TRUE": True} | {
    "false": False,
    "False": False,
    "FALSE": False,
}

_SHOWN_LENGTH: Final = 60
_UNION_TAG: Final = re.compile(r"[\[\]-]|^(str|int|decimal|literal|enum)$")
# What pydantic finds, by its name for it, in the words of this package.
_WORDS: Final = {
    "dict_type": "a mapping is wanted here",
    "enum": '"{input}" is not one of {expected}',
    "greater_than_equal": "the number must be at least {ge}",
    "int_from_float": '"{input}" is no whole number',
    "int_parsing": '"{input}" is no whole number',
    "int_type": "a whole number is wanted here",
    "less_than_equal": "the number must be at most {le}",
    "list_type": "a list is wanted here",
    "literal_error": '"{input}" is not {expected}',
    "model_type": "a mapping is wanted here",
    "string_pattern_mismatch": '"{input}" cannot stand here; hint: it must match {pattern}',
    "string_too_long": "the text is longer than {max_length} characters",
    "string_too_short": "the text is shorter than {min_length} characters",
    "string_type": "text is wanted here",
    "too_short": "at least {min_length} is needed",
}

_TAG_PREFIX: Final = "tag:yaml.org,2002:"
# What PyYAML guesses for a plain scalar is ignored, but it guesses only these.
_TAGS: Final = frozenset(
    f"{_TAG_PREFIX}{name}"
    for name in ("map", "seq", "str", "null", "bool", "int", "float", "timestamp", "merge", "value")
)

_Model = TypeVar("_Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed file.

    Attributes:
        file: path as the user would type it.
        lines: the text, split.
        data: dicts, lists and scalars.
        values: by path, line, column and width (all 1-based) of the value.
        keys: by path, the same of the key that leads to it.
    """

    file: str
    lines: tuple[str, ...]
    data: Any
    values: Mapping[Path_, tuple[int, int, int]] = field(repr=False)
    keys: Mapping[Path_, tuple[int, int, int]] = field(repr=False)

    def locate(self, path: Path_, *, key: bool = False) -> Location:
        """Where the value (or the key) at `path` stands; the nearest parent when it is absent."""
        table = self.keys if key and path in self.keys else self.values
        while path and path not in table:
            path, table = path[:-1], self.values
        line, column, width = table.get(path, (0, 0, 1))
        excerpt = self.lines[line - 1] if 0 < line <= len(self.lines) else ""
        return Location(self.file, line, column, excerpt, width)


def read(path: Path, file: str | None = None) -> Document:
    """Read one YAML document.

    Args:
        path: where it is.
        file: name for messages, default the path as given.

    Raises:
        DefinitionError: it is no readable file, no text, too large, no YAML, or not one document.
    """
    return parse(read_text(path, file), file or str(path))


def read_text(path: Path, file: str | None = None) -> str:
    """Read a text file of a user, under the limit on size.

    Raises:
        DefinitionError: it is no readable file, no UTF-8 text, or too large.
    """
    name = file or str(path)
    try:
        if not path.is_file():
            raise _refused(name, "unreadable-file", "there is no such file")
        size = path.stat().st_size
        if size > MAX_BYTES:
            message = f"the file has {size} bytes, more than the limit of {MAX_BYTES}"
            raise _refused(name, "file-too-large", message, "split it: one file per service")
        raw = path.read_bytes()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise _refused(name, "unreadable-file", f"cannot be read: {reason}") from error
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"not UTF-8 text (byte {error.start + 1})"
        raise _refused(name, "not-text", message, "is this a binary file?") from error


def parse(text: str, file: str) -> Document:
    """Parse YAML text; `file` names it in messages.

    Raises:
        DefinitionError: as `read`.
    """
    lines = tuple(text.splitlines())
    try:
        nodes = list(yaml.compose_all(text, Loader=yaml.CSafeLoader))
    except yaml.MarkedYAMLError as error:
        raise DefinitionError([_syntax_problem(error, file, lines)]) from error
    except (yaml.YAMLError, RecursionError) as error:
        reason = str(error).split("\n", maxsplit=1)[0]
        raise _refused(file, "yaml-syntax", f"not YAML: {reason}") from error
    if len(nodes) != 1:
        message = f"the file holds {len(nodes)} YAML documents" if nodes else "the file is empty"
        raise _refused(file, "one-document", message, "write exactly one document per file")
    builder = _Builder(file, lines)
    data = builder.build(nodes[0], ())
    if builder.problems:
        raise DefinitionError(builder.problems)
    return Document(file, lines, data, builder.values, builder.keys)


def decode(document: Document, model: type[_Model]) -> tuple[_Model | None, list[Problem]]:
    """Check a document against a pydantic model.

    Returns:
        The model and no problems, or None and every problem with its place.
    """
    try:
        return model.model_validate(document.data), []
    except ValidationError as error:
        return None, _field_problems(document, model, error.errors())


def write_yaml(data: object) -> str:
    """YAML text of plain data: keys in the given order, long strings unfolded, no aliases."""
    text: str = yaml.dump(
        data, Dumper=_PlainDumper, sort_keys=False, allow_unicode=True, width=10_000
    )
    return text


class _PlainDumper(yaml.CSafeDumper):
    """Writes every value out; a reader should not have to follow anchors."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002
        return True


def _represent_text(dumper: yaml.CSafeDumper, text: str) -> yaml.Node:
    style = "|" if "\n" in text.rstrip("\n") else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_PlainDumper.add_representer(str, _represent_text)


class _Builder:
    """Turns composed nodes into data and notes where everything stands."""

    def __init__(self, file: str, lines: tuple[str, ...]) -> None:
        self.file = file
        self.lines = lines
        self.values: dict[Path_, tuple[int, int, int]] = {}
        self.keys: dict[Path_, tuple[int, int, int]] = {}
        self.problems: list[Problem] = []
        self._nodes = 0

    def build(self, node: yaml.Node, path: Path_) -> Data:
        self._nodes += 1
        if self._nodes > MAX_NODES or len(path) > MAX_DEPTH:
            limit = f"{MAX_NODES} values" if self._nodes > MAX_NODES else f"{MAX_DEPTH} levels"
            hint = "are there anchors that multiply, or that contain themselves?"
            message = f"the document expands to more than {limit}"
            problem = Problem("yaml-bomb", message, self._at(node), hint=hint)
            raise DefinitionError([problem])
        self.values[path] = _span(node)
        if node.tag not in _TAGS:
            shown = node.tag.replace(_TAG_PREFIX, "!!")
            self._report("yaml-tag", f'the tag "{shown}" is not allowed', node)
            return None
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.build(item, (*path, index)) for index, item in enumerate(node.value)]
        return self._scalar(node) if isinstance(node, yaml.ScalarNode) else None

    def _mapping(self, node: yaml.MappingNode, path: Path_) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self._report("key-type", "a key must be text", key_node)
                continue
            key = key_node.value
            if key in result:
                self._report("duplicate-key", f'the key "{key}" is given twice', key_node)
                continue
            self.keys[(*path, key)] = _span(key_node)
            result[key] = self.build(value_node, (*path, key))
        return result

    def _scalar(self, node: yaml.ScalarNode) -> Data:
        text: str = node.value
        return text if node.style else _resolve(text)

    def _report(self, id_: str, message: str, node: yaml.Node) -> None:
        self.problems.append(Problem(id_, message, self._at(node)))

    def _at(self, node: yaml.Node) -> Location:
        line, column, width = _span(node)
        excerpt = self.lines[line - 1] if line <= len(self.lines) else ""
        return Location(self.file, line, column, excerpt, width)


def _resolve(text: str) -> Data:
    """The value of a plain scalar: text, unless it is plainly null, a boolean or a number."""
    if text in _NULLS:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if _INTEGER.fullmatch(text):
        return int(text) if len(text) <= MAX_INTEGER_DIGITS else text
    if _NUMBER.fullmatch(text):
        return Decimal(text)
    return text


def _span(node: yaml.Node) -> tuple[int, int, int]:
    start, end = node.start_mark, node.end_mark
    width = end.column - start.column if end.line == start.line else 1
    return start.line + 1, start.column + 1, max(width, 1)


def _refused(file: str, id_: str, message: str, hint: str = "") -> DefinitionError:
    return DefinitionError([Problem(id_, message, Location(file), hint=hint)])


def _syntax_problem(error: yaml.MarkedYAMLError, file: str, lines: tuple[str, ...]) -> Problem:
    mark = error.problem_mark or error.context_mark
    line = mark.line + 1 if mark else 0
    excerpt = lines[line - 1] if 0 < line <= len(lines) else ""
    location = Location(file, line, mark.column + 1 if mark else 0, excerpt)
    message = (error.problem or error.context or "not YAML").rstrip(".")
    hint = "YAML is indented with spaces" if "\\t" in repr(message) or "\t" in excerpt else ""
    return Problem("yaml-syntax", message, location, hint=hint)


def _field_problems(
    document: Document, model: type[BaseModel], errors: list[ErrorDetails]
) -> list[Problem]:
    """One problem for each place; alternatives of a union that were not meant say nothing."""
    placed = [(_real_path(document, error["loc"]), error) for error in errors]
    deeper = {path[:length] for path, _ in placed for length in range(len(path))}
    problems: dict[Location, Problem] = {}
    for path, error in placed:
        if error["type"].endswith("_type") and path in deeper:
            continue
        problem = _field_problem(document, model, path, error)
        first = problems.get(problem.location)
        if first is not None and first.id == problem.id and problem.message != first.message:
            problem = replace(first, message=f"{first.message}, or: {problem.message}")
        problems[problem.location] = problem
    return list(problems.values())


def _real_path(document: Document, loc: Path_) -> Path_:
    """The path in the document: pydantic names alternatives of unions and keys in between."""
    path: Path_ = ()
    for index, part in enumerate(loc):
        tag = isinstance(part, str) and _UNION_TAG.search(part) is not None
        is_missing_key = index == len(loc) - 1 and not tag
        if (*path, part) in document.values or is_missing_key:
            path = (*path, part)
    return path


def _field_problem(
    document: Document, model: type[BaseModel], path: Path_, error: ErrorDetails
) -> Problem:
    kind = error["type"]
    if kind == "extra_forbidden":
        allowed = sorted(_fields_at(model, path[:-1]))
        message = f'unknown key "{path[-1]}"'
        hint = _suggestion(str(path[-1]), allowed) or f"allowed here: {', '.join(allowed)}"
        return Problem("unknown-key", message, document.locate(path, key=True), hint=hint)
    if kind == "missing":
        message = f'the key "{path[-1]}" is missing'
        return Problem("missing-key", message, document.locate(path[:-1]))
    words = _WORDS.get(kind, error["msg"].removeprefix("Value error, "))
    shown = _shortened(error["input"])
    message = words.format(input=shown, **error.get("ctx", {})) if kind in _WORDS else words
    message, _, hint = message.partition("; hint: ")
    place = document.locate(path, key=error["loc"][-1:] == ("[key]",))
    return Problem("invalid-value", message[:1].lower() + message[1:], place, hint=hint)


def _shortened(value: object) -> str:
    text = str(value)
    return text if len(text) <= _SHOWN_LENGTH else f"{text[:_SHOWN_LENGTH]}..."


def _suggestion(word: str, known: list[str]) -> str:
    close = difflib.get_close_matches(word, known, n=1)
    return f'did you mean "{close[0]}"?' if close else ""


def _fields_at(model: type[BaseModel], path: Path_) -> Iterator[str]:
    """Keys that the model allows at `path`."""
    current: type[BaseModel] | None = model
    for part in path:
        if current is None:
            return
        if isinstance(part, str):
            info = next((f for n, f in current.model_fields.items() if part in (n, f.alias)), None)
            current = _model_in(info.annotation) if info else current
    if current is not None:
        yield from (info.alias or name for name, info in current.model_fields.items())


def _model_in(annotation: object) -> type[BaseModel] | None:
    """The first pydantic model inside a type annotation such as `list[Model] | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    arguments = getattr(annotation, "__args__", ())
    return next((model for item in arguments if (model := _model_in(item))), None)
