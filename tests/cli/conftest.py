"""A small folder of definitions in a directory of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

POLICY: Final = """\
apiVersion: rtobs/v1
kind: AlertPolicies
default: default
policies:
  default:
    tiers:
      - name: fast
        severity: critical
        long: 1h
        short: 5m
        budgetShare: {30d: 2%}
        keepFiringFor: 10m
      - name: ticket
        severity: warning
        long: 1d
        short: 2h
        budgetShare: {30d: 10%}
        keepFiringFor: 30m
"""
SITE: Final = """\
apiVersion: rtobs/v1
kind: Site
default: prod
environments:
  prod: {grafanaUrl: https://grafana.example}
  dev: {objectives: {shop-orders: 90%}}
"""
SHOP_COMPONENT: Final = """\
apiVersion: rtobs/v1
kind: Component
component: shop
domain: data
title: The shop
source: the team
metrics:
  orders_total:
    type: counter
    unit: orders
    meaning: Orders that were taken, by status.
    labels: {status: [ok, failed]}
causes:
  - name: ShopIdle
    expr: sum(rate(orders_total[5m])) == 0
    for: 10m
    severity: warning
    summary: Nobody has ordered for a while.
    impact: Nobody sees anything, which is odd.
    action: Look whether the shop window is dark.
    proof:
      fires: {'orders_total{status="ok"}': 0x30}
      silent: {'orders_total{status="ok"}': 0+9x30}
      after: 25m
"""
EDGE_COMPONENT: Final = """\
apiVersion: rtobs/v1
kind: Component
component: edge
domain: network
title: The front door
source: the team
"""
SHOP: Final = """\
apiVersion: rtobs/v1
kind: ServiceLevelObjectives
service: shop
owner: shop-team
slos:
  - name: up
    description: The shop opens when it is asked from outside.
    sli: {probe: {target: shop}}
    presence: required
    objective: 99.5%
  - name: orders
    description: Customers get what they order.
    sli:
      events:
        metric: orders_total
        bad: {status: failed}
    objective: 99.9%
    reason: One order in a thousand is what the competition loses.
"""
EDGE: Final = """\
apiVersion: rtobs/v1
kind: ServiceLevelObjectives
service: edge
owner: network-team
slos:
  - name: up
    description: The front door answers a request from outside.
    sli: {probe: {target: edge}}
    presence: required
    objective: 99%
"""
FILES: Final = {
    "slo/policy.yaml": POLICY,
    "slo/site.yaml": SITE,
    "slo/catalogue/shop.yaml": SHOP_COMPONENT,
    "slo/catalogue/edge.yaml": EDGE_COMPONENT,
    "slo/data/shop.yaml": SHOP,
    "slo/network/edge.yaml": EDGE,
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory of a team with two services."""
    monkeypatch.chdir(tmp_path)
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path
