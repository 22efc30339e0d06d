"""The entry point: words, exit codes, and what is loaded for them."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Final

import pytest

from rtobs.cli.main import VERBS, main

HEAVY: Final = (
    *("yaml", "pydantic", "promql_parser", "rich", "_jsonnet", "polars", "opentelemetry"),
    *("rtobs.slo", "rtobs.rules", "rtobs.proof", "rtobs.dashboards", "rtobs.telemetry"),
)


def python(
    code: str, *words: str, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run code in a Python of its own, with output in blocks as in a pipe."""
    inherited = {k: v for k, v in os.environ.items() if k != "PYTHONUNBUFFERED"}
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), *words],
        env=inherited | (environment or {}),
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def without(module: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the command line where a module is not installed."""
    code = """
        import sys

        class Without:
            # A finder that does not find one module.
            def __init__(self, finder):
                self.finder = finder

            def find_spec(self, name, *more):
                hidden = name.partition(".")[0] == sys.argv[1]
                return None if hidden else self.finder.find_spec(name, *more)

            def __getattr__(self, name):
                return getattr(self.finder, name)

        sys.meta_path[:] = [Without(finder) for finder in sys.meta_path]
        from rtobs.cli.main import main
        sys.exit(main(sys.argv[2:]))
    """
    return python(code, module, *words)


@pytest.mark.parametrize("words", [[], ["nonsense"], ["list", "--nonsense"], ["show"]])
def test_wrong_words(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Words that mean nothing end with 2, and the usage stands on stderr."""
    with pytest.raises(SystemExit) as caught:
        main(words)

    out, err = capsys.readouterr()
    assert (caught.value.code, out) == (2, "")
    assert err.startswith("usage: rtobs ")


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
def test_help_of_every_verb(
    verb: object, capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest
) -> None:
    """Every verb explains itself, and knows where definitions are and for which site."""
    del verb
    name = request.node.callspec.id

    with pytest.raises(SystemExit) as caught:
        main([name, "--help"])

    out = capsys.readouterr().out
    assert caught.value.code == 0
    assert "--slo-dir DIR" in out
    assert "--site ENV" in out


def test_help_keeps_capitals(capsys: pytest.CaptureFixture[str]) -> None:
    """The sentence about a verb begins with a capital and leaves the others alone."""
    with pytest.raises(SystemExit):
        main(["show", "--help"])

    assert "\nExplain one SLO in minutes, events and expressions.\n" in capsys.readouterr().out


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    """The version is that of the installed distribution."""
    with pytest.raises(SystemExit) as caught:
        main(["--version"])

    assert caught.value.code == 0
    assert capsys.readouterr().out == "rtobs 0.1.0\n"


def test_help_is_light() -> None:
    """The list of verbs loads none of the verbs and no third-party package."""
    code = f"""
        import sys
        from rtobs.cli.main import main
        try:
            main(["--help"])
        except SystemExit as end:
            assert end.code == 0
        loaded = [name for name in {HEAVY!r} if name in sys.modules]
        print("LOADED", loaded)
    """

    assert python(code).stdout.splitlines()[-1] == "LOADED []"


def test_a_verb_does_not_load_the_others() -> None:
    """Listing needs no jsonnet and no instrumentation."""
    code = """
        import sys
        from rtobs.cli.main import main
        main(["list", "--slo-dir", "nowhere"])
        others = ("_jsonnet", "opentelemetry", "rtobs.dashboards")
        print([name for name in others if name in sys.modules])
    """

    assert python(code).stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    ("module", "verb", "extra"),
    [
        ("yaml", "list", "definitions"),
        ("pydantic", "validate", "definitions"),
        ("promql_parser", "show", "definitions"),
        ("yaml", "generate", "generate"),
        ("pydantic", "schema", "definitions"),
    ],
)
def test_missing_extra(module: str, verb: str, extra: str) -> None:
    """A verb whose extra is not installed says how to install it, and ends with 2."""
    done = without(module, verb, *(["x"] if verb == "show" else []))

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"rtobs: rtobs {verb} needs the extra '{extra}';"
        f" install it with: pip install 'rtobs[{extra}]'\n"
    )


def test_missing_jsonnet(folder: Path) -> None:
    """Dashboards need jsonnet, and only writing them does."""
    del folder

    made, shown = without("_jsonnet", "generate"), without("_jsonnet", "list")

    assert made.returncode == 2
    assert made.stderr.endswith("install it with: pip install 'rtobs[generate]'\n")
    assert (shown.returncode, shown.stderr) == (0, "\n3 SLOs of 2 services\n")


@pytest.mark.parametrize("words", [["list"], ["show", "shop-up"], ["generate"], ["schema", "site"]])
def test_reader_that_leaves(folder: Path, words: list[str]) -> None:
    """Output that nobody reads any more (`| head`) is no error and leaves no traceback."""
    del folder
    reader, writer = os.pipe()
    os.close(reader)
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONUNBUFFERED"}
    code = "import sys; from rtobs.cli.main import main; sys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-c", code, *words],
        env=environment, stdout=writer, stderr=subprocess.PIPE, text=True, timeout=60, check=False,
    )  # fmt: skip
    os.close(writer)

    assert done.returncode == 0
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr


def test_definitions_that_are_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder that is not there is a wrong word for every verb that reads definitions."""
    monkeypatch.chdir(tmp_path)
    verbs = (["list"], ["show", "x"], ["generate"], ["validate"])

    codes = [main(words) for words in verbs]

    out, err = capsys.readouterr()
    assert (codes, out) == ([2] * len(verbs), "")
    assert err == len(verbs) * (
        "rtobs: there is no folder slo; run it where slo/ is, or name the folder with --slo-dir\n"
    )


def test_internal_error() -> None:
    """A fault of our own is one line and 2; the traceback comes when it is asked for."""
    code = """
        import sys
        from rtobs.cli.main import main
        sys.stdout.close()
        sys.exit(main(["schema"]))
    """

    short, full = python(code), python(code, environment={"RTOBS_DEBUG": "1"})

    line = (
        "rtobs: internal error: ValueError('I/O operation on closed file.')"
        " (set RTOBS_DEBUG=1 for the traceback)\n"
    )
    assert (short.returncode, short.stderr) == (2, line)
    assert full.stderr.startswith("Traceback (most recent call last):\n")
    assert full.stderr.endswith(line)
