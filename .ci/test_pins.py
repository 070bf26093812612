"""Each test pins a version where the bot does not look, and reads whether pins.py sees it: `python3 .ci/test_pins.py`."""

import json
import pathlib
import tempfile
import unittest

import pins

CONFIG = json.loads((pathlib.Path(__file__).parents[1] / ".github/renovate.json").read_text())


def seen(path, text, config=CONFIG):
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return list(pins.out_of_reach(pathlib.Path(folder), [path], config))


class Pins(unittest.TestCase):
    def test_what_the_bot_reads_is_in_reach(self):
        for path, line in [
            (".ci/tools", "\ngo_tool helm.sh/helm/v3/cmd/helm@v3.22.0\ncargo_tool cargo-deny@0.20.2\n"),
            (".github/workflows/ci.yml", "\nenv:\n  RUST_VERSION: 1.95.0\n"),
            (".github/workflows/release.yml", "\n          cosign-release: v3.0.2\n"),
            (".github/workflows/release.yml", "\n          - platform: arm64\n            runner: ubuntu-24.04-arm\n"),
            (".github/workflows/ci.yml", f"\n      - uses: actions/checkout@{'8' * 40} # v6.0.1\n"),
            ("Dockerfile", "ARG RUST_IMAGE=docker.io/library/rust:1.95-trixie\nFROM ${RUST_IMAGE} AS build\n"),
            ("deploy/compose.yaml", "    image: ${POSTGRES_IMAGE:-postgres:15.4-alpine}\n"),
            ("deploy/compose.yaml", "    image: salesforce-simulator\n"),
            ("deploy/check/requirements.in", "pyyaml==6.0.4\n"),
            ("tests/browser/package.json", '    "axe-core": "4.14.1"\n'),
        ]:
            self.assertEqual(seen(path, line), [], path)

    def test_what_nobody_would_renew_is_named(self):
        for path, line in [
            (".ci/tools", "once kind 0.29.0 go install sigs.k8s.io/kind@v0.29.0"),
            (".ci/run", "pip install yamllint==1.37.1"),
            (".github/workflows/ci.yml", "rustup toolchain install 1.95.0"),
            (".github/workflows/ci.yml", "- uses: actions/checkout@v6.0.1"),
            (".github/workflows/ci.yml", "          machine: ubuntu-24.04"),
            (".github/workflows/ci.yml", "docker run ghcr.io/somebody/tool:1.2.3"),
            ("Dockerfile", "COPY --from=docker.io/library/busybox:1.37 /bin/sh /bin/sh"),
            ("deploy/image/Dockerfile.test", "FROM docker.io/library/debian:12.1"),
            ("Dockerfile", "ARG TOOL_IMAGE=docker.io/library/busybox:1.37"),
            ("tests/browser/package.json", '"axe-core": "^4.14.1"'),
            ("rust-toolchain.toml", 'channel = "1.95.0"'),
            (".github/workflows/ci.yml", f"- uses: actions/checkout@{'8' * 40}"),
            (".ci/run", f"docker run ghcr.io/somebody/tool@sha256:{'a' * 64}"),
        ]:
            self.assertEqual(seen(path, line + "\n"), [f"{path}: {line.strip()}"])

    def test_what_lies_where_the_bot_does_not_look_is_named(self):
        path, line = "tests/fuzz/Cargo.toml", 'tokio = "1.54"'
        self.assertEqual(seen(path, line), [])
        unaware = {name: value for name, value in CONFIG.items() if name != "ignorePaths"}
        self.assertEqual(seen(path, line, unaware), [f"{path}: {line}"])

    def test_what_is_fetched_without_a_version_is_named(self):
        for path, line in [
            (".ci/tools", "go_tool github.com/somebody/tool@latest"),
            (".ci/tools", "cargo install cargo-fuzz --locked"),
            (".github/workflows/ci.yml", "- run: pip install yamllint"),
            ("deploy/compose.yaml", "image: ${POSTGRES_IMAGE:-postgres:latest}"),
            ("deploy/compose.yaml", "image: ${POSTGRES_IMAGE:-postgres}"),
            ("deploy/compose.yaml", "image: redis"),
        ]:
            self.assertEqual(seen(path, line + "\n"), [f"{path}: {line}: no version"])

    def test_a_manager_that_finds_nothing_is_named(self):
        with tempfile.TemporaryDirectory() as folder:
            found = list(pins.unused(pathlib.Path(folder), [], CONFIG))
        self.assertEqual(len(found), len(CONFIG["customManagers"]))


if __name__ == "__main__":
    unittest.main()
