"""Pages keep the house's form: PATH, TITLE, layout and register, all in PAGES, ids that name their page."""

import ast
import inspect
import pkgutil
import re

import dash
import pytest

from webapp.dashboard import pages
from webapp.dashboard.pages import PAGES

pytestmark = pytest.mark.databases("sqlite")

# Pages that write their parts under a shorter name than the module's: none is allowed to share another's.
PREFIXES = {
    "compare": None,
    "dashboard": "dashboard-",
    "analyses": "analyses-",
    "import_bundle": "import-",
    "jobs": "jobs-",
    "new_analysis": "new-analysis-",
    "new_study": "new-study-",
    "studies": "studies-",
    "study": "study-",
    "analysis": "analysis-",
    "account": "account-",
    "audit": "audit-",
    "users": "users-",
    "user": "user-",
    "groups": "groups-",
    "group": "group-",
    "upload": "upload-",
    "data": "data-",
    "not_found_404": None,
}

WRITTEN = re.compile(r"^[a-z]+(-[a-z0-9]+)*$")


def literal_ids(page):
    """Return every plain id that a page's module spells out in `id=`, Input, Output or State."""
    found = set()
    for node in ast.walk(ast.parse(inspect.getsource(page))):
        if not isinstance(node, ast.Call):
            continue
        named = [keyword.value for keyword in node.keywords if keyword.arg == "id"]
        if isinstance(node.func, ast.Name) and node.func.id in {"Input", "Output", "State"}:
            named += node.args[:1]
        found |= {each.value for each in named if isinstance(each, ast.Constant) and isinstance(each.value, str)}
    return found


def test_every_page_is_in_the_menu_of_pages():
    modules = {module.name for module in pkgutil.iter_modules(pages.__path__)}

    assert {page.__name__.rpartition(".")[2] for page in PAGES} == modules


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.__name__.rpartition(".")[2])
def test_a_page_has_path_title_layout_and_register(page):
    assert page.PATH.startswith("/")
    assert page.TITLE.endswith(" · Assay")
    assert next(iter(inspect.signature(page.register).parameters)) in {"app", "_app"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.__name__.rpartition(".")[2])
def test_a_layout_takes_whatever_stands_in_the_address(page):
    kinds = {parameter.kind for parameter in inspect.signature(page.layout).parameters.values()}

    assert inspect.Parameter.VAR_KEYWORD in kinds


def test_paths_and_titles_differ():
    assert len({page.PATH for page in PAGES}) == len({page.TITLE for page in PAGES}) == len(PAGES)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.__name__.rpartition(".")[2])
def test_ids_begin_with_the_page_they_are_on(page):
    prefix = PREFIXES[page.__name__.rpartition(".")[2]]
    ids = literal_ids(page)

    assert all(WRITTEN.match(each) for each in ids)
    assert [each for each in ids if prefix is None or not each.startswith(prefix)] == []
    assert ids or prefix is None


def test_pages_can_be_imported_and_registered_any_number_of_times(app):
    registered = {module: page["path"] for module, page in dash.page_registry.items()}

    assert len(registered) == len(PAGES)
    assert set(registered) == {page.__name__ for page in PAGES}


def test_what_is_a_callback_is_a_plain_function():
    for page in PAGES:
        for node in ast.walk(ast.parse(inspect.getsource(page))):
            if isinstance(node, ast.FunctionDef):
                assert not node.decorator_list, f"{page.__name__}.{node.name} is wired by a decorator."
