import hashlib
import re
from pathlib import Path

import pytest

import webapp

pytestmark = pytest.mark.databases("sqlite")

EVERYWHERE = ["/login", "/healthz", "/page", "/api/v1/who", "/static/theme.js", "/nothing", "/app/"]


def policy(answer):
    parts = (part.strip().split(" ", 1) for part in answer.headers["Content-Security-Policy"].split(";"))
    return {name: values for name, values in parts}  # noqa: C416  # pairs of a list


@pytest.mark.parametrize("path", EVERYWHERE)
def test_every_answer_carries_the_headers(client, path, browser):
    with client.get(path, headers=browser) as answer:
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert "geolocation=()" in answer.headers["Permissions-Policy"]
        assert "Strict-Transport-Security" not in answer.headers
        assert policy(answer)["default-src"] == "'none'"
        assert policy(answer)["frame-ancestors"] == "'none'"
        assert "unsafe-eval" not in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("path", ["/login", "/page", "/nothing"])
def test_pages_run_our_files_and_nothing_else(signed_in, path, browser):
    found = policy(signed_in.get(path, headers=browser))

    assert found["script-src"] == "'self'"
    assert found["style-src"] == "'self'"
    assert found["form-action"] == "'self'"
    assert found["base-uri"] == "'none'"


def test_the_dashboard_runs_our_files_and_the_scripts_that_dash_wrote(signed_in, browser):
    answer = signed_in.get("/app/", headers=browser)
    scripts = policy(answer)["script-src"].split()

    assert scripts[0] == "'self'"
    assert all(re.fullmatch(r"'sha256-[\w+/=]+'", script) for script in scripts[1:])
    assert policy(answer)["style-src"] == "'self' 'unsafe-inline'"
    assert "unsafe" not in policy(answer)["script-src"]


@pytest.mark.parametrize("path", ["/page", "/api/v1/who", "/app/_dash-who", "/app/", "/login", "/nothing"])
def test_nothing_personal_is_kept_by_caches(signed_in, path, browser):
    assert signed_in.get(path, headers=browser).headers["Cache-Control"] == "no-store"


def test_a_view_may_allow_more(app, signed_in):
    def view():
        return {"a": 1}, 200, {"Cache-Control": "private, max-age=60"}

    app.config["VIEW"] = view
    assert signed_in.get("/api/v1/view").headers["Cache-Control"] == "private, max-age=60"


def test_static_files_are_kept_for_a_year_under_the_address_of_their_content(client, browser):
    address = re.search(r"/static/theme\.js\?v=\w+", client.get("/login", headers=browser).text)[0]

    with client.get(address) as answer:
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert "Set-Cookie" not in answer.headers
    with client.get("/static/theme.js") as answer:
        assert "immutable" not in answer.headers["Cache-Control"]


def test_fonts_and_icons_are_asked_for_under_the_address_of_their_content(client):
    folder = Path(webapp.__file__).parent / "static"
    fonts = re.findall(r'url\("(vendor/inter/[^"?]+)\?v=(\w+)"\)', (folder / "assay.css").read_text())
    assert len(fonts) == 3
    assert all(hashlib.sha256((folder / name).read_bytes()).hexdigest()[:10] == mark for name, mark in fonts)
    icons = folder / "vendor" / "bootstrap-icons"
    address = re.search(r'fonts/[^"]+\?[0-9a-f]{32}', (icons / "bootstrap-icons.min.css").read_text())[0]

    for path in (f"{fonts[0][0]}?v={fonts[0][1]}", f"vendor/bootstrap-icons/{address}"):
        with client.get(f"/static/{path}") as answer:
            assert answer.status_code == 200
            assert "immutable" in answer.headers["Cache-Control"]


def test_the_dashboards_own_scripts_are_kept_for_a_year_too(signed_in, browser):
    page = signed_in.get("/app/", headers=browser).text
    address = re.search(r"/app/assets/charts\.js\?m=[\d.]+", page)[0]

    with signed_in.get(address) as answer:
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    with signed_in.get("/app/assets/charts.js") as answer:
        assert "immutable" not in answer.headers["Cache-Control"]


def test_behind_https_browsers_are_told_to_stay_there(settings, make_app):
    secure = make_app(settings.model_copy(update={"behind_https": True})).test_client()

    assert secure.get("/healthz").headers["Strict-Transport-Security"] == "max-age=31536000"


def test_no_answer_tells_what_it_runs_on(signed_in, browser):
    for path in EVERYWHERE:
        with signed_in.get(path, headers=browser) as answer:
            assert not {"Server", "X-Powered-By", "Access-Control-Allow-Origin"} & set(answer.headers.keys())
