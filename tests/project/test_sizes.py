"""Sizes: about 300 lines for a module and one screen for a function are the habit; these are the ceilings."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MODULE_LINES = 500
FUNCTION_LINES = 60
FOLDERS = ("quant", "webapp", "tasks", "benchmarks", "migrations", "tests")


def python_files() -> list[Path]:
    files = [file for folder in FOLDERS for file in (ROOT / folder).rglob("*.py")]
    return sorted(file for file in files if "versions" not in file.parts)


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return how many lines a function has from `def` to its end, its docstring left out."""
    lines = function.end_lineno - function.lineno + 1
    first = function.body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        lines -= first.end_lineno - first.lineno + 1
    return lines


def too_long(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and body_lines(node) > FUNCTION_LINES:
            yield f"{node.name}: {body_lines(node)} lines"


def test_a_reader_can_hold_a_module_in_mind():
    sizes = {str(file.relative_to(ROOT)): len(file.read_text().splitlines()) for file in python_files()}

    assert len(sizes) > 50
    assert {name: size for name, size in sizes.items() if size > MODULE_LINES} == {}


def test_a_function_fits_one_screen():
    found = {str(file.relative_to(ROOT)): list(too_long(ast.parse(file.read_text()))) for file in python_files()}

    assert {name: functions for name, functions in found.items() if functions} == {}


def test_a_docstring_does_not_make_a_function_long():
    statements = "\n".join("    pass" for _ in range(FUNCTION_LINES - 1))
    docstring = '    """Say.\n' + "\n" * 100 + '    """\n'

    assert list(too_long(ast.parse(f"def f():\n{docstring}{statements}"))) == []
    assert list(too_long(ast.parse(f"def f():\n{docstring}{statements}\n    pass"))) == ["f: 61 lines"]
