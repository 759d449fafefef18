"""In processes of their own: pytest keeps the root logger for itself."""

import json
import subprocess
import sys

LOGGING = "import logging; from webapp.logs import configure_logging; configure_logging('INFO')\n"


def logged(code: str) -> list[dict]:
    done = subprocess.run([sys.executable, "-c", LOGGING + code], capture_output=True, text=True, check=True)
    assert done.stdout == ""
    return [json.loads(line) for line in done.stderr.splitlines()]


def test_an_event_is_one_line_of_json():
    # Configured a second time, as by a worker's child, nothing doubles.
    (line,) = logged(
        "configure_logging('INFO')\n"
        r"logging.getLogger('webapp.jobs').warning('Sent %s.\nOr not.', 'it', extra={'task': 'work', 'size': 3})"
    )

    assert line.pop("at").endswith("+00:00")
    assert line == {
        "level": "WARNING",
        "logger": "webapp.jobs",
        "message": "Sent it.\nOr not.",
        "task": "work",
        "size": 3,
    }


def test_what_is_below_the_level_is_not_logged():
    lines = logged("logging.getLogger('quant').debug('detail'); logging.getLogger('quant').info('event')")

    assert [line["message"] for line in lines] == ["event"]


def test_an_exception_keeps_its_traceback():
    (line,) = logged("try: 1 / 0\nexcept ZeroDivisionError: logging.getLogger('tasks').exception('It failed.')")

    assert line["message"] == "It failed."
    assert line["traceback"].startswith("Traceback")
    assert line["traceback"].endswith("ZeroDivisionError: division by zero")


def test_what_json_does_not_know_is_spelt():
    (line,) = logged("import pathlib; logging.info('Saved.', extra={'where': pathlib.PurePosixPath('/here')})")

    assert line["where"] == "/here"


def test_what_lines_are_about_is_in_each_of_them_until_it_ends():
    lines = logged(
        "from webapp.logs import bind, bound, mention\n"
        "say = logging.getLogger('tests').info\n"
        "bind(request_id='r', user='')\n"
        "say('1')\n"
        "with bound(analysis='a'): say('2', extra={'analysis': 'b'}); mention(user='u'); say('3')\n"
        "say('4'); bind(); say('5')"
    )
    about = [{key: line[key] for key in ("request_id", "user", "analysis") if key in line} for line in lines]

    asked = {"request_id": "r"}
    assert about == [asked, {**asked, "analysis": "b"}, {**asked, "analysis": "a", "user": "u"}, asked, {}]
