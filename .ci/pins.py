"""Whether the bot of .github/renovate.json reaches every version that is pinned in this repository: `pins.py [FOLDER]`.

A version that neither one of its managers reads nor stands in EXEMPT is an error: nobody would ever renew it. So is what is
fetched without a version, because each run may get another one.
"""

import fnmatch
import json
import pathlib
import re
import subprocess
import sys

# Where versions are pinned by hand. Lock files and Cargo.toml are the business of the manager `cargo`. `deploy/check` has a
# copy of what RudderStack's chart has, which nobody runs.
PLACES = re.compile(r"\.ci/.*|deploy/image/.*|deploy/kubernetes/valkey/.*|\.github/workflows/.*|.*Dockerfile.*|.*compose.*\.ya?ml|.*requirements.*\.(in|txt)|.*package\.json|.*Cargo\.(toml|lock)|.*rust-toolchain.*")
# What Renovate reads by itself, as `config:recommended` has it: files, and what stands in their lines.
BUILT_IN = {
    "cargo": (r"(.*/)?Cargo\.(toml|lock)", r".*"),
    "github-actions": (r"\.github/workflows/[^/]+\.yml", r"uses: [\w./-]+@[0-9a-f]{40} # v[\d.]+|runs-on: [a-z]+-\S+"),
    # Of an ARG only where a FROM names it.
    "dockerfile": (r"(.*/)?Dockerfile", r"(?s)\bARG (?P<image>\w+_IMAGE)=\S+(?=.*\nFROM \$\{(?P=image)\})|\bFROM \S+"),
    "docker-compose": (r"(.*/)?compose[^/]*\.ya?ml", r"image: (\$\{\w+:-)?[\w./-]+:[\w.-]+\}?"),
    "npm": (r"(.*/)?package\.json", r'"[\w@/.-]+": "\d[\w.-]*"'),
    # Only where managerFilePatterns name the files.
    "kubernetes": (r"deploy/kubernetes/valkey/[^/]+\.yaml", r"image: [\w./-]+:[\w.-]+"),
    "pip-compile": (r"deploy/check/requirements\.(in|txt)", r"[\w.-]+==\S+.*|.*--hash=.*|#.*"),
}
# Folders that it passes over unless `ignorePaths` says otherwise, as `config:recommended` has it.
PASSED_OVER = [f"**/{folder}/**" for folder in ("node_modules", "bower_components", "vendor", "examples", "__tests__", "test", "tests", "__fixtures__")]
VERSION = re.compile(r"\d+\.\d+[\w.-]*|@[0-9a-f]{40}\b|@sha256:[0-9a-f]{64}\b")
# Fetched without a version. What .ci/tools installs has its version in "$1", or its hash in requirements.txt. hadolint and
# zizmor look for more of it in the Dockerfile and the workflows.
UNPINNED = re.compile(
    r"[:@]latest\b|^\s*(-\s+)?image: (\$\{\w+:-)?(?!salesforce-(transformer|simulator)$)[\w./-]+\}?$"
    r"|\b(cargo|go|pip\d?|npm)\"? install (?!.*(\"\$1\"|--require-hashes|@v?\d|==\d))"
)
# Numbers that are no pins.
EXEMPT = re.compile(r"\b(127\.0\.0\.1|0\.0\.0\.0)\b|MIT OR Apache-2\.0|v0\.1\.0 becomes|^\s*#.*")


def python_regex(text):
    """A regular expression of Renovate (RE2) as Python writes it."""
    return re.compile(text.replace("(?<", "(?P<"))


def passed_over(path, config):
    """Whether no manager looks at a file at all."""
    return any(fnmatch.fnmatchcase(f"/{path}", folder) for folder in config.get("ignorePaths", PASSED_OVER))


def reached(path, text, config):
    """The text without what a manager reads."""
    if passed_over(path, config):
        return text
    for manager in config["customManagers"]:
        if any(python_regex(pattern.strip("/")).search(path) for pattern in manager["managerFilePatterns"]):
            for match in map(python_regex, manager["matchStrings"]):
                text = match.sub("\n", text)
    for files, lines in BUILT_IN.values():
        if re.fullmatch(files, path):
            text = re.sub(lines, "", text)
    return text


def out_of_reach(folder, paths, config):
    """Yields each line with a version that nobody would renew, or without one that it should have."""
    for path in filter(PLACES.fullmatch, paths):
        text = (folder / path).read_text()
        for line in reached(path, text, config).splitlines():
            if VERSION.search(EXEMPT.sub("", line)):
                yield f"{path}: {line.strip()}"
        for line in text.splitlines():
            if not line.lstrip().startswith("#") and UNPINNED.search(line):
                yield f"{path}: {line.strip()}: no version"


def unused(folder, paths, config):
    """Yields each custom manager that finds nothing: its pin has moved on without it."""
    for manager in config["customManagers"]:
        patterns = [python_regex(pattern.strip("/")) for pattern in manager["managerFilePatterns"]]
        texts = [(folder / path).read_text() for path in paths if any(pattern.search(path) for pattern in patterns)]
        if not any(python_regex(match).search(text) for match in manager["matchStrings"] for text in texts):
            yield f".github/renovate.json: \"{manager['description']}\" finds nothing"


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[1])
    listed = subprocess.run(["git", "-C", folder, "ls-files"], check=True, capture_output=True, text=True).stdout
    # Its own text quotes patterns, and its tests quote pins.
    paths = [path for path in listed.splitlines() if (folder / path).is_file() and not re.fullmatch(r"\.ci/.*\.py", path)]
    config = json.loads((folder / ".github/renovate.json").read_text())
    wrong = [*out_of_reach(folder, paths, config), *unused(folder, paths, config)]
    for line in wrong:
        print(f"error: out of the bot's reach: {line}", file=sys.stderr)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
