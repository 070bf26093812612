"""Each test gives release.py a GitHub and a registry, and reads whether it releases: `python3 .github/release/test_release.py`."""

import http.server
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import tomllib
import unittest

HERE = pathlib.Path(__file__).parent
COMMIT = "0123456789abcdef0123456789abcdef01234567"
DIGEST = "sha256:" + "a" * 64
RUNS = f"/repos/o/r/actions/workflows/ci.yml/runs?head_sha={COMMIT}&branch=main&event=push&status=success"
GREEN = {
    f"/repos/o/r/compare/main...{COMMIT}": (200, {"status": "behind"}),
    RUNS: (200, {"total_count": 1}),
}
NAME = "/v2/o/r/manifests/0.1.0"


class Server:
    """Answers by path; what it does not know is a 404. A registry with a login lets in whoever shows its token."""

    def __init__(self, answers, *, login=False):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                status, body, headers = self.answer()
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(json.dumps(body).encode())

            do_HEAD = do_GET

            def answer(self):
                said = self.headers.get("Authorization", "")
                if self.path == "/token?service=s&scope=repository%3Ao%2Fr%3Apull%2Cpush":
                    return 200 if said.startswith("Basic ") else 403, {"token": "let-in"}, {}
                if login and said != "Bearer let-in":
                    realm = f"http://{self.headers['Host']}/token"
                    return 401, {}, {"WWW-Authenticate": f'Bearer realm="{realm}",service="s",scope="repository:o/r:pull"'}
                status, body, *headers = answers.get(self.path, (404, {}))
                return status, body, *(headers or [{}])

            def log_message(self, *_):
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self.http.server_port}"

    def __enter__(self):
        threading.Thread(target=self.http.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.http.shutdown()
        self.http.server_close()


def run(*arguments, server=None, stdin=""):
    """Exit code, standard output and standard error of release.py."""
    environment = {"GITHUB_REPOSITORY": "o/r", "GITHUB_ACTOR": "somebody", "GH_TOKEN": "t", "PATH": os.environ["PATH"]}
    if server:
        environment["GITHUB_API_URL"] = f"http://{server.address}"
    command = [sys.executable, HERE / "release.py", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, input=stdin)
    return done.returncode, done.stdout.strip(), done.stderr.strip()


class MayRelease(unittest.TestCase):
    def refused(self, changes):
        with Server(GREEN | changes) as github:
            status, _, said = run("may-release", "v0.1.0", COMMIT, server=github)
        self.assertEqual(status, 1, said)
        return said

    def test_a_green_commit_on_main_is_released(self):
        with Server(GREEN) as github:
            self.assertEqual(run("may-release", "v0.1.0", COMMIT, server=github), (0, "", ""))

    def test_a_commit_that_main_does_not_have_is_not(self):
        for where in ("ahead", "diverged"):
            said = self.refused({f"/repos/o/r/compare/main...{COMMIT}": (200, {"status": where})})
            self.assertIn(f"does not lie on main ({where})", said)

    def test_a_commit_that_ci_has_not_passed_is_not(self):
        self.assertIn("no ci run", self.refused({RUNS: (200, {"total_count": 0})}))

    def test_what_is_released_is_not_released_again(self):
        self.assertIn("is released", self.refused({"/repos/o/r/releases/tags/v0.1.0": (200, {"id": 1})}))

    def test_a_github_that_does_not_answer_is_no_yes(self):
        for path in [*GREEN, "/repos/o/r/releases/tags/v0.1.0"]:
            self.assertIn("GitHub answers 500", self.refused({path: (500, {})}))


class Digest(unittest.TestCase):
    def digest(self, answers, **kind):
        with Server(answers, **kind) as registry:
            return run("digest", f"{registry.address}/o/r:0.1.0")

    def test_a_name_has_its_digest(self):
        answers = {NAME: (200, {}, {"Docker-Content-Digest": DIGEST})}
        self.assertEqual(self.digest(answers), (0, DIGEST, ""))
        self.assertEqual(self.digest(answers, login=True), (0, DIGEST, ""))

    def test_a_name_that_is_free_has_none(self):
        self.assertEqual(self.digest({}), (0, "", ""))
        self.assertEqual(self.digest({}, login=True), (0, "", ""))

    def test_a_registry_that_fails_does_not_make_a_name_free(self):
        for status in (403, 500):
            self.assertEqual(self.digest({NAME: (status, {})})[0], 1, status)
        self.assertEqual(self.digest({NAME: (200, {})})[0], 1, "no digest")

    def test_a_registry_that_is_not_there_does_not_make_a_name_free(self):
        with Server({}) as registry:
            address = registry.address
        status, named, said = run("digest", f"{address}/o/r:0.1.0")
        self.assertEqual((status, named), (1, ""))
        self.assertIn(f"error: {address} cannot be reached", said)

    def test_what_is_no_name_is_refused(self):
        self.assertEqual(run("digest", "localhost"), (1, "", "error: localhost is no REGISTRY/NAME:VERSION"))


def attested(commit=COMMIT):
    """What is said of an image of one platform, the crates in a further SBOM."""
    cargo = tomllib.loads((HERE.parents[1] / "Cargo.toml").read_text())
    crates = [{"name": name} for name in cargo["dependencies"]]
    return {
        "Image": {"config": {"Labels": {"org.opencontainers.image.revision": commit}}},
        "SBOM": {"SPDX": {"packages": [{"name": "libc6"}]}, "AdditionalSPDXs": [{"packages": crates}]},
        "Provenance": {"SLSA": {"buildType": "x"}},
    }


def of_platforms(one):
    """The same of two platforms."""
    return {key: {"linux/amd64": value, "linux/arm64": value} for key, value in one.items()}


class Attestations(unittest.TestCase):
    def files(self, inspected):
        with tempfile.TemporaryDirectory() as folder:
            status, _, said = run("attestations", COMMIT, folder, stdin=json.dumps(inspected))
            return status, sorted(file.name for file in pathlib.Path(folder).iterdir()), said

    def test_every_sbom_and_the_provenance_become_files(self):
        files = ["provenance-image.json", "sbom-image-1.spdx.json", "sbom-image-2.spdx.json"]
        self.assertEqual(self.files(attested()), (0, files, ""))
        files = [file.replace("image", f"linux-{name}") for name in ("amd64", "arm64") for file in files]
        self.assertEqual(self.files(of_platforms(attested())), (0, sorted(files), ""))

    def test_what_is_lacking_is_named(self):
        one, two = attested(), of_platforms(attested())
        for inspected, expected in [
            (one | {"SBOM": {"SPDX": one["SBOM"]["SPDX"]}}, "no SBOM lists"),
            (one | {"Provenance": {"SLSA": {}}}, "the provenance is empty"),
            (two | {"SBOM": {"linux/amd64": one["SBOM"]}}, "SBOMs for ['linux/amd64']"),
            (one | {"SBOM": None}, "SBOMs for []"),
            (attested("another"), f"the image is of another, not of {COMMIT}"),
        ]:
            status, _, said = self.files(inspected)
            self.assertEqual(status, 1)
            self.assertIn(expected, said)


if __name__ == "__main__":
    unittest.main()
