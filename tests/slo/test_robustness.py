"""Whatever a file holds, the answer is a list of problems."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtobs.catalogue.load import load
from rtobs.documents import parse, read
from rtobs.errors import DefinitionError
from rtobs.problems import has_errors
from rtobs.slo.checks import check
from rtobs.slo.reading import Setting
from rtobs.slo.resolve import resolve
from tests.slo.bad_inputs import BAD_INPUTS
from tests.slo.shop import GOOD, PATH, SETTING, problems_of, source_of

LINES = GOOD.splitlines()
PIECES = st.sampled_from(
    (
        *(
            "{}",
            "[]",
            "null",
            "~",
            "-",
            ":",
            "true",
            "1e999",
            "-1",
            "'",
            '"',
            "{{window}}",
            "|",
            ">",
        ),
        *(
            "\t",
            "&a",
            "*a",
            "!!str",
            "#",
            "%",
            "\u0000",
            "\ufeff",
            "shop_pool_usage_ratio",
            "=~(",
            "[5m]",
        ),
        *("sum by (", "or vector(0)", "{a=~'['}", "@ end()", "offset 5m", "\U0001f600", "9" * 400),
    )
)


@st.composite
def mutants(draw: st.DrawFn) -> str:
    """The good definition after a few careless edits."""
    text = GOOD
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(text)))
        until = min(len(text), at + draw(st.sampled_from((0, 0, 1, 5, 30))))
        text = text[:at] + draw(PIECES | st.text(max_size=6)) + text[until:]
    return text


@st.composite
def shuffled(draw: st.DrawFn) -> str:
    """Lines of the good definition, some lost, repeated or exchanged."""
    lines = list(LINES)
    for _ in range(draw(st.integers(1, 3))):
        one, two = (draw(st.integers(0, len(lines) - 1)) for _ in range(2))
        lines[one] = draw(
            st.sampled_from(
                (lines[two], "", LINES[one].split(":")[0] + ": " + LINES[two].split(":")[-1])
            )
        )
    return "\n".join(lines) + "\n"


@given(mutants() | shuffled())
@settings(max_examples=400, deadline=None)
def test_careless_edits_give_problems_or_a_service(text: str) -> None:
    """No edit raises; what is found without errors can be resolved."""
    problems = problems_of(text)
    assert all(problem.message and problem.id for problem in problems)
    if not has_errors(problems):
        service = resolve(source_of(text), SETTING)
        assert all(0 < slo.objective < 1 for slo in service.slos)


def test_the_good_definition_is_resolved() -> None:
    """No problem means that the resolver finds everything it asks for."""
    service = resolve(source_of(GOOD), SETTING)
    assert [slo.slo_id for slo in service.slos] == [
        *("shop-up", "shop-requests", "shop-latency", "shop-headroom", "shop-payments"),
        "shop-errors",
    ]


def test_warnings_do_not_stop_the_resolver() -> None:
    """What has only warnings is resolved like what has none."""
    warned = [bad for bad in BAD_INPUTS if not has_errors(problems_of(bad.text, bad.path))]
    assert {len(resolve(source_of(bad.text), SETTING).slos) for bad in warned} == {6}


def test_the_packaged_catalogue_checks_a_definition() -> None:
    """The same checks over the real components find a metric of vLLM misspelt."""
    setting = Setting(load(), SETTING.site, SETTING.policies, "default")
    text = """\
apiVersion: rtobs/v1
kind: ServiceLevelObjectives
service: vllm
owner: ai-platform
slos:
  - name: up
    description: It answers when asked from outside.
    sli: {probe: {target: vllm}}
    objective: 99%
  - name: time-to-first-token
    description: Users see the first token soon.
    sli: {latency: {histogram: "vllm:time_to_first_tokens_seconds", threshold: 1s}}
    objective: 95%
"""
    (problem,) = check(source_of(text, "slo/inference/vllm.yaml"), setting)
    assert (problem.id, problem.location.line, problem.location.column) == (
        "unknown-metric",
        12,
        32,
    )
    assert problem.hint == 'did you mean "vllm:time_to_first_token_seconds"?'


# --- files ----------------------------------------------------------------------------------------
def said(path: Path) -> list[str]:
    """What is said of a file that cannot be read, without its folder."""
    with pytest.raises(DefinitionError) as caught:
        read(path, "shop.yaml")
    return [str(problem) for problem in caught.value.problems]


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """The path as the user typed it."""
    assert said(tmp_path / "no.yaml") == [
        "shop.yaml: error[unreadable-file]: there is no such file"
    ]


def test_a_link_to_itself_is_no_file(tmp_path: Path) -> None:
    """A loop of links ends."""
    loop = tmp_path / "loop.yaml"
    loop.symlink_to(loop)
    (message,) = said(loop)
    assert message.startswith("shop.yaml: error[unreadable-file]")


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    """A folder that is named like a definition is refused."""
    assert said(tmp_path) == ["shop.yaml: error[unreadable-file]: there is no such file"]


@pytest.mark.parametrize("content", [b"\x7fELF\x02\x01\x01\x00\xff", "caf\u00e9".encode("latin-1")])
def test_a_file_that_is_no_text_is_refused(tmp_path: Path, content: bytes) -> None:
    """Binary files and other encodings."""
    path = tmp_path / "file.yaml"
    path.write_bytes(content)
    (message,) = said(path)
    assert message.startswith("shop.yaml: error[not-text]: not UTF-8 text (byte ")


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    """The size is looked at first."""
    path = tmp_path / "file.yaml"
    with path.open("wb") as file:
        file.truncate(1 << 30)
    (message,) = said(path)
    assert message == (
        "shop.yaml: error[file-too-large]: the file has 1073741824 bytes, more than the limit of"
        " 1048576\n   hint: split it: one file per service"
    )


def test_a_byte_order_mark_is_ignored(tmp_path: Path) -> None:
    """Some editors write one; places are those that an editor shows."""
    path = tmp_path / "file.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.encode())
    document = read(path, PATH)
    assert document.data == parse(GOOD, PATH).data
    assert document.locate(("apiVersion",)).column == 13


def test_plain_scalars_are_what_they_look_like() -> None:
    """Only true and false are booleans; numbers stay exact, and what may be a name stays text."""
    data = parse("[yes, true, 010, 10, 99.90, '5', 1e5, 1.e9, .5, null, 2024-01-01]", PATH).data
    assert data == [
        *("yes", True, "010", 10, Decimal("99.90"), "5", "1e5", "1.e9", ".5", None),
        "2024-01-01",
    ]
