"""What no schema sees: whether the parts of the deployment fit one another and the service's own settings."""

import argparse
import pathlib
import re
import subprocess
import sys
from urllib.parse import urlsplit

import yaml
from documents import at

# What each container of the service must say, in Kubernetes: where it stands in the pod, and what stands there.
POD = {
    ("automountServiceAccountToken",): False,
    ("enableServiceLinks",): False,
    ("securityContext", "runAsNonRoot"): True,
    ("securityContext", "fsGroup"): 65532,
    ("securityContext", "seccompProfile", "type"): "RuntimeDefault",
}
CONTAINER = {
    ("securityContext", "allowPrivilegeEscalation"): False,
    ("securityContext", "readOnlyRootFilesystem"): True,
    ("securityContext", "capabilities", "drop"): ["ALL"],
}
# … and in Compose.
COMPOSE = {
    ("read_only",): True,
    ("cap_drop",): ["ALL"],
    ("security_opt",): ["no-new-privileges:true"],
}
IMAGE, SIMULATOR = "salesforce-transformer", "salesforce-simulator"
LOOPBACK = re.compile(r"127\.|localhost:|\[::1\]:")
# What a store may do that is full: nothing of it may make it forget a lease, unless the lease ends soon.
EVICTION = re.compile(r"--maxmemory-policy (noeviction|volatile-\w+)\b")
UNITS = {"s": 1, "m": 60, "h": 3600}
# Settings that one destination may have of its own, its id behind the name; `_FILE` stands before or behind the id.
OF_ONE = re.compile(r"(SALESFORCE_(?:AUTH|LOGIN_URL|CLIENT_ID|CLIENT_SECRET|JWT_KEY|JWT_SUBJECT))(_FILE)?(?:_\w+?)?(_FILE)?")


def seconds(text):
    """A duration such as 75s or 5m in seconds."""
    number, unit = re.fullmatch(r"(\d+)([smh])", text).groups()
    return int(number) * UNITS[unit]


def of_all(name):
    """The setting of all destinations that a variable is, or is one destination's own of."""
    found = OF_ONE.fullmatch(name)
    return found[1] + (found[2] or found[3] or "") if found else name


class Settings:
    """The settings of a binary, by the name of their variable, each with its default."""

    def __init__(self, binary):
        text = subprocess.run([binary, "--help"], check=True, capture_output=True, text=True, env={}).stdout
        self.version = subprocess.run([binary, "--version"], check=True, capture_output=True, text=True).stdout.split()[-1]
        found = re.findall(r"\[env: (\w+)=?\](?:\s*\[default: ([^\]]*)\])?", text)
        self.defaults = dict(found)
        if "SHUTDOWN_TIMEOUT" not in self.defaults:
            sys.exit(f"{binary} --help does not list the settings")

    def unknown(self, names):
        return sorted(name for name in names if of_all(name) not in self.defaults)

    def secret(self, names):
        return sorted(name for name in names if re.search(r"_(SECRET|PASSWORD|TOKEN|STATE_KEY)$", of_all(name)))

    def time_to_stop(self, environment):
        """How long the service may take to stop: every SHUTDOWN_… setting comes after the other."""
        stops = {name: default for name, default in self.defaults.items() if name.startswith("SHUTDOWN_")}
        return sum(seconds(environment.get(name, default)) for name, default in stops.items())


def admin(environment, mounted):
    """Yields what does not fit of the admin address; `mounted` are the paths that are mounted."""
    listen, token = environment.get("ADMIN_LISTEN"), environment.get("ADMIN_TOKEN_FILE")
    if listen and not LOOPBACK.match(listen) and not token:
        yield f"ADMIN_LISTEN={listen} is not loopback, which needs ADMIN_TOKEN_FILE"
    if token and not any(token == path or token.startswith(f"{path}/") for path in mounted):
        yield f"ADMIN_TOKEN_FILE={token} is not mounted"


def wrong_values(what, tree, expected):
    for path, value in expected.items():
        if at(tree, *path) != value:
            yield f"{what}: {'.'.join(path)} must be {value}, not {at(tree, *path)}"


def kubernetes(documents, settings):
    """Yields what does not fit in the rendered manifests."""
    kinds, others = {}, []
    for document in documents:
        if at(document, "metadata", "labels", "app.kubernetes.io/name") == IMAGE:
            kinds.setdefault(document["kind"], []).append(document)
        else:
            others.append(document)
    for kind in ("Deployment", "Service", "ServiceAccount", "ConfigMap", "HorizontalPodAutoscaler", "PodDisruptionBudget", "NetworkPolicy"):
        if len(kinds.get(kind, [])) != 1:
            yield f"there must be one {kind}, not {len(kinds.get(kind, []))}"
            return
    one = {kind: found[0] for kind, found in kinds.items()}
    name = at(one["Deployment"], "metadata", "name")
    template = at(one["Deployment"], "spec", "template")
    pod, labels = template["spec"], at(template, "metadata", "labels")
    container = pod["containers"][0]
    environment = one["ConfigMap"].get("data", {})

    yield from wrong_values("the pod", pod, POD)
    yield from wrong_values("the container", container, CONTAINER)
    yield from selectors(one, pod, labels)
    yield from ports(one, container)
    yield from resources(container)
    for monitor in kinds.get("PodMonitor", []):
        yield from monitored(monitor, template)

    if at(one["HorizontalPodAutoscaler"], "spec", "scaleTargetRef", "name") != name:
        yield "HorizontalPodAutoscaler: scaleTargetRef does not name the Deployment"
    if "replicas" in one["Deployment"]["spec"]:
        yield "Deployment: replicas would undo the HorizontalPodAutoscaler at each apply"
    if pod.get("serviceAccountName") != at(one["ServiceAccount"], "metadata", "name"):
        yield "Deployment: serviceAccountName is not the ServiceAccount"
    configs = [at(source, "configMapRef", "name") for source in container.get("envFrom", [])]
    if at(one["ConfigMap"], "metadata", "name") not in configs:
        yield "Deployment: envFrom does not name the ConfigMap"
    for setting in settings.unknown(environment):
        yield f"ConfigMap: the service has no setting {setting}"
    for setting in settings.secret(environment):
        yield f"ConfigMap: {setting} belongs in the Secret"
    mounted = [mount["mountPath"] for mount in container.get("volumeMounts", [])]
    yield from (f"ConfigMap: {line}" for line in admin(environment, mounted))
    grace, needed = pod.get("terminationGracePeriodSeconds", 30), settings.time_to_stop(environment)
    if grace <= needed:
        yield f"Deployment: terminationGracePeriodSeconds is {grace}, and stopping may take {needed} s"
    yield from shared_state(environment.get("SHARED_STATE_URL"), one["NetworkPolicy"], labels, others)


def shared_state(url, policy, labels, others):
    """The store that is rendered along must be the one that the setting names, reached by the service, and by nobody else."""
    if url and "@" in url:
        yield "ConfigMap: SHARED_STATE_URL with a login belongs in the Secret"
    if not others:
        return
    if sorted(document["kind"] for document in others) != ["Deployment", "NetworkPolicy", "Service"]:
        yield "the store must be one Deployment, one Service and one NetworkPolicy"
        return
    store = {document["kind"]: document for document in others}
    pod, pods = (at(store["Deployment"], "spec", "template", *path) for path in [("spec",), ("metadata", "labels")])
    container = pod["containers"][0]
    named = {port["name"]: port["containerPort"] for port in container["ports"]}
    service = at(store["Service"], "spec", "ports")[0]

    yield from wrong_values("the store's pod", pod, {path: value for path, value in POD.items() if path[-1] != "fsGroup"})
    yield from wrong_values("the store's container", container, CONTAINER)
    if not EVICTION.search(" ".join(container["args"])):
        yield "the store: its --maxmemory-policy must be noeviction or volatile-…"
    address = f"redis://{at(store['Service'], 'metadata', 'name')}:{service['port']}"
    if url != address:
        yield f"ConfigMap: SHARED_STATE_URL is {url}, and the store is {address}"
    selectors_of = {
        "Deployment": at(store["Deployment"], "spec", "selector", "matchLabels"),
        "Service": at(store["Service"], "spec", "selector"),
        "NetworkPolicy": at(store["NetworkPolicy"], "spec", "podSelector", "matchLabels"),
    }
    for what, selector in selectors_of.items():
        if not selector or not selector.items() <= pods.items():
            yield f"the store's {what}: its selector {selector} does not mean its pods, which are {pods}"
    asked = [service["targetPort"], *(port["port"] for rule in at(store["NetworkPolicy"], "spec", "ingress") for port in rule["ports"])]
    for port in asked:
        if port not in named:
            yield f"the store: its container has no port {port}"
    out = [(peer, port["port"]) for rule in policy["spec"]["egress"] for peer in rule.get("to", []) for port in rule["ports"]]
    if not any(means(peer, pods) and port == named.get(service["targetPort"]) for peer, port in out):
        yield "NetworkPolicy: the service does not reach the store"
    for peer in (peer for rule in at(store["NetworkPolicy"], "spec", "ingress") for peer in rule.get("from", [{}])):
        if not means(peer, labels):
            yield f"the store's NetworkPolicy: {peer} is not the service"


def means(peer, labels):
    """Whether a peer of a policy is pods with these labels in the same namespace."""
    selector = at(peer, "podSelector", "matchLabels")
    return bool(selector) and selector.items() <= labels.items() and "namespaceSelector" not in peer


def selectors(one, pod, labels):
    """Each selector must be there and mean the pods; of the policy's peers, none may be the pods themselves."""
    found = {
        "Deployment": at(one["Deployment"], "spec", "selector", "matchLabels"),
        "Service": at(one["Service"], "spec", "selector"),
        "PodDisruptionBudget": at(one["PodDisruptionBudget"], "spec", "selector", "matchLabels"),
        "NetworkPolicy": at(one["NetworkPolicy"], "spec", "podSelector", "matchLabels"),
    }
    for index, spread in enumerate(pod.get("topologySpreadConstraints", [])):
        found[f"topologySpreadConstraints[{index}]"] = at(spread, "labelSelector", "matchLabels")
    for what, selector in found.items():
        if not selector or not selector.items() <= labels.items():
            yield f"{what}: its selector {selector} does not mean the pods, which are {labels}"
    spec = one["NetworkPolicy"]["spec"]
    if sorted(spec.get("policyTypes", [])) != ["Egress", "Ingress"]:
        yield "NetworkPolicy: policyTypes must name Ingress and Egress"
    peers = [peer for rule in spec.get("ingress", []) for peer in rule.get("from", [])]
    peers += [peer for rule in spec.get("egress", []) for peer in rule.get("to", [])]
    for peer in peers:
        selector = at(peer, "podSelector", "matchLabels")
        if selector and selector.items() <= labels.items():
            yield f"NetworkPolicy: the peer {selector} is the service itself"


def ports(one, container):
    """What is asked for by name must be a port of the container; each probe must be there."""
    named = {port["name"] for port in container["ports"]}
    asked = {f"Service {port['name']}": port["targetPort"] for port in one["Service"]["spec"]["ports"]}
    for rule in one["NetworkPolicy"]["spec"].get("ingress", []):
        asked.update({"NetworkPolicy": port["port"] for port in rule["ports"]})
    for probe, path in [("startupProbe", "/health"), ("livenessProbe", "/health"), ("readinessProbe", "/ready")]:
        asked[probe] = at(container, probe, "httpGet", "port")
        if at(container, probe, "httpGet", "path") != path:
            yield f"{probe}: it must ask {path}"
    for what, port in asked.items():
        if port not in named:
            yield f"{what}: the container has no port {port}"


def monitored(monitor, template):
    """What the Prometheus Operator is to scrape must be there, and scraped by it alone."""
    selector = at(monitor, "spec", "selector", "matchLabels")
    if not selector or not selector.items() <= at(template, "metadata", "labels").items():
        yield f"PodMonitor: its selector {selector} does not mean the pods"
    named = {port["name"] for port in template["spec"]["containers"][0]["ports"]}
    for endpoint in at(monitor, "spec", "podMetricsEndpoints"):
        if endpoint["port"] not in named:
            yield f"PodMonitor: the container has no port {endpoint['port']}"
    if "prometheus.io/scrape" in (at(template, "metadata", "annotations") or {}):
        yield "Deployment: its annotations have it scraped a second time"


def resources(container):
    for path in [("requests", "cpu"), ("requests", "memory"), ("limits", "memory")]:
        if at(container, "resources", *path) is None:
            yield f"the container: resources.{'.'.join(path)} is missing"


def compose(stack, folder, settings):
    """Yields what does not fit in the Compose file."""
    services = stack["services"]
    ours = {name: service for name, service in services.items() if service["image"] in (IMAGE, SIMULATOR)}
    for name, service in services.items():
        for needed in service.get("depends_on", {}):
            if needed not in services:
                yield f"{name}: depends_on names {needed}, which is not there"
        for setting, value in service.get("environment", {}).items():
            host = urlsplit(value).hostname if value.startswith(("http://", "redis://")) else None
            if host and host not in services:
                yield f"{name}: {setting} is at {host}, which is not there"
        for volume in service.get("volumes", []):
            if not (folder / volume.split(":")[0]).is_file():
                yield f"{name}: {volume} mounts what is not there"
    for name, service in ours.items():
        yield from wrong_values(name, service, COMPOSE)
    service = services[IMAGE]
    for setting in settings.unknown(service["environment"]):
        yield f"{IMAGE}: the service has no setting {setting}"
    mounted = [volume.split(":")[1] for volume in service.get("volumes", [])]
    yield from (f"{IMAGE}: {line}" for line in admin(service["environment"], mounted))
    # Each replica is published at a port of its own.
    replicas = at(service, "deploy", "replicas") or 1
    for published in service.get("ports", []):
        first, _, last = published.split(":")[-2].partition("-")
        if int(last or first) - int(first) + 1 != replicas:
            yield f"{IMAGE}: {published} are not the ports of {replicas} replicas"
    if replicas > 1 and "SHARED_STATE_URL" not in service["environment"]:
        yield f"{IMAGE}: its replicas share no state"
    grace, needed = seconds(service["stop_grace_period"]), settings.time_to_stop(service["environment"])
    if grace <= needed:
        yield f"{IMAGE}: stop_grace_period is {grace} s, and stopping may take {needed} s"


def versions(deploy, settings):
    """Yields each place of the chart that names another version than the binary."""
    for file, key in [("helm/Chart.yaml", "version"), ("helm/Chart.yaml", "appVersion"), ("kubernetes/rudderstack-helm/plugin.yaml", "version")]:
        named = yaml.safe_load((deploy / file).read_text())[key]
        if named != settings.version:
            yield f"{file}: {key} is {named}, and the service's is {settings.version}"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for flag in ("--binary", "--compose"):
        parser.add_argument(flag, required=True, type=pathlib.Path)
    parser.add_argument("--kubernetes", required=True, nargs="+", type=pathlib.Path, metavar="RENDERED")
    options = parser.parse_args()
    settings = Settings(options.binary)
    stack = yaml.safe_load(options.compose.read_text())
    wrong = [*compose(stack, options.compose.parent, settings), *versions(options.compose.parent, settings)]
    for rendered in options.kubernetes:
        documents = list(yaml.safe_load_all(rendered.read_text()))
        wrong += [f"{rendered.stem}: {line}" for line in kubernetes(documents, settings)]
    for line in wrong:
        print(f"error: {line}", file=sys.stderr)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
