"""What .github/workflows/release.yml asks before and after it publishes. Every answer is read from a status or a field.

    release.py may-release TAG COMMIT          may this commit be released under this tag?
    release.py digest IMAGE:VERSION            what the registry has under this name: a digest, or nothing
    release.py attestations COMMIT FOLDER      is the image of this commit? Its SBOMs and provenance to files

The last one reads what `imagetools inspect` says with the format
{"Image": {{ json .Image }}, "SBOM": {{ json .SBOM }}, "Provenance": {{ json .Provenance }}}
"""

import argparse
import base64
import json
import os
import pathlib
import re
import sys
import tomllib
import urllib.error
import urllib.parse
import urllib.request

ROOT = pathlib.Path(__file__).parents[2]
MANIFESTS = "application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.list.v2+json"
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


class Refused(Exception):
    """Why nothing is released."""


def ask(url, headers, method="GET"):
    """Status, headers and body of an answer, whatever the status. Raises where there is none."""
    request = urllib.request.Request(url, headers=headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as answer:
        return answer.code, answer.headers, answer.read()
    except OSError as error:
        raise Refused(f"{urllib.parse.urlsplit(url).netloc} cannot be reached: {getattr(error, 'reason', error)}") from error


def github(path, *, may_be_absent=False):
    """What GitHub's API says; None where it says that there is no such thing."""
    url = f"{os.environ['GITHUB_API_URL']}/repos/{os.environ['GITHUB_REPOSITORY']}/{path}"
    status, _, body = ask(url, {"Authorization": f"Bearer {os.environ['GH_TOKEN']}", "Accept": "application/vnd.github+json"})
    if status == 404 and may_be_absent:
        return None
    if status != 200:
        raise Refused(f"GitHub answers {status} to {path}")
    return json.loads(body)


def may_release(tag, commit):
    """Raises unless the commit lies on main, its ci run is green, and the version is not released yet."""
    # `main...commit` tells where the commit is, seen from main.
    where = github(f"compare/main...{commit}")["status"]
    if where not in ("identical", "behind"):
        raise Refused(f"{commit} does not lie on main ({where}): merge it, and tag what main has")
    runs = github(f"actions/workflows/ci.yml/runs?head_sha={commit}&branch=main&event=push&status=success")
    if runs["total_count"] < 1:
        raise Refused(f"no ci run of {commit} on main is green: wait for it, or run it again, and then this one")
    if github(f"releases/tags/{urllib.parse.quote(tag, safe='')}", may_be_absent=True):
        raise Refused(f"{tag} is released: a version never changes, so raise it")


def digest(image):
    """The digest under a name in a registry, by the protocol of the OCI; None where it has no such name."""
    parts = re.fullmatch(r"([^/]+)/(.+):([^:/]+)", image)
    if not parts:
        raise Refused(f"{image} is no REGISTRY/NAME:VERSION")
    host, name, version = parts.groups()
    scheme = "http" if host.split(":")[0] in ("localhost", "127.0.0.1") else "https"
    url = f"{scheme}://{host}/v2/{name}/manifests/{version}"
    status, headers, _ = ask(url, {"Accept": MANIFESTS}, "HEAD")
    if status == 401:
        bearer = token(headers["WWW-Authenticate"])
        status, headers, _ = ask(url, {"Accept": MANIFESTS, "Authorization": f"Bearer {bearer}"}, "HEAD")
    if status == 404:
        return None
    if status != 200:
        raise Refused(f"the registry answers {status} to {name}:{version}")
    found = headers["Docker-Content-Digest"]
    if not DIGEST.fullmatch(found or ""):
        raise Refused(f"the registry names no digest of {name}:{version}")
    return found


def token(challenge):
    """What a registry wants to see, from the place that it names."""
    asked = dict(re.findall(r'(\w+)="([^"]*)"', challenge or ""))
    if "realm" not in asked:
        raise Refused("the registry asks for a login without saying where")
    # A registry may deny to read what is not there yet; whoever may push may know.
    if "scope" in asked:
        asked["scope"] = re.sub(":pull$", ":pull,push", asked["scope"])
    query = urllib.parse.urlencode({key: asked[key] for key in ("service", "scope") if key in asked})
    login = base64.b64encode(f"{os.environ['GITHUB_ACTOR']}:{os.environ['GH_TOKEN']}".encode()).decode()
    status, _, body = ask(f"{asked['realm']}?{query}", {"Authorization": f"Basic {login}"})
    if status != 200:
        raise Refused(f"the registry's login answers {status}")
    return json.loads(body)["token"]


def by_platform(inspected, key):
    """What is said of each platform: `imagetools inspect` leaves the platform out where there is but one."""
    found = inspected[key] or {}
    return found if all("/" in platform for platform in found) else {"image": found}


def attestations(inspected, commit, folder):
    """Writes every SBOM and provenance of every platform to a file of its own, and raises where one lacks what it is for."""
    crates = tomllib.loads((ROOT / "Cargo.toml").read_text())["dependencies"].keys()
    images, sboms, provenances = (by_platform(inspected, key) for key in ("Image", "SBOM", "Provenance"))
    if not images or not images.keys() == sboms.keys() == provenances.keys():
        raise Refused(f"there are images for {sorted(images)}, SBOMs for {sorted(sboms)}, and provenance for {sorted(provenances)}")
    for platform, image in images.items():
        name = platform.replace("/", "-")
        revision = image.get("config", {}).get("Labels", {}).get("org.opencontainers.image.revision")
        if revision != commit:
            raise Refused(f"{platform}: the image is of {revision}, not of {commit}: raise the version")
        # The image's own comes first; that of the crates, which are compiled in, is a further one.
        documents = [sboms[platform]["SPDX"], *sboms[platform].get("AdditionalSPDXs", [])]
        listed = {package["name"] for document in documents for package in document.get("packages", [])}
        if lacking := sorted(crates - listed):
            raise Refused(f"{platform}: no SBOM lists {', '.join(lacking)}")
        if not provenances[platform].get("SLSA"):
            raise Refused(f"{platform}: the provenance is empty")
        for number, document in enumerate(documents, 1):
            (folder / f"sbom-{name}-{number}.spdx.json").write_text(json.dumps(document))
        (folder / f"provenance-{name}.json").write_text(json.dumps(provenances[platform]["SLSA"]))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("may-release")
    command.add_argument("tag")
    command.add_argument("commit")
    commands.add_parser("digest").add_argument("image")
    command = commands.add_parser("attestations")
    command.add_argument("commit")
    command.add_argument("folder", type=pathlib.Path)
    options = parser.parse_args()
    try:
        match options.command:
            case "may-release":
                may_release(options.tag, options.commit)
            case "digest":
                print(digest(options.image) or "")
            case "attestations":
                attestations(json.load(sys.stdin), options.commit, options.folder)
    except Refused as why:
        sys.exit(f"error: {why}")


if __name__ == "__main__":
    main()
