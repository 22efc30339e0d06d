"""Writes constraints.txt: exact versions and hashes of everything that the environment holds.

The resolver is `uv`, installed for this run only. No address of an index is written, so the lock
works with whatever index a machine is set up to use.

    python tools/lock.py            the newest versions that pyproject.toml allows
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
LOCK: Final = ROOT / "constraints.txt"
OLDEST_PYTHON: Final = "3.11"
EXTRAS: Final = ("all",)
GROUPS: Final = ("dev", "examples")
_SECONDS: Final = 600


def main() -> int:
    """Resolve and write the lock; the exit status of the resolver."""
    with tempfile.TemporaryDirectory(prefix="rtobs-lock-") as folder:
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--target", folder, "uv"]
        subprocess.run(pip, check=True, timeout=_SECONDS)
        command = [str(Path(folder) / "bin" / "uv"), "pip", "compile", "pyproject.toml"]
        command += [word for extra in EXTRAS for word in ("--extra", extra)]
        command += [word for group in GROUPS for word in ("--group", group)]
        command += ["--universal", "--python-version", OLDEST_PYTHON, "--generate-hashes"]
        command += ["--no-emit-index-url", "--no-annotate", "--no-header", "--upgrade", "--quiet"]
        command += ["--output-file", str(LOCK)]
        return subprocess.run(command, cwd=ROOT, check=False, timeout=_SECONDS).returncode


if __name__ == "__main__":
    sys.exit(main())
