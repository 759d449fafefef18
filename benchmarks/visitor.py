"""A visitor who signs in and looks at pages as a browser's first requests do; no picture is drawn."""

import gzip
import http.client
import json
import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from http.cookies import SimpleCookie
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode

from webapp.dashboard import paths

_PAGE_CONTENT = "_pages_content"  # Dash's name for the place where pages are shown
_PATIENCE_SECONDS = 60.0


class Visitor:
    """One browser: a connection and its cookies."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE_SECONDS)
        self._cookies: dict[str, str] = {}

    def __enter__(self) -> Self:
        """Return the visitor."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the connection."""
        self._connection.close()

    def sign_in(self, email: str, password: str) -> None:
        """Fill in the form."""
        form = self.get("/login").decode()
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', form)
        if token is None:
            raise RuntimeError("Expected a token in the sign-in form; found none.")
        fields = {"email": email, "password": password, "csrf_token": token[1]}
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        self._ask("POST", "/login", urlencode(fields), headers, expected=(HTTPStatus.FOUND,))

    def get(self, address: str) -> bytes:
        """Return what an address answers."""
        return self._ask("GET", address, None, {}, expected=(HTTPStatus.OK,))

    def changes(self, address: str, mark: str) -> dict[str, Any] | None:
        """Ask as an open page asks whether anything has changed; return what to show, None if nothing has."""
        headers = {"If-None-Match": f'"{mark}"', "Accept-Encoding": "gzip"}
        answer, said = self._answer("GET", address, None, headers, expected=(HTTPStatus.OK, HTTPStatus.NOT_MODIFIED))
        return json.loads(gzip.decompress(said)) if answer.status == HTTPStatus.OK else None

    def open_page(self, path: str, search: str = "") -> bytes:
        """Load a page of the dashboard: its shell, its layout and the callback that fills it; return the content."""
        self.get(f"{path}{search}")
        self.get(f"{paths.PREFIX}_dash-layout")
        callbacks: list[dict[str, Any]] = json.loads(self.get(f"{paths.PREFIX}_dash-dependencies"))
        router = next(callback for callback in callbacks if f"{_PAGE_CONTENT}.children" in callback["output"])
        return self.call_back(router, {"pathname": path, "search": search})

    def callback_of(self, output: str) -> Mapping[str, Any]:
        """Return the first callback that writes this `id.property`, as browsers are told of it."""
        callbacks: list[dict[str, Any]] = json.loads(self.get(f"{paths.PREFIX}_dash-dependencies"))
        return next(callback for callback in callbacks if output in callback["output"].strip(".").split("..."))

    def twin(self) -> Self:
        """Return another window of the same browser: signed in as this one, with a connection of its own."""
        other = type(self)(self._connection.port)
        other.take_cookies(self)
        return other

    def take_cookies(self, other: Self) -> None:
        """Be signed in as the other is."""
        self._cookies |= other._cookies

    def call_back(self, callback: Mapping[str, Any], values: Mapping[str, object]) -> bytes:
        """Send a callback its values, named by `id.property` or by the property alone; return what it answers."""
        parts = callback["output"].strip(".").split("...")
        outputs = [dict(zip(("id", "property"), part.rsplit(".", 1), strict=True)) for part in parts]
        inputs = [{**each, "value": _value(each, values)} for each in callback["inputs"]]
        state = [{**each, "value": _value(each, values)} for each in callback["state"]]
        body = {
            "output": callback["output"],
            "outputs": outputs if callback["output"].startswith("..") else outputs[0],
            "inputs": inputs,
            "state": state,
            "changedPropIds": [f"{each['id']}.{each['property']}" for each in inputs],
        }
        headers = {"Content-Type": "application/json", "X-CSRFToken": self._cookies["_csrf_token"]}
        address = f"{paths.PREFIX}_dash-update-component"
        # What has nothing new to say has no content.
        return self._ask("POST", address, json.dumps(body), headers, expected=(HTTPStatus.OK, HTTPStatus.NO_CONTENT))

    def _ask(
        self, method: str, address: str, body: str | None, headers: Mapping[str, str], *, expected: Sequence[HTTPStatus]
    ) -> bytes:
        return self._answer(method, address, body, headers, expected=expected)[1]

    def _answer(
        self, method: str, address: str, body: str | None, headers: Mapping[str, str], *, expected: Sequence[HTTPStatus]
    ) -> tuple[http.client.HTTPResponse, bytes]:
        cookies = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        headers = {**headers, "Cookie": cookies, "Accept": "*/*"}
        try:
            self._connection.request(method, address, body, headers)
            answer = self._connection.getresponse()
        except ConnectionError:  # it rested, and the server has ended it meanwhile: browsers open another, too
            self._connection.close()
            self._connection.request(method, address, body, headers)
            answer = self._connection.getresponse()
        said = answer.read()
        if answer.status not in expected:
            raise RuntimeError(f"Expected {expected} from {method} {address}; found {answer.status}: {said[:300]!r}")
        for line in answer.headers.get_all("Set-Cookie") or []:
            self._cookies |= {name: morsel.value for name, morsel in SimpleCookie(line).items()}
        return answer, said


def _value(part: Mapping[str, Any], values: Mapping[str, object]) -> object:
    return values.get(f"{part['id']}.{part['property']}", values.get(part["property"]))
