import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from webapp.config import Settings, load_settings, place_compiled_kernels, read_bucket_url

KEY = "a key that is long enough to be taken"


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    """A home folder that holds the launcher's secrets."""
    monkeypatch.setenv("ASSAY_HOME", str(tmp_path))
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "assay_secret_key").write_text(KEY)
    (tmp_path / "secrets" / "assay_redis_url").write_text("redis://:made-up@127.0.0.1:4000/0")
    return tmp_path


def test_secrets_come_from_the_launchers_files(home):
    settings = load_settings()

    assert settings.home == home
    assert settings.secret_key.get_secret_value() == KEY
    assert settings.redis_url.get_secret_value() == "redis://:made-up@127.0.0.1:4000/0"
    assert settings.resolved_database_url == f"sqlite:///{home}/assay.sqlite"


def test_kernels_of_each_version_of_the_code_lie_apart(home, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", "")
    places = set()
    for digest in ("1" * 64, "2" * 64):
        monkeypatch.setattr("webapp.config.kernels_digest", lambda _, digest=digest: digest)
        place_compiled_kernels(load_settings())
        places.add(os.environ["NUMBA_CACHE_DIR"])  # noqa: TID251  # what numba reads

    assert places == {f"{home}/cache/numba/{digit * 16}" for digit in ("1", "2")}


def test_the_environment_stands_over_the_files(home, monkeypatch):
    monkeypatch.setenv("ASSAY_REDIS_URL", "redis://elsewhere/0")

    assert load_settings().redis_url.get_secret_value() == "redis://elsewhere/0"


def test_an_empty_variable_is_one_that_was_not_set(home, monkeypatch):
    for name in ("REDIS_URL", "PORT", "ADMIN_EMAIL"):
        monkeypatch.setenv(f"ASSAY_{name}", "")
    settings = load_settings()

    assert "made-up" in settings.redis_url.get_secret_value()
    assert settings.port == 8050
    assert settings.admin_email == "admin@assay.local"


def test_without_a_secret_key_nothing_starts(tmp_path, monkeypatch):
    monkeypatch.setenv("ASSAY_HOME", str(tmp_path))
    with pytest.raises(ValidationError, match="secret_key\n  Field required"):
        load_settings()
    with pytest.raises(ValidationError, match="expected at least 32 characters"):
        Settings(secret_key="short")


def test_no_secret_is_shown_by_accident():
    settings = Settings(secret_key=KEY, redis_url="redis://:hunter2@host/0", admin_password="hunter3")

    assert not any(secret in repr(settings) + str(settings) for secret in (KEY, "hunter2", "hunter3"))


def test_nothing_changes_after_it_was_read():
    settings = Settings(secret_key=KEY)
    with pytest.raises(ValidationError, match="frozen"):
        settings.port = 9


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_spelling_of_postgresql_names_the_driver_we_have(scheme):
    settings = Settings(secret_key=KEY, database_url=f"{scheme}://user:secret@host/name")

    assert settings.resolved_database_url == "postgresql+psycopg://user:secret@host/name"


def test_a_relative_home_is_the_same_for_every_program(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    assert Settings(secret_key=KEY, home="data").home == tmp_path / "data"
    assert Settings(secret_key=KEY, home="~").home == Path.home()


@pytest.mark.parametrize(("name", "value"), [("port", 0), ("port", 70_000), ("web_threads", 0), ("log_level", "LOUD")])
def test_what_cannot_work_is_refused(name, value):
    with pytest.raises(ValidationError, match=name):
        Settings(secret_key=KEY, **{name: value})


def test_a_secret_that_is_refused_is_not_shown():
    with pytest.raises(ValidationError) as caught:
        Settings(secret_key="hunter2")

    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    ["", "file:///mnt/a%20share", "s3://bucket", "s3://bucket/a/b?region=eu-central-1&endpoint_override=minio:9000"],
)
def test_where_results_may_lie(url):
    assert Settings(secret_key=KEY, results_url=url).results_url.get_secret_value() == url


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("file://host/folder", "three slashes"),
        ("file:relative", "three slashes"),
        ("http://bucket", "expected s3://bucket/prefix"),
        ("s3://?region=x", "expected s3://bucket/prefix"),
        ("s3://bucket?zone=x", "found zone"),
        ("s3://key:hunter2@bucket/x", "expected no credentials"),
    ],
)
def test_where_results_may_not_lie(url, problem):
    with pytest.raises(ValidationError, match=problem) as caught:
        Settings(secret_key=KEY, results_url=url)
    assert "hunter2" not in str(caught.value)


def test_the_server_of_a_bucket_is_named_with_its_scheme_or_without():
    assert read_bucket_url("s3://b/p/?endpoint_override=http://minio:9000") == {
        "root": "b/p", "endpoint_override": "minio:9000", "scheme": "http",
    }  # fmt: skip
    assert read_bucket_url("s3://b?endpoint_override=minio:9000") == {"root": "b", "endpoint_override": "minio:9000"}


def test_a_queue_over_tls_has_to_prove_who_it_is():
    plain = Settings(secret_key=KEY, redis_url="redis://:p@host/0", redis_ca_file="/ca.pem")
    assert plain.resolved_redis_url == "redis://:p@host/0"
    safe = Settings(secret_key=KEY, redis_url="rediss://:p@host:6380/0", redis_ca_file="/a ca.pem")
    assert safe.resolved_redis_url == "rediss://:p@host:6380/0?ssl_cert_reqs=required&ssl_ca_certs=%2Fa+ca.pem"
    assert (
        Settings(secret_key=KEY, redis_url="rediss://host").resolved_redis_url == "rediss://host?ssl_cert_reqs=required"
    )
