"""A notebook as one static HTML file: its texts, charts and tables, without scripts.

    python -m rtobs.analytics.notebook.page notebooks/slo_review.py --out rendered

marimo's own export loads its parts from a network; this page opens from a disk or a mail. Widgets
are left out, their defaults hold. Arguments of the notebook come from the environment, such as
RTOBS_EXPORT.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections.abc import Iterable, Sequence
from html import escape
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any, Final

from rtobs.analytics.charts.look import CALM_TEXT, FONT, GRID, INK, MUTED, PAPER
from rtobs.analytics.notebook.showing import Figure, Table
from rtobs.errors import ExportError

__all__ = ["main", "static_page"]

_WIDGET: Final = "<marimo-"
_STYLE: Final = f"""
:root {{ color-scheme: light; }}
body {{ margin: 0 auto; max-width: 60rem; padding: 2rem 1.2rem 4rem; background: {PAPER};
  color: {INK}; font: 16px/1.6 {FONT}; }}
h1 {{ font-size: 2rem; line-height: 1.2; margin: 0 0 1rem; }}
h2 {{ font-size: 1.35rem; line-height: 1.3; margin: 2.6rem 0 .6rem; }}
h3 {{ font-size: 1.1rem; margin: 1.8rem 0 .4rem; }}
p, li {{ max-width: 46rem; }}
a {{ color: {CALM_TEXT}; }}
code {{ background: #f3f5f7; border-radius: 4px; padding: .1em .3em; font-size: .9em; }}
pre {{ background: #f3f5f7; border-radius: 8px; padding: .8em 1em; overflow-x: auto; }}
pre code {{ background: none; padding: 0; }}
.markdown table {{ border-collapse: collapse; font-size: .95em; }}
.markdown th, .markdown td {{ border-bottom: 1px solid {GRID}; padding: .35em .9em .35em 0;
  text-align: left; vertical-align: top; }}
.markdown th {{ color: {MUTED}; }}
.paragraph {{ display: block; margin: 1em 0; }}
"""


def static_page(path: Path) -> str:
    """Run a notebook and give its outputs as a page.

    Args:
        path: the notebook.

    Raises:
        ExportError: the file is no marimo notebook.
    """
    app = _app(path)
    outputs, _ = app.run()
    body = "\n".join(_shown(outputs))
    title = app._config.app_title or path.stem.replace("_", " ")  # noqa: SLF001  # no other way
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n"
        f"{body}\n</main>\n</body>\n</html>\n"
    )


def _app(path: Path) -> Any:  # noqa: ANN401  # marimo has no public type for it
    spec = spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ExportError(f"{path} is no Python file")
    module = module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    app = getattr(module, "app", None)
    if app is None:
        raise ExportError(f"{path} is no marimo notebook")
    return app


def _shown(outputs: Iterable[object]) -> Iterable[str]:
    for output in outputs:
        if isinstance(output, Figure | Table):
            yield output.html
        elif isinstance(text := getattr(output, "text", None), str) and _WIDGET not in text:
            yield f"<div>{text}</div>"


def main(arguments: Sequence[str] | None = None) -> None:
    """Render notebooks into a folder."""
    parser = ArgumentParser(prog="python -m rtobs.analytics.notebook.page", description=__doc__)
    parser.add_argument("notebooks", nargs="+", type=Path)
    parser.add_argument("--out", type=Path, required=True, help="folder of the pages")
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    for notebook in options.notebooks:
        page = static_page(notebook)
        (options.out / f"{notebook.stem}.html").write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
