import json
import re
from pathlib import Path

import pytest

import webapp
from webapp.dashboard.app import static_url
from webapp.dashboard.pages import PAGES

pytestmark = pytest.mark.databases("sqlite")

STATIC = Path(webapp.__file__).parent / "static"
ASSETS = Path(webapp.__file__).parent / "dashboard" / "assets"


@pytest.fixture
def page(log_in, client):
    log_in()
    return client.get("/app/", headers={"Accept": "text/html"})


def test_the_page_asks_no_other_host_for_anything(page):
    assert page.status_code == 200
    assert re.findall(r"""(?:src|href)=["'](?:https?:)?//""", page.text) == []


def test_the_theme_is_chosen_before_anything_is_painted(page):
    head = page.text[: page.text.index("</head>")]

    assert head.index("theme.js") < head.index("stylesheet")
    assert not re.search(r"<script[^>]*theme\.js[^>]*(defer|async)", head)


def test_everything_the_page_names_is_there(page, client):
    named = [
        each
        for each in re.findall(r"""(?:src|href)=["']([^"']+)["']""", page.text)
        if "_dash-component-suites" not in each
    ]

    assert len(named) >= 10
    for address in named:
        answer = client.get(address)
        answer.close()
        assert answer.status_code == 200, address


def test_scripts_that_dash_writes_are_allowed_by_the_policy_and_nothing_may_be_evaluated(page):
    policy = page.headers["Content-Security-Policy"]

    assert "unsafe-eval" not in policy
    assert policy.count("'sha256-") >= 1
    assert len(re.findall(r"<script>", page.text)) <= policy.count("'sha256-")


def test_callbacks_cannot_be_called_as_tools(log_in, client):
    log_in()

    for path in ("/app/_mcp", "/_mcp"):
        assert client.post(path, json={}, headers={"Accept": "application/json"}).status_code in {400, 404, 405}


def test_every_callback_belongs_to_a_page_or_the_shell(log_in, client):
    log_in()
    client.get("/app/")
    outputs = [each["output"] for each in client.get("/app/_dash-dependencies").get_json()]

    names = [page.__name__.rpartition(".")[2].replace("_", "-") for page in PAGES]
    prefixes = (*[f"{name}-" for name in names], "shell-", "_pages_")
    inside = [re.sub(r"@.*$", "", part.strip(".")) for output in outputs for part in output.split("...")]
    plain = [json.loads(each[: each.rindex(".")])["type"] if each.startswith("{") else each for each in inside if each]
    assert [each for each in plain if not each.startswith(prefixes)] == []


def test_a_static_file_is_named_by_its_content():
    assert re.fullmatch(r"/static/assay\.css\?v=[0-9a-f]{10}", static_url("assay.css"))
    assert static_url("theme.js") != static_url("logo.svg")


@pytest.mark.parametrize(
    "file",
    sorted(file for folder in (STATIC, ASSETS) for file in folder.rglob("*") if file.is_file()),
    ids=lambda each: each.name,
)
def test_no_file_for_browsers_is_large_or_asks_the_internet(file):
    assert file.stat().st_size <= 1_000_000
    if file.suffix in {".css", ".js"}:
        assert (
            re.findall(r"url\(\s*[\"']?(?:https?:)?//|@import|importScripts|eval\(|new Function", file.read_text())
            == []
        )


@pytest.mark.parametrize("folder", sorted((STATIC / "vendor").iterdir()), ids=lambda each: each.name)
def test_what_others_made_comes_with_its_licence(folder):
    assert (folder / "LICENSE").stat().st_size > 500


@pytest.mark.parametrize(
    "style", sorted([*STATIC.glob("*.css"), *STATIC.glob("vendor/*/*.css")]), ids=lambda each: each.name
)
def test_fonts_and_pictures_that_styles_name_are_there(style):
    named = re.findall(r"url\([\"']?([^\"')]+)[\"']?\)", style.read_text())
    local = [each.partition("?")[0] for each in named if not each.startswith("data:")]

    # A browser that takes woff2 never asks for the older form of the same font.
    assert [each for each in local if not each.endswith(".woff") and not (style.parent / each).exists()] == []


# --- what no page sends ---------------------------------------------------------------------------------------------


@pytest.fixture
def call(log_in, client):
    """`call(body)` sends a body to where callbacks are answered; `call.known` is a whole call."""
    log_in()
    client.get("/app/", headers={"Accept": "text/html"})
    headers = {"X-CSRFToken": client.get_cookie("_csrf_token").decoded_value}

    def call(body):
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        return client.post("/app/_dash-update-component", data=text, headers=headers, content_type="application/json")

    drawing = next(
        each
        for each in client.get("/app/_dash-dependencies").json
        if each["output"].startswith("new-analysis-") and not each["clientside_function"]
    )
    component, _, name = drawing["output"].partition(".")
    call.known = {
        "output": drawing["output"],
        "outputs": {"id": component, "property": name},
        "inputs": drawing["inputs"],
        "state": [[] if each["id"].startswith("{") else each for each in drawing["state"]],
        "changedPropIds": [],
    }
    return call


def test_a_whole_call_is_answered(call):
    assert call(call.known).status_code in {200, 204}


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"\xff", b"{}", b"[]", b"null", b"1", b'{"output": 1}', b'{"output": {}}', b"[" * 100_000, b"9" * 5000],
)
def test_what_is_no_call_of_a_callback_is_refused(call, body):
    answer = call(body)

    assert (answer.status_code, answer.json["code"]) == (400, "bad_request")


def test_a_callback_that_is_not_there_is_not_found(call):
    answer = call({**call.known, "output": "nothing.children"})

    assert (answer.status_code, answer.json["code"]) == (404, "not_found")


@pytest.mark.parametrize("part", ["outputs", "inputs", "state", "changedPropIds"])
@pytest.mark.parametrize("sent", [None, 1, "x", {}, [1], [[1]], [{"id": 1}], [{"id": "x"}], [[[]]]])
def test_a_call_that_is_not_whole_is_refused(call, part, sent):
    assert call({**call.known, part: sent}).status_code == 400
    assert call({key: value for key, value in call.known.items() if key != part}).status_code == 400


def test_values_that_are_nested_without_end_are_refused(call):
    deep = json.dumps(call.known)[:-1].encode() + b', "x": ' + b"[" * 900 + b"]" * 900 + b"}"
    inputs = json.dumps({**call.known, "inputs": ["HERE"]}).encode()

    assert call(deep).status_code in {200, 204}
    deeper = b'{"id": "x", "property": "y", "value": ' + b"[" * 900 + b"]" * 900 + b"}"
    assert call(inputs.replace(b'"HERE"', deeper)).status_code in {200, 204, 400}  # whoever looks into it refuses it


@pytest.mark.parametrize("path", ["os/path.py", "dash/dash.py", "x/y", "dash/../../etc/passwd"])
def test_only_files_for_browsers_are_served(log_in, client, path):
    log_in()
    answer = client.get(f"/app/_dash-component-suites/{path}")

    assert (answer.status_code, answer.json["code"]) == (404, "not_found")
