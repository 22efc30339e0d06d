"""Definitions of a made-up fleet: any number of services with four SLOs of four kinds each."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from rtobs.conventions import API_VERSION, Domain
from rtobs.documents import write_yaml

__all__ = ["SLOS_A_SERVICE", "write_definitions"]

SLOS_A_SERVICE: Final = 4
_COMPONENT: Final = "synthetic-service"
_SHARES: Final = (  # tier, severity, long, short, share of the budget, keepFiringFor
    ("fast", "critical", "1h", "5m", "2%", "10m"),
    ("slow", "critical", "6h", "30m", "5%", "10m"),
    ("ticket", "warning", "1d", "2h", "10%", "30m"),
    ("trickle", "warning", "3d", "6h", "10%", "30m"),
)


def write_definitions(folder: Path, services: int) -> None:
    """Write a whole `slo/`: policy, a catalogue entry of our own, and a file for each service."""
    domains = tuple(Domain)
    _write(folder / "policy.yaml", _policy())
    _write(folder / "catalogue" / f"{_COMPONENT}.yaml", _component())
    for index in range(services):
        domain = domains[index % len(domains)]
        name = f"service-{index:04}"
        _write(folder / domain / f"{name}.yaml", _definition(name, domain))


def _write(path: Path, document: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(write_yaml({"apiVersion": API_VERSION, **document}), encoding="utf-8")


def _policy() -> dict[str, Any]:
    tiers = [
        {
            "name": name,
            "severity": severity,
            "long": long,
            "short": short,
            "budgetShare": {"30d": share},
            "keepFiringFor": keep,
        }
        for name, severity, long, short, share, keep in _SHARES
    ]
    return {
        "kind": "AlertPolicies",
        "default": "default",
        "policies": {"default": {"tiers": tiers}},
    }


def _component() -> dict[str, Any]:
    metrics = {
        "http_requests_total": {
            "type": "counter",
            "unit": "requests",
            "meaning": "Requests that were answered, by status code.",
            "labels": {"status": ["200", "404", "500", "503"], "handler": "free"},
        },
        "http_request_duration_seconds": {
            "type": "histogram",
            "unit": "seconds",
            "meaning": "Time from the request to its answer.",
            "labels": {"handler": "free"},
            "buckets": ["0.1", "0.25", "0.5", "1.0", "2.5", "5.0"],
        },
        "cache_usage_ratio": {
            "type": "gauge",
            "unit": "ratio",
            "meaning": "Share of the cache that is in use.",
            "labels": {"pool": "free"},
        },
    }
    return {
        "kind": "Component",
        "component": _COMPONENT,
        "domain": "data",
        "title": "Service that stands for others",
        "metrics": metrics,
        "causes": [_cause()],
    }


def _cause() -> dict[str, Any]:
    full = 'cache_usage_ratio{job="runtime/shop",pool="a"}'
    return {
        "name": "SyntheticCacheFull",
        "expr": "max by (job, pool) (cache_usage_ratio) > 0.99",
        "for": "10m",
        "severity": "warning",
        "summary": "A cache has been full for ten minutes.",
        "impact": "Everything that is new pushes out something that is in use.",
        "action": "Give the cache more memory, or find out what fills it.",
        "proof": {
            "fires": {full: "1+0x20"},
            "silent": {full: "0.9+0x20"},
            "after": "15m",
            "labels": {"job": "runtime/shop", "pool": "a"},
        },
    }


def _definition(name: str, domain: Domain) -> dict[str, Any]:
    return {
        "kind": "ServiceLevelObjectives",
        "service": name,
        "component": _COMPONENT,
        "domain": str(domain),
        "select": {"job": f"runtime/{name}"},
        "owner": f"{domain}-team",
        "slos": _slos(name),
    }


def _slos(service: str) -> list[dict[str, Any]]:
    bad = {"metric": "http_requests_total", "bad": {"status": "=~5.."}}
    slow = {
        "histogram": "http_request_duration_seconds",
        "threshold": "500ms",
        "select": {"handler": "!=/healthz"},
    }
    full = {"expr": "max by (pool) (cache_usage_ratio)", "goodWhen": "<= 0.95"}
    return [
        {
            "name": "availability",
            "description": "Requests are answered and do not fail on our side.",
            "sli": {"events": bad},
            "objective": "99.9%",
        },
        {
            "name": "latency",
            "description": "Requests get their answer within half a second.",
            "sli": {"latency": slow},
            "objective": "99%",
        },
        {
            "name": "headroom",
            "description": "Each cache has room for what comes next.",
            "sli": {"timeslice": full},
            "groupBy": ["pool"],
            "objective": "99%",
        },
        {
            "name": "up",
            "description": "The service answers when it is asked from outside.",
            "sli": {"probe": {"target": service}},
            "missingData": "bad",
            "presence": "required",
            "objective": "99.5%",
        },
    ]
