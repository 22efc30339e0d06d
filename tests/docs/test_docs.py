"""What the documentation says about the code is true: links, commands, keys, series, examples."""

from __future__ import annotations

import re
import shlex
from argparse import Namespace
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from pydantic import BaseModel

from rtobs import conventions
from rtobs.catalogue.load import load
from rtobs.catalogue.schema import ComponentDocument
from rtobs.cli.main import _parse
from rtobs.documents import decode, parse
from rtobs.slo.fleet import load_fleet
from rtobs.slo.schema import AlertPolicies, Definition, SiteDocument, json_schema

ROOT: Final = Path(__file__).resolve().parents[2]
PAGES: Final = (
    *(ROOT / name for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
)
_FENCE: Final = re.compile(r"^ *```([a-z]*) *$")
_LINK: Final = re.compile(r"\]\(([^()\s]+)\)")
_CODE: Final = re.compile(r"`([^`]+)`")
_CELLS: Final = re.compile(r"(?<!\\)\|")
_SHELL_OPERATORS: Final = {"&&", "|", ";", ">", "||"}
_PLACEHOLDER: Final = "<name>"


@dataclass(frozen=True, slots=True)
class Page:
    """A page of Markdown, taken apart.

    Attributes:
        prose: its lines outside fenced blocks.
        blocks: (language, text) of its fenced blocks.
    """

    prose: tuple[str, ...]
    blocks: tuple[tuple[str, str], ...]

    @property
    def anchors(self) -> set[str]:
        """Anchors of its headings, as GitHub and GitLab make them."""
        seen: Counter[str] = Counter()
        found = set()
        for line in self.prose:
            if not line.startswith("#"):
                continue
            words = re.sub(r"[^\w\- ]", "", line.lstrip("#").strip().lower())
            anchor = words.replace(" ", "-")
            found.add(f"{anchor}-{seen[anchor]}" if seen[anchor] else anchor)
            seen[anchor] += 1
        return found

    def tables(self, first: str) -> Iterator[tuple[str, str]]:
        """(heading above, first cell) of every row of the tables whose first column is `first`."""
        heading, inside = "", False
        for line in self.prose:
            if line.startswith("#"):
                heading = line
            if not line.startswith("|"):
                inside = False
                continue
            cell = _CELLS.split(line)[1].strip()
            if cell == first:
                inside = True
            elif inside and not set(cell) <= {"-", ":"}:
                yield heading, cell.strip("`")


def read(path: Path) -> Page:
    """A page from its file."""
    prose: list[str] = []
    blocks: list[tuple[str, str]] = []
    language: str | None = None
    for line in path.read_text(encoding="utf-8").splitlines():
        fence = _FENCE.match(line)
        if fence is not None:
            if language is None:
                blocks.append((fence[1], ""))
            language = fence[1] if language is None else None
        elif language is None:
            prose.append(line)
        else:
            blocks[-1] = (language, f"{blocks[-1][1]}{line}\n")
    return Page(tuple(prose), tuple(blocks))


def name_of(path: Path) -> str:
    """A page for the list of tests."""
    return path.relative_to(ROOT).as_posix()


def broken(path: Path, target: str) -> bool:
    """Whether a relative link leads nowhere."""
    file, _, anchor = target.partition("#")
    there = (path.parent / file).resolve() if file else path
    if not there.exists():
        return True
    return bool(anchor) and anchor not in read(there).anchors


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_links_lead_somewhere(path: Path) -> None:
    """Every relative link points to a file and, with an anchor, to one of its headings."""
    prose = _CODE.sub("", "\n".join(read(path).prose))
    targets = [t for t in _LINK.findall(prose) if not re.match(r"[a-z]+:", t)]

    assert [target for target in targets if broken(path, target)] == []


def commands() -> Iterator[tuple[str, ...]]:
    """Words of every call of rtobs in a fenced block of shell, without the program's name."""
    for path in PAGES:
        for language, text in read(path).blocks:
            if language == "sh":
                yield from calls(text)


def calls(text: str) -> Iterator[tuple[str, ...]]:
    """Words of every call of rtobs in a text of shell."""
    for line in text.splitlines():
        words: list[str] = []
        for word in (*shlex.split(line, comments=True), ";"):
            if word not in _SHELL_OPERATORS:
                words.append(word)
                continue
            if words and words[0] == "rtobs":
                yield tuple(words[1:])
            words = []


@pytest.mark.parametrize("words", sorted(set(commands())), ids=" ".join)
def test_commands_exist(words: Sequence[str]) -> None:
    """Every rtobs command in a block of shell is understood by the parser of its verb."""
    assert isinstance(_parse(words), Namespace)


def keys_of(schema: Mapping[str, Any], model: Mapping[str, Any], prefix: str = "") -> set[str]:
    """Every key of a document, dotted; `[]` stands for the entries of a list."""
    if "$ref" in model:
        return keys_of(schema, schema["$defs"][model["$ref"].rpartition("/")[2]], prefix)
    found = set()
    for option in model.get("anyOf", ()):
        found |= keys_of(schema, option, prefix)
    for name, entry in model.get("properties", {}).items():
        key = f"{prefix}.{name}".lstrip(".")
        found |= {key} | keys_of(schema, entry, key)
    if isinstance(model.get("items"), dict):
        found |= keys_of(schema, model["items"], f"{prefix}[]")
    open_keys = [*model.get("patternProperties", {}).values(), model.get("additionalProperties")]
    for entry in open_keys:
        if isinstance(entry, dict):
            found |= keys_of(schema, entry, f"{prefix}.{_PLACEHOLDER}")
    return found


def documented(page: str) -> list[str]:
    """Keys of the tables of a page; a heading names in code where the keys of its table stand."""
    found = []
    for heading, key in read(ROOT / "docs" / "reference" / page).tables("key"):
        places = [place for place in _CODE.findall(heading) if "/" not in place]
        found.append(".".join((*places, key)))
    return found


@pytest.mark.parametrize(
    ("page", "models"),
    [
        ("definition.md", (Definition,)),
        ("policy-and-site.md", (AlertPolicies, SiteDocument)),
        ("catalogue.md", (ComponentDocument,)),
    ],
)
def test_reference_has_the_keys_of_the_schema(page: str, models: Sequence[type[BaseModel]]) -> None:
    """The keys in the tables of a reference page are those of the schema, all of them."""
    schemas = [json_schema(model) for model in models]

    assert set(documented(page)) == set().union(*(keys_of(one, one) for one in schemas))


def test_reference_has_the_recorded_series() -> None:
    """The series in the reference are those of the conventions, all of them."""
    page = read(ROOT / "docs" / "reference" / "series-and-labels.md")
    constants = [value for name, value in vars(conventions).items() if name.isupper()]
    recorded = {
        value
        for value in constants
        if isinstance(value, str) and re.fullmatch(r"(slo|domain):[a-z0-9_:]+|slo_info", value)
    }

    listed = [series for _, series in page.tables("series")]

    assert sorted(listed) == sorted({*recorded, conventions.error_ratio("<window>")})


def test_reference_has_the_alerts() -> None:
    """The alerts in the reference are those of the conventions, all of them."""
    page = read(ROOT / "docs" / "reference" / "alerts.md")

    listed = [alert for _, alert in page.tables("alert")]

    assert listed == [*conventions.SLO_ALERTS, conventions.WATCHDOG]


def examples(path: Path) -> list[str]:
    """Whole documents among the YAML blocks of a page."""
    return [
        text
        for language, text in read(path).blocks
        if language == "yaml" and text.startswith("apiVersion:")
    ]


def placed(texts: Sequence[str], folder: Path) -> None:
    """Documents written to where rtobs looks for each kind, below `folder`."""
    (folder / "catalogue").mkdir(parents=True)
    definitions = []
    for text in texts:
        document = parse(text, "example")
        kind = document.data["kind"]
        if kind == "Component":
            (folder / "catalogue" / f"{document.data['component']}.yaml").write_text(text)
        elif kind == "ServiceLevelObjectives":
            definitions.append((text, decode(document, Definition)[0]))
        else:
            (folder / {"AlertPolicies": "policy.yaml", "Site": "site.yaml"}[kind]).write_text(text)
    if not (folder / "policy.yaml").exists():
        (folder / "policy.yaml").write_text((ROOT / "slo" / "policy.yaml").read_text())
    catalogue = load(folder / "catalogue")
    for text, definition in definitions:
        assert definition is not None
        component = catalogue.component(definition.component or definition.service)
        domain = definition.domain or (component.domain if component else None)
        (folder / str(domain)).mkdir(exist_ok=True)
        (folder / str(domain) / f"{definition.service}.yaml").write_text(text)


@pytest.mark.parametrize("path", [path for path in PAGES if examples(path)], ids=name_of)
def test_examples_are_valid(path: Path, tmp_path: Path) -> None:
    """The documents that a page shows make a folder that validates without any problem."""
    texts = examples(path)
    placed(texts, tmp_path / "slo")

    fleet = load_fleet(tmp_path / "slo")

    services = sum("kind: ServiceLevelObjectives" in text for text in texts)
    # A page about the policy or the site shows no definition.
    problems = [problem for problem in fleet.problems if problem.id != "no-definitions"]
    assert (len(fleet.services), problems) == (services, [])
