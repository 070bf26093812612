"""Whether each manifest fits the schemas of Kubernetes: `schemas.py VERSION,VERSION RENDERED…`.

The package's own command lets a kind pass that it has no schema for, which is what an API that is gone looks like.
"""

import pathlib
import sys

import kubernetes_validate
import yaml

# Kinds of the Prometheus Operator, which Kubernetes has no schemas of: agreement.py and promtool look at them.
OF_OTHERS = "monitoring.coreos.com/"


def wrong(document, version):
    """What does not fit, or None."""
    try:
        kubernetes_validate.validate(document, version, strict=True)
    except kubernetes_validate.ValidationError as error:
        return f"{'.'.join(map(str, error.path)) or 'it'}: {error.message}"
    except (kubernetes_validate.SchemaNotFoundError, kubernetes_validate.VersionNotSupportedError) as error:
        return error.message
    return None


def main():
    versions, files = sys.argv[1].split(","), sys.argv[2:]
    failed = False
    for document in [document for file in files for document in yaml.safe_load_all(pathlib.Path(file).read_text())]:
        if document["apiVersion"].startswith(OF_OTHERS):
            continue
        for version in versions:
            if found := wrong(document, version):
                failed = True
                print(f"error: {document['kind']} in Kubernetes {version}: {found}", file=sys.stderr)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
