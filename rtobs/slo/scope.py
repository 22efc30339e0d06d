"""What a service's selectors and expressions are put into: matchers, prefix, deployed buckets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rtobs.catalogue.facts import Component, Metric
from rtobs.model.selector import Matcher, Selector
from rtobs.model.site import DeployedComponent, Site
from rtobs.promql.rewriting import Change, one_line, rewrite
from rtobs.slo.matchers import matchers
from rtobs.slo.reading import Setting
from rtobs.slo.schema import Definition

__all__ = ["Scope", "scope_of"]


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a service's series are found.

    Attributes:
        component: what it is.
        deployed: how that is deployed here.
        site: the environment.
        select: matchers of the site, the deployment and the service, in that order.
        elsewhere: what the selectors of other components' series get, by series.
    """

    component: Component
    deployed: DeployedComponent
    site: Site
    select: tuple[Matcher, ...]
    elsewhere: Mapping[str, Change]

    def metric(self, name: str) -> Metric | None:
        """The component's metric family that has a series or family of that name."""
        found = self.component.metrics.get(name)
        return found or next((m for m in self.component.metrics.values() if name in m.series), None)

    def selector(self, name: str, *more: Matcher) -> Selector:
        """A metric of the component as it is deployed."""
        return Selector(f"{self.deployed.prefix}{name}", self.select).where(*more)

    def expression(self, text: str, group_by: Sequence[str] = ()) -> str:
        """An expression with matchers and prefix in every selector of a catalogued metric.

        Metrics of the component get the scope's matchers, those of others what the site says of
        them. Series without a group's label would be a group without a name; they are left out
        where the metric has that label.
        """
        own = {
            series: Change(self.deployed.prefix, (*self.select, *_named(metric, group_by)))
            for metric in self.component.metrics.values()
            for series in metric.series
        }
        return rewrite(one_line(text), {**self.elsewhere, **own})

    def buckets(self, metric: Metric) -> tuple[str, ...]:
        """Bucket bounds of a histogram as it is deployed here."""
        return self.deployed.buckets.get(metric.name, metric.buckets)


def _named(metric: Metric, group_by: Sequence[str]) -> tuple[Matcher, ...]:
    return tuple(Matcher(label, "!=", "") for label in group_by if metric.label(label))


def scope_of(definition: Definition, component: Component, setting: Setting) -> Scope:
    """The scope of a definition's selectors."""
    site = setting.site
    deployed = _deployed(component, site)
    select = dict.fromkeys((*site.select, *deployed.select, *matchers(definition.select)))
    elsewhere = {
        series: change
        for other in setting.catalogue.components.values()
        for series, change in _changes(other, site)
    }
    return Scope(component, deployed, site, tuple(select), elsewhere)


def _deployed(component: Component, site: Site) -> DeployedComponent:
    return site.components.get(component.key, DeployedComponent())


def _changes(component: Component, site: Site) -> Iterator[tuple[str, Change]]:
    """What the site says of every series of a component; nothing where it says nothing."""
    deployed = _deployed(component, site)
    change = Change(deployed.prefix, tuple(dict.fromkeys((*site.select, *deployed.select))))
    if change != Change():
        for metric in component.metrics.values():
            yield from ((series, change) for series in metric.series)
