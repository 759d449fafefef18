"""The container image: what goes into it is enough to run, and what must not go into it does not."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """Return a folder with what .dockerignore lets through."""
    folder = tmp_path / "app"
    folder.mkdir()
    for name in re.findall(r"^!(\S+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE):
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder)
    return folder


def test_what_is_in_the_image_is_enough(image, tmp_path):
    settings = {"ASSAY_HOME": str(tmp_path / "data"), "ASSAY_SECRET_KEY": "k" * 32, "ASSAY_EXAMPLE": "false"}
    (tmp_path / "data").mkdir()
    environment = os.environ | settings  # noqa: TID251  # a process's own
    for arguments in (
        ("-m", "webapp", "migrate"),
        ("-m", "webapp", "seed"),
        ("-m", "webapp", "backup", str(tmp_path / "backup.tar")),
        ("-m", "webapp", "restore", "--force", str(tmp_path / "backup.tar")),
        ("-c", "import wsgi, tasks.analyses, tasks.maintenance, tasks.keeper"),
    ):
        done = subprocess.run(
            [sys.executable, *arguments], cwd=image, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{arguments}: {done.stderr}"


def test_nothing_else_is_in_the_image(image):
    there = {path.name for path in image.iterdir()}

    assert {"quant", "webapp", "tasks", "migrations"} <= there
    assert not {".git", ".env", "var", "tests", "docs"} & there


def test_the_image_runs_as_nobody_in_particular():
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    users = [line.split()[1] for line in lines if line.startswith("USER ")]

    assert users == ["assay"]
    assert lines.index("USER assay") < lines.index('ENTRYPOINT ["python", "-m", "webapp"]')


def test_every_service_runs_a_program_that_exists():
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    ours = {name: service for name, service in services.items() if service["image"] == "assay"}
    words = re.search(r"choices=\(([^)]*)\)", (ROOT / "webapp" / "__main__.py").read_text())[1]

    assert set(ours) == {"web", "worker", "beat", "migrate", "seed"}
    assert all(service["command"] == [name] and f'"{name}"' in words for name, service in ours.items())
    assert "ports" not in services["postgres"]
    assert "ports" not in services["redis"]
