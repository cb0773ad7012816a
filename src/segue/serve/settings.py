"""The settings of a service, the same for all its workers."""

from __future__ import annotations

import ipaddress
import json
import re
import secrets
import ssl
from dataclasses import asdict, dataclass, field
from typing import Any

from segue.errors import UsageError
from segue.texts import reason

SETTINGS_VARIABLE = "SEGUE_SERVE_SETTINGS"  # how workers are told
LOOPBACK = ("localhost", "127.0.0.1", "::1")
MEGABYTE = 1_000_000
_PATH = re.compile(r"(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+")  # no name is "." or "..", and none is empty
_LONGEST_PATH = 200  # characters
_OWN = frozenset("api assets docs metrics model openapi.json rest swagger.json".split())
_ORIGIN = re.compile(r"https?://[a-z0-9.:\[\]-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How to serve which library.

    Attributes
    ----------
    library : its folder
    workers : how many processes answer
    scratch : a folder that the workers share, gone with the service
    password, token : one of which a client must have, if there is any; with users, the token is the owner's
    has_users : whether the library had users when the service was started
    folders : that may be scanned besides those that were scanned before
    hosts : names by which clients may call the service, besides its address; all where ``host`` is open
    proxies : addresses whose word for a client's address is taken
    base_path : below which the service is seen, such as ``/segue``; empty at the top
    cors_origins : of pages whose scripts may use OpenSubsonic
    tls_cert, tls_key : files by which the service encrypts
    watch : whether the library's folders are followed; where it is not said, the library's setting decides
    shards : folder of an index in shards, served in place of a library
    max_api : whether IBM MAX's routes are there too, answered by ``embedder``
    upload_mb, upload_s : how large an upload may be, and how long it may take
    uploads_a_minute : of one client
    """

    library: str
    scratch: str
    workers: int = 1
    host: str = "127.0.0.1"
    port: int = 8765
    password: str | None = None
    token: str | None = None
    has_users: bool = False
    folders: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    proxies: str | None = None
    base_path: str = ""
    cors_origins: tuple[str, ...] = ()
    tls_cert: str | None = None
    tls_key: str | None = None
    watch: bool | None = None
    shards: str | None = None
    max_api: bool = False
    embedder: str = "vggish-relu"
    upload_mb: int = 64
    upload_s: float = 60.0
    uploads_a_minute: int = 60
    clip_s: float = 1800.0  # the longest sound of an upload
    secret: str = field(default_factory=lambda: secrets.token_hex(32), repr=False)

    @property
    def has_secret(self) -> bool:
        """Whether there is a password or a token."""
        return self.password is not None or self.token is not None

    @property
    def needs_login(self) -> bool:
        """Whether a client must say who it is."""
        return self.has_secret or self.has_users

    @property
    def on_loopback(self) -> bool:
        return is_loopback(self.host)

    @property
    def is_private(self) -> bool:
        """Whether only this machine can reach the service, and no proxy or other name leads to it."""
        return self.on_loopback and self.proxies is None and not self.hosts and not self.base_path

    def check(self) -> None:
        """Refuse to be open to a network without a password, and names that no client can call.

        Raises
        ------
        UsageError
        """
        if not self.on_loopback and not self.needs_login:
            raise UsageError(
                f"{self.host} is open to other machines: set --password or --token "
                "(or $SEGUE_PASSWORD, $SEGUE_TOKEN), add users (segue users add), or use 127.0.0.1"
            )
        self._check_sharing()
        self._check_certificate()
        for name in self.hosts:
            if not name or "/" in name:
                raise UsageError(f"--allow-host {name!r}: expected a host name, such as music.example.org")
        for proxy in (self.proxies or "").split(",") if self.proxies is not None else ():
            if not _is_network(proxy.strip()):
                raise UsageError(f"--behind-proxy {proxy!r}: expected addresses, such as 10.0.0.2,10.0.0.3")

    def _check_sharing(self) -> None:
        if self.cors_origins and not self.needs_login:
            raise UsageError("--cors-origin needs --password or --token, or users: else its pages read all")
        for origin in self.cors_origins:
            if not _ORIGIN.fullmatch(origin):
                raise UsageError(
                    f"--cors-origin {origin!r}: expected an origin, such as https://music.example.org"
                )

    def _check_certificate(self) -> None:
        if self.tls_key and not self.tls_cert:
            raise UsageError("--tls-key needs --tls-cert")
        if self.tls_cert:
            try:
                ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(
                    self.tls_cert, self.tls_key, password=_no_password
                )
            except (OSError, ValueError) as error:  # also what is no certificate, or not this key's
                raise UsageError(f"{self.tls_cert} cannot be used for TLS: {reason(error)}") from error

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Settings:
        values: dict[str, Any] = json.loads(text)
        fields: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in values.items()}
        return cls(**fields)


def _no_password() -> str:
    raise UsageError("the private key has a password; Segue needs one without")


def clean_base_path(text: str) -> str | None:
    """``/segue`` of ``segue/``, and nothing of ``/``.

    Returns
    -------
    str | None
        None where the text is no such path, or where its first name is one of the service's own.
    """
    path = f"/{text.strip('/')}" if text.strip("/") else ""
    if path and (len(path) > _LONGEST_PATH or not _PATH.fullmatch(path) or path.split("/")[1] in _OWN):
        return None
    return path


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text)
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
