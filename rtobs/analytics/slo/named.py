"""One SLO of a folder of definitions, by its id."""

from __future__ import annotations

from pathlib import Path

from rtobs.errors import ConfigurationError
from rtobs.model.slo import ResolvedSlo
from rtobs.slo.fleet import load_fleet, no_such_slo

__all__ = ["slo_named"]


def slo_named(folder: Path | str, slo_id: str, environment: str = "") -> ResolvedSlo:
    """The SLO of an id, as the rules have it: for every function that takes an SLO.

    All definitions are read and checked. For many SLOs read them once: `load_fleet(folder).slos`.

    Args:
        folder: the folder of definitions, `slo/`.
        slo_id: `<service>-<name>`, such as "vllm-http-availability".
        environment: environment of the site, "" for its default.

    Raises:
        DefinitionError: a definition is wrong, or the environment is not known.
        ConfigurationError: there is no such folder, or no definition in it has that id.
    """
    slos = {slo.slo_id: slo for slo in load_fleet(Path(folder), environment).slos}
    if slo_id not in slos:
        raise ConfigurationError(f"{folder}: {no_such_slo(slo_id, slos)}")
    return slos[slo_id]
