"""Places for bytes: a folder and a bucket, which do the same."""

import os
import socket
import subprocess
import sys
import time

import pytest

from tests import schema
from webapp import places
from webapp.errors import ServiceUnavailable
from webapp.places import Bucket, Folder


@pytest.fixture(params=["folder", "bucket"])
def place(request, tmp_path):
    if request.param == "folder":
        return Folder(tmp_path / "place")
    store = request.getfixturevalue("object_store")
    return Bucket(store.url(store.create_bucket()), access_key="key", secret_key="secret")


def test_what_is_written_is_found_and_read(place):
    assert list(place.files()) == []
    place.write("ab/one", [b"date,", b"close"])
    place.write("ab/one", [b"later"])
    place.write("cd/two/three", [b"x" * 100])

    assert [(found.name, found.n_bytes) for found in place.files()] == [("ab/one", 5), ("cd/two/three", 100)]
    assert all(abs(found.written_at.timestamp() - time.time()) < 60 for found in place.files())
    with place.open("ab/one") as file:
        assert file.read() == b"later"
        assert file.seek(0, os.SEEK_END) == 5
    with pytest.raises(FileNotFoundError):
        place.open("ab/none")


def test_a_large_file_arrives_in_pieces(place):
    place.write("ab/large", (bytes([number]) * 1024**2 for number in range(12)))
    with place.open("ab/large") as file:
        content = file.read()
    assert (len(content), content[0], content[-1]) == (12 * 1024**2, 0, 11)


def test_what_breaks_off_is_not_there(place):
    def breaks():
        yield b"x" * 100
        raise OverflowError

    with pytest.raises(OverflowError):
        place.write("ab/half", breaks())
    assert list(place.files()) == []


def test_a_place_says_whether_it_answers(place, tmp_path, object_store):
    assert place.problem() == ""
    none = Bucket(object_store.url("no-such-bucket"), access_key="key", secret_key="secret")
    assert none.problem() == "there is no bucket no-such-bucket"
    with pytest.raises(ServiceUnavailable):
        none.write("ab/x", [b"x"])
    assert "is it mounted?" in Folder(tmp_path / "place", share=tmp_path / "none").problem()


def test_a_server_that_says_nothing_is_given_up(monkeypatch):
    monkeypatch.setattr(places, "_HEALTH_SECONDS", 1.0)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"s3://bucket/x?region=us-east-1&endpoint_override=http://127.0.0.1:{silent.getsockname()[1]}"
        began = time.monotonic()
        assert Bucket(url, access_key="key", secret_key="secret").problem()
        assert time.monotonic() - began < 8


# The parent uses the bucket, as its children do; all of them end as they should, and nothing waits for a cloud.
FORKS = """
import os, sys, time
from webapp.places import Bucket
bucket = Bucket(sys.argv[1], access_key="key", secret_key="secret")
child = os.fork()
if not child:
    bucket.write("ab/child", [b"child"])
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
bucket.write("ab/parent", [b"parent"])
print(sorted(found.name for found in bucket.files()))
"""


def test_the_client_is_made_in_each_process_after_a_fork_and_ends_with_it(object_store):
    argv = [sys.executable, "-c", FORKS, object_store.url(object_store.create_bucket())]
    done = subprocess.run(argv, cwd=schema.ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "['ab/child', 'ab/parent']\n", "")
