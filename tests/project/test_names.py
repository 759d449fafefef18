"""Names of modules: what a module is called says what is in it."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("quant", "webapp", "tasks", "benchmarks", "migrations", "tests")
SAYS_NOTHING = {"util", "helper", "common", "core", "base", "misc", "manager", "handler", "processor", "engine"}
ALLOWED = {
    Path("quant/backtest/engine.py"),
    Path("tests/quant/backtest/test_engine.py"),
}  # it is what the field calls it


def says_nothing(path: Path) -> bool:
    words = [part.removesuffix(".py").removeprefix("test_").strip("_").removesuffix("s") for part in path.parts]
    return bool(SAYS_NOTHING.intersection(words))


def test_no_module_is_named_for_nothing():
    files = [file.relative_to(ROOT) for folder in FOLDERS for file in (ROOT / folder).rglob("*.py")]

    assert len(files) > 50
    assert [str(file) for file in files if says_nothing(file) and file not in ALLOWED] == []


def test_the_test_knows_an_empty_name():
    assert says_nothing(Path("webapp/utils.py"))
    assert says_nothing(Path("webapp/common/dates.py"))
    assert says_nothing(Path("tests/webapp/test_helpers.py"))
    assert not says_nothing(Path("webapp/accounts.py"))
