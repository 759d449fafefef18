"""Tests mirror the code: the tests of a module stand under its name, and none outlives its module."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("quant", "webapp", "tasks")

# Modules whose tests stand elsewhere, and where: each entry has its reason.
TESTED_ELSEWHERE: dict[str, str] = {}
# Test files that are about a room as a whole, not about one module of it.
ABOUT_A_ROOM: set[str] = {  # about every entry of a catalogue
    "tests/quant/test_gathered_bars.py",
    "tests/quant/test_golden.py",
    "tests/quant/test_million_rows.py",
    "tests/quant/test_planted_leaks.py",
    "tests/quant/backtest/test_peers.py",
    "tests/quant/features/test_catalog.py",
    "tests/quant/features/test_peers.py",
}


def modules() -> list[Path]:
    files = [file.relative_to(ROOT) for package in PACKAGES for file in sorted((ROOT / package).rglob("*.py"))]
    return [file for file in files if not file.stem.startswith("__")]


def mirror(module: Path) -> Path:
    return Path("tests") / module.parent / f"test_{module.name}"


def test_every_module_has_its_tests():
    missing = [
        str(mirror(module))
        for module in modules()
        if not (ROOT / TESTED_ELSEWHERE.get(str(module), mirror(module))).exists()
    ]

    assert missing == []


def test_no_test_outlives_its_module():
    mirrors = {str(mirror(module)) for module in modules()}
    tests = [file for package in PACKAGES for file in sorted((ROOT / "tests" / package).rglob("test_*.py"))]
    strays = [str(file.relative_to(ROOT)) for file in tests if str(file.relative_to(ROOT)) not in mirrors]

    assert sorted(set(strays) - ABOUT_A_ROOM) == []


def test_the_lists_of_exceptions_are_true():
    assert [name for name in [*TESTED_ELSEWHERE, *ABOUT_A_ROOM] if not (ROOT / name).exists()] == []


def test_test_folders_are_no_packages():
    assert list((ROOT / "tests").rglob("__init__.py")) == []
