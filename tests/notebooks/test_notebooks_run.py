"""Every notebook runs from its first cell to its last, offline, and shows its figures."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from rtobs.analytics.simulation import sample_export
from rtobs.slo.fleet import load_fleet
from tests.analytics.backtest.simulated import export_of, minutes_of
from tests.notebooks.conftest import ROOT, Desk

FOLDER = ROOT / "notebooks"
NOTEBOOKS = tuple(sorted(FOLDER.glob("*.py")))
GUARD = Path(__file__).parent / "guard"
# How many charts each shows; those of real data come on top where the data are.
CHARTS = {
    "getting_started": 1,
    "gpu_utilisation": 4,
    "incident_review": 2,
    "slo_review": 7,
    "target_and_policy": 2,
    "token_latency": 4,
}
PARTS = "notebook", [pytest.param(path, id=path.stem) for path in NOTEBOOKS]
URL = re.compile(r"""(?:src|href)=["'](?!#)[^"']*|url\((?!#)[^)]*|https?://[^\s"'<]*""")
NAMESPACE = "http://www.w3.org/2000/svg"


def test_every_notebook_is_known_here() -> None:
    """A new notebook says how many charts it shows."""
    assert [path.stem for path in NOTEBOOKS] == sorted(CHARTS)


def test_the_graph_of_cells_is_sound(desk: Desk) -> None:
    """No cell defines what another defines, none needs itself, and the format is marimo's."""
    done = desk.run("-m", "marimo", "check", "--strict", *NOTEBOOKS)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(*PARTS)
def test_a_notebook_runs_without_a_network_and_writes_nowhere_else(
    desk: Desk, notebook: Path
) -> None:
    """As a plain program, its widgets at their defaults; pandas stays away."""
    done = desk.run(
        notebook,
        before=_without_network(),
        PYTHONPATH=str(GUARD),
        GUARD_WRITABLE=str(desk.temporary),
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("program", "refused"),
    [
        ("import socket; socket.create_connection(('127.0.0.1', 9))", "socket.getaddrinfo"),
        ("open('elsewhere', 'w')", "open"),
        ("import os; os.mkdir('elsewhere')", "os.mkdir"),
    ],
)
def test_the_guard_refuses(desk: Desk, program: str, refused: str) -> None:
    """A test that cannot fail proves nothing."""
    done = desk.run("-c", program, PYTHONPATH=str(GUARD), GUARD_WRITABLE=str(desk.temporary))
    assert done.returncode == 1
    assert f"refused: {refused} " in done.stderr
    assert not (ROOT / "elsewhere").exists()


def _without_network() -> tuple[str, ...]:
    """A name space without a network for what the guard does not see, where the system has one."""
    words = ("unshare", "--map-current-user", "--net")
    if shutil.which("unshare") is None:
        return ()
    tried = subprocess.run([*words, "true"], capture_output=True, check=False)
    return words if tried.returncode == 0 else ()


@pytest.fixture(scope="module")
def pages(desk: Desk, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All notebooks as static pages."""
    return _pages(desk, NOTEBOOKS, tmp_path_factory.mktemp("pages"))


def _pages(desk: Desk, notebooks: Sequence[Path], folder: Path, **variables: str) -> Path:
    module = "rtobs.analytics.notebook.page"
    done = desk.run("-m", module, *notebooks, "--out", folder, **variables)
    assert (done.returncode, done.stderr) == (0, "")
    return folder


@pytest.mark.parametrize(*PARTS)
def test_a_page_needs_nothing_from_elsewhere(pages: Path, notebook: Path) -> None:
    """No scripts, no widgets, no addresses to load from: it opens from a disk or a mail."""
    page = (pages / f"{notebook.stem}.html").read_text(encoding="utf-8")
    loaded = [address for address in URL.findall(page) if address != NAMESPACE]
    assert [address for address in loaded if "prometheus:9090" not in address] == []
    assert "<script" not in page
    assert "<marimo-" not in page


@pytest.mark.parametrize(*PARTS)
def test_a_page_has_its_charts_with_words(pages: Path, notebook: Path) -> None:
    """Every chart has a title, a text alternative for those who cannot see it, and a caption."""
    page = (pages / f"{notebook.stem}.html").read_text(encoding="utf-8")
    drawn = page.count("<svg ")
    assert drawn >= CHARTS[notebook.stem]
    assert len(re.findall(r"<title id=[^>]*>[^<]+</title>", page)) == drawn
    assert len(re.findall(r"<desc id=[^>]*>[^<]+</desc>", page)) == drawn
    assert len(re.findall(r"<figcaption[^>]*>[^<]+</figcaption>", page)) == drawn


def test_an_export_that_is_too_short_says_so(
    desk: Desk, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Three days are no month: what needs one is a sentence in its place, the rest is there."""
    folder = tmp_path_factory.mktemp("short")
    sample_export(folder / "export", load_fleet(ROOT / "slo").slos, days=3)
    picky = [FOLDER / f"{name}.py" for name in ("slo_review", "target_and_policy")]
    short = _pages(desk, picky, folder / "pages", RTOBS_EXPORT=str(folder / "export"))
    page = (short / "target_and_policy.html").read_text(encoding="utf-8")
    assert "No window of 30d" in page
    assert "<svg " in page


def test_an_export_that_lacks_what_is_shown_says_so(desk: Desk, tmp_path: Path) -> None:
    """Half an hour of what rules recorded: no counter, no alert, and a sentence for each."""
    minutes = minutes_of("vllm-http-availability", np.full(30, 100.0), np.zeros(30))
    export_of(tmp_path / "export", minutes)
    known = [FOLDER / f"{name}.py" for name in ("getting_started", "slo_review")]
    pages = _pages(desk, known, tmp_path / "pages", RTOBS_EXPORT=str(tmp_path / "export"))
    first, review = ((pages / f"{path.stem}.html").read_text(encoding="utf-8") for path in known)
    assert "The export holds no counter, only what rules recorded." in first
    assert "30 minutes of vllm-http-availability, which is shorter than every window" in review


@pytest.mark.parametrize(*PARTS)
def test_a_notebook_renders_for_jupyter_with_its_charts(
    desk: Desk, notebook: Path, tmp_path: Path
) -> None:
    """What viewers of repositories show: cells with outputs, and no error among them."""
    nbformat = pytest.importorskip("nbformat", reason="marimo needs nbformat to write .ipynb")
    copied = shutil.copy(notebook, tmp_path)  # marimo writes beside the notebook
    target = tmp_path / f"{notebook.stem}.ipynb"
    words = ("export", "ipynb", copied, "-o", target, "--include-outputs")
    places = {
        "PYTHONPATH": str(Path(nbformat.__file__).parents[1]),
        "RTOBS_SLO_DIR": str(ROOT / "slo"),
    }
    done = desk.run("-m", "marimo", *words, **places)
    assert done.returncode == 0, done.stderr
    cells = json.loads(target.read_text(encoding="utf-8"))["cells"]
    outputs = [output for cell in cells for output in cell.get("outputs", ())]
    assert [output for output in outputs if output["output_type"] == "error"] == []
    shown = ["".join(output.get("data", {}).get("text/html", "")) for output in outputs]
    assert sum(text.count("<svg ") for text in shown) >= CHARTS[notebook.stem]
