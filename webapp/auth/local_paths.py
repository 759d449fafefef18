"""Where to go after signing in: only to a page of ours."""

from urllib.parse import urlsplit

HOME = "/app/"
_LONGEST = 2000
_NEVER = ("/login", "/logout", "/api/", "/app/_dash")


def to_local_path(target: str | None) -> str:
    r"""Return the target if it is a path on this host, else the home page.

    Browsers read a backslash as a slash and drop tabs and line breaks, so `/\\host` and `/<tab>/host` leave the host as
    `//host` does; none of these characters belongs in an address anyway.
    """
    if not target or len(target) > _LONGEST or not target.startswith("/") or target.startswith(("//", *_NEVER)):
        return HOME
    if "\\" in target or not target.isascii() or not target.isprintable() or " " in target:
        return HOME
    parts = urlsplit(target)
    return HOME if parts.scheme or parts.netloc else target
