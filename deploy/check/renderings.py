"""Whether kustomize and Helm render the same: `renderings.py KUSTOMIZED HELMED`. What only one of them can have is left out."""

import pathlib
import re
import sys

from documents import read

# Labels and an annotation that tell of the release.
OF_THE_RELEASE = {
    "app.kubernetes.io/instance",
    "app.kubernetes.io/version",
    "app.kubernetes.io/managed-by",
    "helm.sh/chart",
    "checksum/settings",
}
# kustomize names a ConfigMap after what is in it.
HASH = re.compile(r"^(salesforce-transformer)-[a-z0-9]{10}$")


def plain(tree):
    """A tree without what only one of the two can have."""
    if isinstance(tree, list):
        return [plain(item) for item in tree]
    if isinstance(tree, str):
        return HASH.sub(r"\1", tree)
    if not isinstance(tree, dict):
        return tree
    tree = {key: plain(value) for key, value in tree.items() if key not in OF_THE_RELEASE}
    if "image" in tree:
        # The chart names its own version, and says what Kubernetes takes for a version anyway.
        tree["image"] = tree["image"].split(":")[0]
        if tree.get("imagePullPolicy") == "IfNotPresent":
            del tree["imagePullPolicy"]
    return {key: value for key, value in tree.items() if not (key == "annotations" and value == {})}


def differences(path, left, right):
    if isinstance(left, dict) and isinstance(right, dict):
        for key in sorted(left.keys() | right.keys()):
            yield from differences(f"{path}.{key}", left.get(key), right.get(key))
    elif isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
        for index, (one, other) in enumerate(zip(left, right)):
            yield from differences(f"{path}[{index}]", one, other)
    elif left != right:
        yield f"{path}: kustomize has {left}, Helm has {right}"


def main():
    kustomized, helmed = (read(pathlib.Path(path)) for path in sys.argv[1:])
    by_name = [{(kind, HASH.sub(r"\1", name)): plain(document) for (kind, name), document in documents.items()} for documents in (kustomized, helmed)]
    left, right = by_name
    wrong = [line for key in sorted(left.keys() | right.keys()) for line in differences("/".join(key), left.get(key), right.get(key))]
    for line in wrong:
        print(f"error: {line}", file=sys.stderr)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
