"""Which SLOs a verb is about: the options that say so, and what they choose."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path

from rtobs.conventions import Domain
from rtobs.errors import ConfigurationError
from rtobs.model.slo import ResolvedService, ResolvedSlo
from rtobs.slo.fleet import no_such_service, no_such_slo

__all__ = ["add_domain", "add_incidents", "add_slos", "chosen", "chosen_services"]


def add_slos(parser: ArgumentParser) -> None:
    """Add `--slo`: a list of ids, empty for all SLOs."""
    parser.add_argument(
        "--slo",
        metavar="ID",
        nargs="+",
        action="extend",
        default=[],
        help="only these SLOs (default: all)",
    )


def add_incidents(parser: ArgumentParser) -> None:
    """Add `--incidents`: a path, or None."""
    parser.add_argument(
        "--incidents",
        metavar="FILE",
        type=Path,
        help="known incidents, .csv or .json; for SLOs that it does not name, and without it for"
        " all, incidents are stretches that spend 2%% of a budget",
    )


def add_domain(parser: ArgumentParser) -> None:
    """Add `--domain`: the text of a domain, or None for all of them."""
    domains = [str(domain) for domain in Domain]  # argparse shows members as Python writes them
    parser.add_argument("--domain", choices=domains, help="only services of this domain")


def chosen(slos: Sequence[ResolvedSlo], wanted: Sequence[str]) -> list[ResolvedSlo]:
    """The SLOs that are named, each once in the order of the names; all of them without names.

    Raises:
        ConfigurationError: there is no such SLO; says which are called alike.
    """
    by_id = {slo.slo_id: slo for slo in slos}
    for name in wanted:
        if name not in by_id:
            raise ConfigurationError(no_such_slo(name, by_id))
    return [by_id[name] for name in dict.fromkeys(wanted)] or list(slos)


def chosen_services(
    services: Sequence[ResolvedService], domain: str | None, name: str
) -> list[ResolvedService]:
    """The services of a domain, None for all of them, or of these the one that is named.

    Raises:
        ConfigurationError: there is no such service, or it is in another domain.
    """
    by_name = {service.name: service for service in services}
    if name and name not in by_name:
        raise ConfigurationError(no_such_service(name, by_name))
    if name and domain not in (None, by_name[name].domain):
        there = by_name[name].domain
        raise ConfigurationError(f'the service "{name}" is in domain {there}, not in {domain}')
    return [one for one in services if name in ("", one.name) and domain in (None, one.domain)]
