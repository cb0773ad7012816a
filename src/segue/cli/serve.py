"""segue serve and segue max-serve: a library, or a model, over HTTP."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
import time
import webbrowser
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from segue.cli import serve_unit
from segue.cli.model_download import embedder_of, pull_option
from segue.cli.options import Context
from segue.errors import MissingExtraError, UsageError
from segue.paths import expand_home

if TYPE_CHECKING:
    from segue.serve.settings import Settings

PORT, MAX_PORT = 8765, 5000
_TRIED = 20  # ports after the usual one
_LISTENERS = click.Choice(["vggish-relu", "vggish", "vggish-int8"])  # their windows are frames of 8 bits
_USUAL = "vggish-relu"
_FILE = click.Path(exists=True, dir_okay=False)
_APP = "segue.serve.app:make_worker_app"
_MAX_APP = "segue.serve.max.api:make_max_worker_app"
_SHARDS_APP = "segue.serve.shards.api:make_shards_worker_app"
_OF_A_LIBRARY = ("folders", "watch", "max_api", "embedder", "pull", "cors_origins", "upload_mb")


def _base_path(_: click.Context, __: click.Parameter, text: str) -> str:
    from segue.serve.settings import clean_base_path

    path = clean_base_path(text)
    if path is None:
        form = "a path of letters, digits and -._~, such as /segue, and none of the service's own"
        raise UsageError(f"--base-path {text!r}: expected {form}")
    return path


def _origins(_: click.Context, __: click.Parameter, names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name.lower().rstrip("/") for name in names)


@click.command(short_help="Start the player and the HTTP API.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; 0.0.0.0 is all.")
@click.option("--port", "-p", type=click.IntRange(0, 65_535), help=f"Port ({PORT}, or the next free one).")
@click.option("--open/--no-open", "show", default=True, help="Open the player in a browser (default).")
@click.option("--password", envvar="SEGUE_PASSWORD", help="Password for everybody (or $SEGUE_PASSWORD).")
@click.option("--token", envvar="SEGUE_TOKEN", help="Bearer token for programs (or $SEGUE_TOKEN).")
@click.option(
    "--behind-proxy",
    "proxies",
    is_flag=False,
    flag_value="127.0.0.1,::1",
    metavar="[ADDRESS,...]",
    help="Take clients' addresses from the proxy in front (default: on this machine).",
)
@click.option(
    "--base-path",
    default="",
    metavar="PATH",
    callback=_base_path,
    help="Path below which a proxy shows the service, as /segue.",
)
@click.option("--allow-host", "hosts", multiple=True, help="Another host name that clients may use.")
@click.option(
    "--cors-origin",
    "cors_origins",
    multiple=True,
    metavar="ORIGIN",
    callback=_origins,
    help="Origin of a web player that may use OpenSubsonic, as https://music.example.org.",
)
@click.option(
    "--tls-cert", type=_FILE, metavar="FILE", help="Certificate, with which the service encrypts (PEM)."
)
@click.option("--tls-key", type=_FILE, metavar="FILE", help="Its private key, where that is another file.")
@click.option(
    "--folder",
    "folders",
    multiple=True,
    type=click.Path(exists=True, file_okay=False),
    help="Folder that clients may scan, besides those scanned before.",
)
@click.option(
    "--workers", "-w", type=click.IntRange(1, 64), default=1, show_default=True, help="Worker processes."
)
@click.option(
    "--watch/--no-watch",
    default=None,
    help="Follow the scanned folders, and take in what changes, or not (default: as segue settings says).",
)
@click.option(
    "--shards",
    type=click.Path(exists=True, file_okay=False),
    help="Serve an index in shards (segue spark index) in place of the library.",
)
@click.option("--max-api", is_flag=True, help="Also serve the API of IBM's MAX Audio Embedding Generator.")
@click.option("--embedder", "-e", type=_LISTENERS, help="Embedder of --max-api (default: vggish-relu).")
@click.option(
    "--upload-mb", type=click.IntRange(1, 4096), default=64, show_default=True, help="Largest upload."
)
@click.option("--print-unit", is_flag=True, help="Print a unit of systemd that starts this, and stop.")
@pull_option
@click.pass_obj
def serve(
    context: Context,
    /,
    port: int | None,
    show: bool,
    workers: int,
    folders: tuple[str, ...],
    max_api: bool,
    embedder: str | None,
    print_unit: bool,
    **others: Any,
) -> None:
    """Serve the library: the player, a JSON API, and OpenSubsonic for other players.

    Only this machine can reach the service, unless --host opens it to others: that needs --password or
    --token. Ctrl-C stops it.
    """
    call, shards, pull = click.get_current_context(), others.pop("shards"), others.pop("pull")
    if shards:
        _require_shards_alone(call)
    elif embedder and not max_api:
        raise click.UsageError("--embedder needs --max-api")
    if print_unit:
        serve_unit.print_unit(call, None if shards else context.path)
        return
    if shards:
        show = show and call.get_parameter_source("show") is ParameterSource.COMMANDLINE
        _serve_shards(shards, port, workers, show=show, **others)
        return
    others |= {"max_api": max_api, "embedder": embedder or _USUAL}
    from segue.serve.scratch import scratch_folder

    with scratch_folder() as scratch:
        tops = tuple(str(expand_home(folder).absolute()) for folder in folders)
        others |= _of_users(context.path, others["password"])
        settings = _settings(library=str(context.path.absolute()), scratch=scratch, folders=tops, **others)
        with context.open(create=_is_new(context.path)):
            pass  # a library that cannot be opened says so here, once
        if settings.max_api:
            embedder_of(settings.embedder, pull)  # now, not at the first request
        _run(_APP, settings, port, PORT, workers=workers, show=show)


@click.command("max-serve", short_help="Serve IBM's MAX audio embedding API.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; 0.0.0.0 is all.")
@click.option(
    "--port", "-p", type=click.IntRange(0, 65_535), help=f"Port ({MAX_PORT}, or the next free one)."
)
@click.option("--password", envvar="SEGUE_PASSWORD", help="Password for everybody (or $SEGUE_PASSWORD).")
@click.option("--token", envvar="SEGUE_TOKEN", help="Bearer token for programs (or $SEGUE_TOKEN).")
@click.option(
    "--behind-proxy",
    "proxies",
    is_flag=False,
    flag_value="127.0.0.1,::1",
    metavar="[ADDRESS,...]",
    help="Take clients' addresses from the proxy in front (default: on this machine).",
)
@click.option("--allow-host", "hosts", multiple=True, help="Another host name that clients may use.")
@click.option(
    "--workers", "-w", type=click.IntRange(1, 64), default=1, show_default=True, help="Worker processes."
)
@click.option("--embedder", "-e", type=_LISTENERS, default=_USUAL, show_default=True, help="Embedder.")
@click.option(
    "--upload-mb", type=click.IntRange(1, 4096), default=64, show_default=True, help="Largest upload."
)
@pull_option
def max_serve(port: int | None, workers: int, pull: bool | None, **others: Any) -> None:
    """Serve the same API as IBM's MAX Audio Embedding Generator. This needs no library.

    Only this machine can reach the service, unless --host opens it to others: that needs --password or
    --token. Ctrl-C stops it.
    """
    from segue.serve.scratch import scratch_folder

    with scratch_folder() as scratch:
        settings = _settings(library="", scratch=scratch, max_api=True, **others)
        embedder_of(settings.embedder, pull)
        _run(_MAX_APP, settings, port, MAX_PORT, workers=workers, show=False)


def _require_shards_alone(call: click.Context) -> None:
    """Raises UsageError where an option was given that means nothing to an index without a library."""
    options = [
        max(parameter.opts, key=len)
        for parameter in call.command.params
        if parameter.name in _OF_A_LIBRARY
        and call.get_parameter_source(parameter.name) is ParameterSource.COMMANDLINE
        and call.params[parameter.name] is not False
    ]
    if call.find_root().get_parameter_source("library") is ParameterSource.COMMANDLINE:
        options.insert(0, "--library")
    if options:
        raise click.UsageError(f"--shards serves an index alone: leave out {', '.join(options)}")


def _of_users(path: Path, password: str | None) -> dict[str, Any]:
    """What the library's users change of the settings; a password of all is none of them."""
    from segue.users import Users

    if not Users(path).all():
        return {}
    if password is not None:
        click.echo(
            "the library has users, who log in with their own passwords: --password is not used", err=True
        )
    return {"has_users": True, "password": None}


def _is_new(path: Path) -> bool:
    """Whether there is nothing yet, so that an empty library can be made for the page to fill."""
    return not path.exists() or (path.is_dir() and not any(path.iterdir()))


def _settings(**values: Any) -> Settings:
    try:
        import fastapi  # noqa: F401 - only to see whether the extra is there
        import uvicorn  # noqa: F401
    except ImportError as error:
        raise MissingExtraError("The service", "serve") from error
    from segue.serve.settings import Settings

    settings = Settings(**values)
    settings.check()
    return settings


def _serve_shards(folder: str, port: int | None, workers: int, *, show: bool, **others: Any) -> None:
    """Raises UsageError, before there are workers, where the folder holds no index."""
    from segue.serve.scratch import scratch_folder

    try:
        from segue.spark.shards import Shards

        Shards.open(folder)
    except ImportError as error:
        raise MissingExtraError("An index in shards", "spark") from error
    with scratch_folder() as scratch:
        settings = _settings(library="", scratch=scratch, shards=str(Path(folder).absolute()), **others)
        _run(_SHARDS_APP, settings, port, PORT, workers=workers, show=show)


def _run(app: str, settings: Settings, port: int | None, usual: int, *, workers: int, show: bool) -> None:
    import uvicorn

    from segue.serve.http.connections import LimitedProtocol, raise_file_limit
    from segue.serve.settings import SETTINGS_VARIABLE

    raise_file_limit()
    _end_as_by_ctrl_c()

    chosen = _port(settings.host, port, usual)
    settings = replace(settings, port=chosen, workers=workers)
    os.environ[SETTINGS_VARIABLE] = settings.to_json()  # how workers are told
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    shown = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else host
    address = f"http{'s' * bool(settings.tls_cert)}://{shown}:{chosen}{settings.base_path}/"
    click.echo(f"{address}  (Ctrl-C stops it)")
    if show:
        threading.Thread(target=_show, args=(address, shown.strip("[]"), chosen), daemon=True).start()
    options: dict[str, Any] = {
        "factory": True, "host": settings.host, "port": chosen, "workers": workers, "log_level": "warning",
        "access_log": False, "server_header": False, "timeout_graceful_shutdown": 2, "timeout_keep_alive": 75,
        "proxy_headers": settings.proxies is not None, "forwarded_allow_ips": settings.proxies or "",
        "ws": "none", "http": LimitedProtocol, "ssl_certfile": settings.tls_cert,
        "ssl_keyfile": settings.tls_key,
    }  # fmt: skip
    with contextlib.suppress(KeyboardInterrupt):
        if workers > 1:
            uvicorn.run(app, **options)
        else:
            uvicorn.Server(uvicorn.Config(app, **options)).run()


def _end_as_by_ctrl_c() -> None:
    """Have SIGTERM and SIGHUP end the service as Ctrl-C does, so that nothing of it is left."""

    def end(number: int, frame: FrameType | None) -> None:
        signal.raise_signal(signal.SIGINT)

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # uvicorn raises it again at its end
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, end)


def _port(host: str, port: int | None, usual: int) -> int:
    """The port that was asked for, or the usual one, or the next that is free.

    Raises
    ------
    UsageError
    """
    numbers = [port] if port is not None else [*range(usual, usual + _TRIED), 0]
    for number in numbers:
        free_port = _free(host, number)
        if free_port:
            if port is None and free_port != usual:
                click.echo(f"port {usual} is in use; using port {free_port} instead", err=True)
            return free_port
    raise UsageError(f"cannot listen on port {port} of {host}: it is in use or not allowed; try --port 0")


def _free(host: str, port: int) -> int | None:
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            if os.name != "nt":
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            return int(probe.getsockname()[1])
    except OSError as error:
        if isinstance(error, socket.gaierror):
            raise UsageError(f"{host!r} is not an address of this machine: {error.strerror}") from error
        return None


def _show(address: str, host: str, port: int) -> None:
    """Open the browser once the service answers."""
    for _ in range(100):
        with contextlib.suppress(OSError), socket.create_connection((host, port), 0.5):
            webbrowser.open(address)
            return
        time.sleep(0.1)
