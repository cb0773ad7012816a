"""segue -v: what is used, and how long it took."""

from __future__ import annotations

import time

import click

from segue.cli.config import config_path


def tell_of_run(context: click.Context) -> None:
    """Say on stderr what the command uses, and at its end what it took."""
    config = config_path()
    click.echo(f"library: {context.obj.path}", err=True)
    click.echo(f"settings: {config}{'' if config.exists() else ' (not there)'}", err=True)
    started = time.perf_counter(), time.process_time()

    def tell() -> None:
        wall, cpu = time.perf_counter() - started[0], time.process_time() - started[1]
        click.echo(f"took {wall:.2f} s, {cpu:.2f} s of a processor{_memory()}", err=True)

    context.call_on_close(tell)


def _memory() -> str:
    try:
        import resource
    except ImportError:  # Windows
        return ""
    import sys

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return f", {most / (1e6 if sys.platform == 'darwin' else 1e3):.0f} MB at the most"
