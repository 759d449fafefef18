"""The docs are true: settings, commands, errors, tasks, tree, decisions and links are compared with the code."""

import re
from pathlib import Path

import pytest
from pydantic_core import PydanticUndefined

from quant import errors as quant_errors
from webapp import errors as webapp_errors
from webapp import jobs
from webapp.config import Settings
from webapp.launch import programs

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
DEPENDS_ON_THE_MACHINE = {"worker_processes": "the number of cores"}


def markdown_files() -> list[Path]:
    return sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])


def settings_table() -> list[str]:
    """Return what docs/settings.md has to say, made from the settings."""
    rows = []
    for name, field in Settings.model_fields.items():
        default = DEPENDS_ON_THE_MACHINE.get(name) or field.get_default()
        if default is PydanticUndefined:
            shown = "none; has to be set"
        else:
            value = default.get_secret_value() if hasattr(default, "get_secret_value") else default
            shown = f"`{str(value).lower() if isinstance(value, bool) else value}`" if value != "" else "empty"
            shown = shown if name not in DEPENDS_ON_THE_MACHINE else str(default)
        rows.append(f"| `ASSAY_{name.upper()}` | {shown} | {field.description} |")
    return rows


def test_every_setting_is_documented_as_it_is():
    table = [line for line in (DOCS / "settings.md").read_text().splitlines() if line.startswith("| `ASSAY_")]

    assert table == settings_table(), "\n".join(["the table should be:", *settings_table()])


def test_every_setting_in_an_example_exists():
    known = {f"ASSAY_{name.upper()}" for name in Settings.model_fields} | {"ASSAY_PUBLISHED", "ASSAY_TESTS_NO_SKIPS"}
    for name in (".env.example", "compose.yaml", "Dockerfile", "docs/operations.md", "README.md"):
        assert set(re.findall(r"\bASSAY_[A-Z_]+\b", (ROOT / name).read_text())) <= known, name


def test_every_make_target_is_documented():
    targets = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
    documented = set(re.findall(r"^\| `make ([a-z-]+)`", (DOCS / "operations.md").read_text(), re.MULTILINE))

    assert len(targets) > 5
    assert documented == targets - {"help"}


def test_every_command_in_the_docs_exists():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for file in markdown_files():
        named = set(re.findall(r"(?:^|`)make ([a-z-]+)", file.read_text(), re.MULTILINE))
        assert named <= targets, f"{file.name} names {named - targets}"
    words = set(re.findall(r"`python -m webapp (\w+)`", (DOCS / "operations.md").read_text()))

    assert words == set(programs(Settings(secret_key="k" * 32)))


def error_classes() -> list[type[Exception]]:
    """Return every error that we raise on purpose; the two roots are never raised themselves."""
    classes = [
        value
        for module in (quant_errors, webapp_errors)
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, quant_errors.QuantError | webapp_errors.AppError)
    ]
    return [cls for cls in classes if not any(other is not cls and issubclass(other, cls) for other in classes)]


@pytest.mark.parametrize("error", error_classes(), ids=lambda error: error.__name__)
def test_every_error_has_a_code_of_its_own_and_a_raiser(error):
    sources = "".join(
        file.read_text()
        for package in ("quant", "webapp", "tasks")
        for file in (ROOT / package).rglob("*.py")
        if file.name != "errors.py"
    )

    assert error.code == re.sub(r"(?<!^)(?=[A-Z])", "_", error.__name__).lower()
    # A protocol promises errors that whoever implements it will raise, as sources of prices on a network do.
    raised = rf"raise (\w+\.)?{error.__name__}\b|return (\w+\.)?{error.__name__}\(|^ {{8}}{error.__name__}$"
    assert re.search(raised, sources, re.MULTILINE), "nobody raises it"


def test_every_error_code_is_documented():
    text = (DOCS / "api.md").read_text()

    assert [error.code for error in error_classes() if f"`{error.code}`" not in text] == []


@pytest.mark.parametrize("module", [quant_errors, webapp_errors], ids=["quant", "webapp"])
def test_the_tree_of_errors_is_drawn_as_it_is(module):
    own = {
        name: value
        for name, value in vars(module).items()
        if isinstance(value, type) and value.__module__ == module.__name__
    }
    drawn = re.findall(r"^(?:[│├└─ ]*)(\w+)", module.__doc__.split("\n\n")[1], re.MULTILINE)

    assert sorted(drawn) == sorted(own)


def test_every_task_is_documented():
    names = {value for name, value in vars(jobs).items() if name.isupper() and str(value).startswith("tasks.")}
    documented = set(re.findall(r"^\| `(tasks\.[\w.]+)`", (DOCS / "operations.md").read_text(), re.MULTILINE))

    assert names
    assert documented == names


def drawn_paths() -> list[str]:
    """Return the paths in the tree of docs/architecture.md."""
    tree = (DOCS / "architecture.md").read_text().split("```")[1]
    paths, folders = [], [""]
    for line in tree.splitlines():
        if not (found := re.match(r"([│ ]*)[├└]── (\S+)", line)):
            continue
        depth = len(found[1]) // 4
        folders[depth + 1 :] = [f"{folders[depth]}{found[2]}"]
        paths.append(folders[depth + 1])
    return paths


def test_the_tree_is_drawn_as_it_is():
    drawn = set(drawn_paths())
    packages = [ROOT / name for name in ("quant", "webapp", "tasks")]
    there = {f"{path.relative_to(ROOT)}{'/' * path.is_dir()}" for package in packages for path in package.iterdir()}
    there = {path for path in there if not path.endswith(("__init__.py", "__pycache__/"))}

    assert [path for path in sorted(drawn) if not (ROOT / path).exists()] == [], "drawn, but not there"
    assert sorted(there - drawn) == [], "there, but not drawn"


def test_every_test_that_the_docs_name_is_there():
    texts = [file.read_text() for file in markdown_files()]
    named = {name for text in texts for name in re.findall(r"`(tests/[\w/]+\.py::test_\w+)`", text)}
    parts = [name.split("::") for name in sorted(named)]
    missing = ["::".join(each) for each in parts if f"def {each[1]}(" not in (ROOT / each[0]).read_text()]

    assert len(named) > 20
    assert missing == []


def test_decisions_are_numbered_listed_and_complete():
    files = sorted((DOCS / "decisions").glob("0*.md"))
    index = (DOCS / "decisions" / "README.md").read_text()

    assert [int(file.name[:4]) for file in files] == list(range(1, len(files) + 1))
    for number, file in enumerate(files, start=1):
        text = file.read_text()
        title = re.match(rf"# {number}\. (.+)\n", text)
        assert title, f"{file.name} does not begin with its number"
        assert f"| [{number}]({file.name}) | {title[1]} |" in index
        assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Context", "Decision", "Consequences"]


@pytest.mark.parametrize("file", markdown_files(), ids=lambda file: str(file.relative_to(ROOT)))
def test_no_link_leads_nowhere(file):
    text = re.sub(r"```.*?```", "", file.read_text(), flags=re.DOTALL)
    links = [link.split("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text) if not re.match(r"\w+:|#", link)]

    assert [link for link in links if not (file.parent / link).exists()] == []


def test_every_document_can_be_found():
    linked = {
        (file.parent / link.split("#")[0]).resolve()
        for file in markdown_files()
        for link in re.findall(r"\]\(([^)\s]+)\)", file.read_text())
    }
    entrances = {ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "CONTRIBUTING.md"}

    assert [str(file.relative_to(ROOT)) for file in markdown_files() if file not in linked | entrances] == []
