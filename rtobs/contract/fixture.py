"""The pytest fixture behind `rtobs.testing`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rtobs.contract.burning import Contract, load
from rtobs.proof.runner import find_promtool

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["contract_of"]


def contract_of(root: Path) -> Callable[..., Contract]:
    """A function that loads the contract of an SLO; it skips the test without promtool.

    Args:
        root: folder that relative paths start from.
    """

    def contract(
        slo: str,
        *,
        slo_dir: str | Path = "slo",
        site: str = "",
        job: str = "",
        per_minute: int = 60,
    ) -> Contract:
        promtool = find_promtool(root=root)
        if promtool is None:
            pytest.skip("slo_contract needs promtool in PATH, or named in RTOBS_PROMTOOL")
        return load(slo, root / slo_dir, promtool, site=site, job=job, per_minute=per_minute)

    return contract
