"""Rendered manifests, for the checks beside this file."""

import yaml


def at(tree, *path):
    """The value at a path, or None where the path ends early."""
    for key in path:
        tree = tree.get(key) if isinstance(tree, dict) else None
    return tree


def read(path):
    """The documents of a file, by kind and name."""
    found = {}
    for document in yaml.safe_load_all(path.read_text()):
        if document is None:
            continue
        key = document["kind"], document["metadata"]["name"]
        if key in found:
            raise SystemExit(f"error: {path} has two of {key}")
        found[key] = document
    return found


def of_kind(documents, kind):
    return [document for (its, _), document in documents.items() if its == kind]
