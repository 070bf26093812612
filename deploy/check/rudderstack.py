"""Whether this service and RudderStack's own chart find one another: `rudderstack.py OURS CHART`, both rendered.

What rudder-server is started with, whom the NetworkPolicy means, and where the upstream is.
"""

import pathlib
import sys
from urllib.parse import urlsplit

from documents import at, of_kind, read

PROXY = [f"RSERVER_ROUTER_{name}_TRANSFORMER_PROXY" for name in ("SALESFORCE", "SALESFORCE_OAUTH", "SALESFORCE_OAUTH_SANDBOX")]


def environments(chart):
    """What each container of rudder-server is started with. Of several with one name the last one
    counts; the addresses of the transformer are all named, because not everything that applies manifests keeps the order."""
    for workload in of_kind(chart, "StatefulSet") + of_kind(chart, "Deployment"):
        for container in at(workload, "spec", "template", "spec", "containers"):
            variables = [(variable["name"], variable.get("value")) for variable in container.get("env", [])]
            urls = {value for name, value in variables if name == "DEST_TRANSFORM_URL"}
            if urls:
                yield workload, dict(variables), urls


def is_service(documents, url):
    """Whether an address is that of a Service."""
    address = urlsplit(url or "")
    service = documents.get(("Service", address.hostname))
    return service is not None and address.port in [port["port"] for port in service["spec"]["ports"]]


def means(rules, side, labels):
    """Whether a rule means pods in the same namespace with these labels."""
    peers = [peer for rule in rules for peer in rule.get(side, [])]
    selectors = [at(peer, "podSelector", "matchLabels") for peer in peers if "namespaceSelector" not in peer]
    return any(selector and selector.items() <= labels.items() for selector in selectors)


def wrong(ours, chart):
    """Yields what does not fit."""
    (policy,) = of_kind(ours, "NetworkPolicy")
    (settings,) = of_kind(ours, "ConfigMap")
    servers = list(environments(chart))
    if not servers:
        yield "the chart sets no DEST_TRANSFORM_URL"
    for server, environment, urls in servers:
        for url in urls:
            if not is_service(ours, url):
                yield f"rudder-server: DEST_TRANSFORM_URL is {url}, which is not this service"
        for name in PROXY:
            if environment.get(name) != "true":
                yield f"rudder-server: {name} is {environment.get(name)}, not true"
        labels = at(server, "spec", "template", "metadata", "labels")
        if not means(policy["spec"]["ingress"], "from", labels):
            yield f"NetworkPolicy: it does not let in rudder-server, whose labels are {labels}"
    upstream = at(settings, "data", "UPSTREAM_URL")
    if not is_service(chart, upstream):
        yield f"UPSTREAM_URL is {upstream}, which is no Service of the chart"
        return
    selector = at(chart["Service", urlsplit(upstream).hostname], "spec", "selector")
    if not means(policy["spec"]["egress"], "to", selector):
        yield f"NetworkPolicy: it does not reach the transformer, whose labels are {selector}"


def main():
    lines = list(wrong(*(read(pathlib.Path(path)) for path in sys.argv[1:])))
    for line in lines:
        print(f"error: {line}", file=sys.stderr)
    sys.exit(1 if lines else 0)


if __name__ == "__main__":
    main()
