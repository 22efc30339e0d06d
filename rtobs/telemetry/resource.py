"""Who sends: the resource attributes of a process."""

from __future__ import annotations

import os
import socket
import uuid
from collections.abc import Mapping

from rtobs import conventions
from rtobs.telemetry.options import Settings

__all__ = ["instance_id", "resource_attributes"]

# The downward API gives these under whatever name the pod spec chose; these are the usual ones.
_KUBERNETES: Mapping[str, tuple[str, ...]] = {
    conventions.K8S_CLUSTER: ("K8S_CLUSTER_NAME",),
    conventions.K8S_NAMESPACE: ("K8S_NAMESPACE_NAME", "K8S_NAMESPACE", "POD_NAMESPACE"),
    conventions.K8S_NODE: ("K8S_NODE_NAME", "NODE_NAME"),
    conventions.K8S_POD: ("K8S_POD_NAME", "POD_NAME"),
    conventions.K8S_POD_UID: ("K8S_POD_UID", "POD_UID"),
    conventions.K8S_CONTAINER: ("K8S_CONTAINER_NAME",),
}


def resource_attributes(settings: Settings, environ: Mapping[str, str]) -> dict[str, str]:
    """Every resource attribute; `resource=` and `OTEL_RESOURCE_ATTRIBUTES` win over detection."""
    attributes = _kubernetes(environ) | dict(settings.resource)
    named = {
        conventions.SERVICE_NAME: settings.service,
        conventions.SERVICE_NAMESPACE: settings.namespace,
        conventions.SERVICE_VERSION: settings.version,
        conventions.DEPLOYMENT_ENVIRONMENT: settings.environment,
        conventions.RTOBS_DOMAIN: settings.domain,
    }
    attributes |= {key: value for key, value in named.items() if value is not None}
    attributes.setdefault(conventions.SERVICE_INSTANCE_ID, instance_id(attributes))
    return attributes


def instance_id(attributes: Mapping[str, str]) -> str:
    """A name for this process that no other live process has.

    In a fully described pod it is readable and the same after a restart of the container:
    namespace.pod.container.pid. Elsewhere a random part keeps two hosts of one name apart.
    """
    keys = (conventions.K8S_NAMESPACE, conventions.K8S_POD, conventions.K8S_CONTAINER)
    pid = str(os.getpid())
    if all(key in attributes for key in keys):
        return ".".join((*(attributes[key] for key in keys), pid))
    return f"{socket.gethostname()}.{pid}.{uuid.uuid4().hex[:8]}"


def _kubernetes(environ: Mapping[str, str]) -> dict[str, str]:
    found = {}
    for attribute, variables in _KUBERNETES.items():
        value = next((environ[name] for name in variables if environ.get(name)), None)
        if value is not None:
            found[attribute] = value
    return found
