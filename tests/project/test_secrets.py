"""What is in the repository: no secret, no path of somebody's machine, nothing large."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LARGEST_BYTES = 1_000_000

# Built from parts, so that this file does not find itself.
FORBIDDEN = {
    "a private key": re.compile("-----BEGIN " + "[A-Z ]*PRIVATE KEY-----"),
    "an access key of a cloud": re.compile(r"\b(AKIA|ASIA)" + r"[0-9A-Z]{16}\b"),
    "a token of a code host": re.compile(r"\b(ghp|gho|ghs|glpat|github_pat)[_-]" + r"\w{20,}"),
    "a webhook": re.compile("hooks" + r"\.slack\.com/services/"),
    "a path of somebody's machine": re.compile(r"(?<![\w.])/(" + r"root|work|farm|Users/\w+|home/\w+" + r")/\w"),
}
LONG_PASSWORD = re.compile(r"""(?i)(password|secret|token|api_key)["']?\s*[:=]\s*["'][A-Za-z0-9+/_-]{24,}["']""")
PLAIN_WORDS = re.compile(r"""["'][a-z_-]+["']""")  # a name, such as that of a file, and not a password


def files() -> list[Path]:
    """Return what is or will be committed."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in done.stdout.split("\0") if name and (ROOT / name).is_file()]


def text(file: Path) -> str:
    return file.read_bytes().decode(errors="replace")


@pytest.mark.parametrize("what", FORBIDDEN)
def test_nothing_is_committed_that_belongs_to_one_machine(what):
    hits = {str(file.relative_to(ROOT)): found[0] for file in files() if (found := FORBIDDEN[what].search(text(file)))}

    assert hits == {}


def test_no_password_is_committed():
    sources = [file for file in files() if file.suffix in {".py", ".toml", ".yaml", ".ini", ".cfg", ".md", ".sh"}]
    hits = {
        str(file.relative_to(ROOT)): found[0]
        for file in sources
        for found in LONG_PASSWORD.finditer(text(file))
        if not PLAIN_WORDS.search(found[0].split("=")[-1].split(":")[-1])
    }

    assert hits == {}


def test_nothing_large_is_committed():
    assert [str(file.relative_to(ROOT)) for file in files() if file.stat().st_size > LARGEST_BYTES] == []


def test_what_must_not_be_committed_is_ignored(tmp_path):
    names = [".env", "var/assay.sqlite", ".venv/pyvenv.cfg", "webapp/__pycache__/app.pyc"]
    (tmp_path / ".gitignore").write_text((ROOT / ".gitignore").read_text())
    # In a folder of its own: what this checkout itself holds plays no part.
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    done = subprocess.run(["git", "check-ignore", *names], cwd=tmp_path, capture_output=True, text=True, check=False)

    assert done.stdout.split() == names


@pytest.mark.parametrize(
    "line",
    [
        "-----BEGIN " + "RSA PRIVATE KEY-----",
        "AKIA" + "ABCDEFGHIJKLMNOP",
        "ghp_" + "a" * 36,
        "see /home/" + "jane/assay",
        "see /root/" + "assay",
    ],
)
def test_the_patterns_find_what_they_are_for(line):
    assert any(pattern.search(line) for pattern in FORBIDDEN.values())
    assert LONG_PASSWORD.search("password = '" + "a1B2" * 8 + "'")
