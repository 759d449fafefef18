"""Settings: the only reader of the environment."""

import os
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from webapp.bootstrap import kernels_digest

_BUCKET_OPTIONS = {"region", "endpoint_override", "scheme"}


class Settings(BaseSettings):
    """Everything that may differ between two installations.

    Each field is read from the variable `ASSAY_<FIELD>`, or from a file `assay_<field>` in `<home>/secrets`, where the
    launcher keeps what it made up itself.
    """

    # An empty variable is one that was not set: compose files and shells pass them on as such.
    model_config = SettingsConfigDict(
        env_prefix="ASSAY_",
        frozen=True,
        extra="ignore",
        env_ignore_empty=True,
        hide_input_in_errors=True,  # it may be a secret, and a program that cannot start prints its error
    )

    home: Path = Field(default=Path("var"), description="Folder of all data: database, prices, results, logs, secrets.")
    database_url: str = Field(default="", description="SQLAlchemy URL; empty: an SQLite file under `home`.")
    redis_url: SecretStr = Field(
        default=SecretStr(""), description="Redis URL; empty: the launcher starts an embedded server."
    )
    redis_ca_file: str = Field(
        default="", description="Certificates by which a server of `rediss://` is known; empty: the system's."
    )
    results_url: SecretStr = Field(
        default=SecretStr(""),
        description="Where prices, results and files lie that people brought: `file:///shared/folder`, or "
        "`s3://bucket/prefix?region=…&endpoint_override=…`; empty: under `home`.",
    )
    results_access_key: SecretStr = Field(
        default=SecretStr(""),
        description="Access key of the bucket; empty: as its SDK finds it (`AWS_ACCESS_KEY_ID`, profile, role).",
    )
    results_secret_key: SecretStr = Field(default=SecretStr(""), description="Secret key of the bucket.")
    results_ca_file: str = Field(
        default="", description="Certificates by which the bucket's server is known; empty: the system's."
    )
    secret_key: SecretStr = Field(description="Signs sessions and forms; at least 32 characters.")
    host: str = Field(default="127.0.0.1", description="Address the web server listens on.")
    port: int = Field(default=8050, ge=1, le=65535, description="Port the web server listens on.")
    web_processes: int = Field(default=2, ge=1, le=64, description="Web server processes.")
    web_threads: int = Field(default=4, ge=1, le=64, description="Threads of each web process.")
    worker_processes: int = Field(
        default=max(1, os.cpu_count() or 1), ge=1, le=256, description="Analyses that run at once on this machine."
    )
    fit_threads: int = Field(default=1, ge=1, le=64, description="Threads of one analysis; they change no result.")
    admin_email: str = Field(default="admin@assay.local", description="E-mail of the first administrator.")
    admin_password: SecretStr = Field(
        default=SecretStr(""), description="Password of the first administrator; empty: generated and printed once."
    )
    example: bool = Field(default=True, description="Submit one example analysis when there is none at all.")
    behind_https: bool = Field(default=False, description="Served over HTTPS: cookies are sent over HTTPS only.")
    trusted_proxies: int = Field(
        default=0, ge=0, le=8, description="Reverse proxies in front; what they forward about a visitor is believed."
    )
    session_days: int = Field(default=7, ge=1, le=90, description="Days until a session ends by itself.")
    sign_in_limit: str = Field(default="10 per minute", description="Sign-in attempts an address may make.")
    request_limit: str = Field(
        default="600 per minute", description="REST requests a person may make, by tokens and browser together."
    )
    analysis_time_limit_seconds: int = Field(
        default=4 * 3600, ge=10, description="An analysis running longer than this is stopped and failed."
    )
    analysis_memory_limit_bytes: int = Field(
        default=4 * 1024**3,
        ge=256 * 1024**2,
        description="An analysis using more memory than this is stopped and failed.",
    )
    lease_seconds: float = Field(default=20.0, gt=1, description="A worker silent for this long loses its analysis.")
    heartbeat_seconds: float = Field(default=5.0, gt=0.1, description="How often a worker says that it is alive.")
    cancel_grace_seconds: float = Field(
        default=2.0, ge=0, description="How long a cancelled analysis may take to stop by itself before it is killed."
    )
    stop_grace_seconds: float = Field(
        default=8.0,
        ge=0,
        description="How long a worker that is told to stop may go on with its job before it hands it back.",
    )
    max_attempts: int = Field(default=5, ge=1, description="How often an analysis is started before it is given up.")
    study_members_limit: int = Field(
        default=1000, ge=1, le=10_000, description="Most combinations of values that one study may ask about."
    )
    acquisition_time_limit_seconds: int = Field(
        default=900, ge=10, description="An acquisition of prices running longer than this is stopped and failed."
    )
    upload_days: int = Field(
        default=30, ge=1, le=3650, description="Days after which a file that nobody stored is cleared away."
    )
    yahoo_base_url: str = Field(
        default="", description="Where requests for Yahoo are sent, such as a gateway; empty: to Yahoo."
    )
    yahoo_requests_per_minute: int = Field(
        default=60, ge=1, le=1000, description="Requests that all data workers together may send to Yahoo in a minute."
    )
    metrics_token: SecretStr = Field(
        default=SecretStr(""),
        description="Bearer token, of 16 characters or more, of the system that reads `/metrics`; empty: no metrics.",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="Least level that is logged."
    )

    @field_validator("home")
    @classmethod
    def _absolute(cls, home: Path) -> Path:
        return home.expanduser().resolve()

    @field_validator("database_url")
    @classmethod
    def _known_driver(cls, url: str) -> str:
        return url.replace("postgres://", "postgresql+psycopg://", 1).replace(
            "postgresql://", "postgresql+psycopg://", 1
        )

    @field_validator("results_url")
    @classmethod
    def _known_place(cls, url: SecretStr) -> SecretStr:
        check_results_url(url.get_secret_value())
        return url

    @field_validator("secret_key")
    @classmethod
    def _long_enough(cls, secret_key: SecretStr) -> SecretStr:
        least = 32
        if len(secret_key.get_secret_value()) < least:
            raise ValueError(f"expected at least {least} characters; `python -m webapp up` makes one by itself")
        return secret_key

    @field_validator("metrics_token")
    @classmethod
    def _not_guessed(cls, token: SecretStr) -> SecretStr:
        least = 16
        if 0 < len(token.get_secret_value()) < least:
            raise ValueError(f"expected at least {least} characters, or none")
        return token

    @property
    def resolved_database_url(self) -> str:
        """The database to use: as set, or an SQLite file under `home`."""
        return self.database_url or f"sqlite:///{self.home / 'assay.sqlite'}"

    @property
    def resolved_redis_url(self) -> str:
        """The queue server's address, with its password and, over TLS, how it has to prove who it is.

        Everybody who connects reads the same address: Celery, the limits, health checks and pacing.
        """
        url = self.redis_url.get_secret_value()
        if not url.startswith("rediss:"):
            return url
        parts = urlsplit(url)
        options = {"ssl_cert_reqs": "required"}
        if self.redis_ca_file:
            options["ssl_ca_certs"] = self.redis_ca_file
        return urlunsplit(parts._replace(query=urlencode({**options, **dict(parse_qsl(parts.query))})))


def check_results_url(url: str) -> None:
    """Refuse an address at which no results can lie; a ValueError says what was expected."""
    if url.startswith("file:"):
        if urlsplit(url).netloc or not Path(unquote(urlsplit(url).path)).is_absolute():
            raise ValueError("expected file:///folder, an absolute path after three slashes")
    elif url:
        read_bucket_url(url)


def read_bucket_url(url: str) -> dict[str, str]:
    """Return what the address of a bucket says: `root`, which is bucket and prefix, and options of the client.

    Raises
    ------
    ValueError
        If it is none, has credentials in it, or options that nobody knows.
    """
    parts = urlsplit(url)
    if parts.username or parts.password:
        raise ValueError(
            "expected no credentials in it; they are ASSAY_RESULTS_ACCESS_KEY and ASSAY_RESULTS_SECRET_KEY"
        )
    if parts.scheme != "s3" or not parts.netloc:
        raise ValueError("expected s3://bucket/prefix or file:///folder")
    options = dict(parse_qsl(parts.query))
    if unknown := sorted(options.keys() - _BUCKET_OPTIONS):
        raise ValueError(f"expected options of {', '.join(sorted(_BUCKET_OPTIONS))}; found {', '.join(unknown)}")
    endpoint = urlsplit(options.get("endpoint_override", ""))
    if endpoint.scheme in {"http", "https"}:  # people write it with and without
        options |= {"scheme": endpoint.scheme, "endpoint_override": endpoint.netloc}
    return {"root": f"{parts.netloc}{parts.path}".rstrip("/"), **options}


def load_settings() -> Settings:
    """Read the settings from the environment and from the launcher's secret files."""
    home = Path(os.environ.get("ASSAY_HOME") or "var").expanduser().resolve()
    secrets = home / "secrets"
    return Settings(_secrets_dir=secrets if secrets.is_dir() else None)


def keep_libraries_to_one_thread() -> None:
    """Tell BLAS and OpenMP to use no threads of their own.

    Must run before the first import of numpy. Analyses run side by side in processes; threads inside each library would
    only fight over the cores, and some libraries give other last digits with another number of threads.
    """
    for library in ("OMP", "OPENBLAS", "MKL"):
        os.environ[f"{library}_NUM_THREADS"] = "1"


def place_compiled_kernels(settings: Settings) -> None:
    """Tell numba where it keeps what is compiled from now on; what was imported before stays beside its source.

    Each version of the code has a folder of its own: see `webapp.bootstrap.forget_old_kernels`.
    """
    code = kernels_digest(Path(__file__).resolve().parent.parent)
    os.environ["NUMBA_CACHE_DIR"] = str(settings.home / "cache" / "numba" / code[:16])
