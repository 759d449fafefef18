from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.auth.local_paths import HOME, to_local_path


@pytest.mark.parametrize(
    "target", ["/app/", "/app/new?from=1a", "/app/analyses/ab12?tab=risk", "/page", "/a//b", "/@x"]
)
def test_paths_of_ours_are_kept(target):
    assert to_local_path(target) == target


@pytest.mark.parametrize(
    "target",
    [
        None,
        "",
        "app/",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\\/evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "/\r\nSet-Cookie: a=b",
        "/\x00/evil.example",
        " //evil.example",
        "http://evil.example",
        "https:evil.example",
        "https:/evil.example",
        "javascript:alert(1)",
        "data:text/html,x",
        "/app/ x",
        "/ü",
        "/\u2028",
        "/" + "a" * 2001,
        "/login?next=/app/",
        "/logout",
        "/api/v1/analyses",
        "/app/_dash-layout",
    ],
)
def test_everything_else_leads_home(target):
    assert to_local_path(target) == HOME


@given(st.text(alphabet="/\\:.@?#%\t\r\n ab\x00ü", max_size=20))
def test_a_browser_always_stays_here(target):
    seen_by_browser = to_local_path(target).replace("\\", "/").replace("\t", "").replace("\r", "").replace("\n", "")

    assert urlsplit(urljoin("https://assay.example/login", seen_by_browser)).netloc == "assay.example"
