"""Where the SLOs run: one environment of `slo/site.yaml`."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rtobs.model.selector import Matcher

__all__ = ["Datasources", "DeployedComponent", "Site"]


@dataclass(frozen=True, slots=True)
class Datasources:
    """Uids of the Grafana data sources that dashboards start with."""

    prometheus: str = "prometheus"
    loki: str = "loki"
    tempo: str = "tempo"


@dataclass(frozen=True, slots=True)
class DeployedComponent:
    """How one component is deployed here, where that differs from its catalogue entry.

    Attributes:
        version: deployed version, "" when unknown.
        prefix: put before every metric name of the component.
        select: matchers merged into every selector of the component (job, cluster).
        buckets: by metric, the deployed bucket bounds as wire text.
    """

    version: str = ""
    prefix: str = ""
    select: tuple[Matcher, ...] = ()
    buckets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Site:
    """One environment.

    Attributes:
        name: dev, prod.
        grafana_url: base URL of Grafana without a trailing slash, "" for links without host.
        runbook_url: base URL under which `docs/runbooks/` is published.
        datasources: uids in Grafana.
        probe_metric: series that a prober writes, 1 for success.
        probe_label: label of that series that names the probed target.
        select: matchers merged into every selector of every component.
        components: by catalogue key.
        objectives: by slo_id, the objective that holds here.
    """

    name: str = "default"
    grafana_url: str = ""
    runbook_url: str = "docs/runbooks"
    datasources: Datasources = Datasources()
    probe_metric: str = "probe_success"
    probe_label: str = "probe"
    select: tuple[Matcher, ...] = ()
    components: Mapping[str, DeployedComponent] = field(default_factory=dict)
    objectives: Mapping[str, Decimal] = field(default_factory=dict)

    def runbook(self, page: str) -> str:
        """Where a runbook page is found: a web address, or a path of the repository."""
        return f"{self.runbook_url.rstrip('/')}/{page}.md"

    def dashboard(self, uid: str, variables: str = "") -> str:
        """Address of a dashboard; without a Grafana URL it is relative to Grafana's root."""
        return f"{self.grafana_url}/d/{uid}{'?' if variables else ''}{variables}"
