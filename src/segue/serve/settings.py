"""The settings of a service, the same for all its workers."""

from __future__ import annotations

import ipaddress
import json
import secrets
from dataclasses import asdict, dataclass, field
from typing import Any

from segue.errors import UsageError

SETTINGS_VARIABLE = "SEGUE_SERVE_SETTINGS"  # how workers are told
LOOPBACK = ("localhost", "127.0.0.1", "::1")
MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How to serve which library.

    Attributes
    ----------
    library : its folder
    workers : how many processes answer
    scratch : a folder that the workers share, gone with the service
    password, token : one of which a client must have, if there is any
    folders : that may be scanned besides those that were scanned before
    hosts : names by which clients may call the service, besides its address; all where ``host`` is open
    proxies : addresses whose word for a client's address is taken
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
    folders: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    proxies: str | None = None
    max_api: bool = False
    embedder: str = "vggish-relu"
    upload_mb: int = 64
    upload_s: float = 60.0
    uploads_a_minute: int = 60
    clip_s: float = 1800.0  # the longest sound of an upload
    secret: str = field(default_factory=lambda: secrets.token_hex(32), repr=False)

    @property
    def has_secret(self) -> bool:
        """Whether a client must say who it is."""
        return self.password is not None or self.token is not None

    @property
    def on_loopback(self) -> bool:
        return is_loopback(self.host)

    @property
    def is_private(self) -> bool:
        """Whether only this machine can reach the service, and no proxy or other name leads to it."""
        return self.on_loopback and self.proxies is None and not self.hosts

    def check(self) -> None:
        """Refuse to be open to a network without a password, and names that no client can call.

        Raises
        ------
        UsageError
        """
        if not self.on_loopback and not self.has_secret:
            raise UsageError(
                f"{self.host} is open to other machines: set --password or --token "
                "(or $SEGUE_PASSWORD, $SEGUE_TOKEN), or use 127.0.0.1"
            )
        for name in self.hosts:
            if not name or "/" in name:
                raise UsageError(f"--allow-host {name!r}: expected a host name, such as music.example.org")
        for proxy in (self.proxies or "").split(",") if self.proxies is not None else ():
            if not _is_network(proxy.strip()):
                raise UsageError(f"--behind-proxy {proxy!r}: expected addresses, such as 10.0.0.2,10.0.0.3")

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Settings:
        values: dict[str, Any] = json.loads(text)
        fields: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in values.items()}
        return cls(**fields)


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
