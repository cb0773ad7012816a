"""segue users: the people who share a library, each with playlists, likes and a password of their own."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from segue.advice import command
from segue.cli.describe import moment
from segue.cli.options import Context
from segue.cli.show import print_json
from segue.cli.tables import columns

if TYPE_CHECKING:
    from segue.library import Library
    from segue.users import User

_password_option = click.option(
    "--password-file",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True),
    metavar="FILE",
    help="Read the password from the first line of a file; - is stdin (default: ask).",
)


@click.group(invoke_without_command=True, short_help="Manage the people who share the library.")
@click.pass_context
def users(context: click.Context) -> None:
    """List, add, change and remove the people who share the library.

    Each has likes, plays, playlists and a queue of their own, and logs in to segue serve with a name and a
    password. Without users a library is one person's, and its service asks for no name. Without a subcommand,
    this lists them.
    """
    if context.invoked_subcommand is None:
        context.invoke(list_users)


@users.command("list", short_help="List the users.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def list_users(context: Context, as_json: bool = False) -> None:
    """List the users, the owner first."""
    with context.open() as library:
        users = library.users.all()
        sessions = {user.id: library.users.sessions.of(user.id) for user in users}
    if as_json:
        print_json([asdict(user) | {"sessions": len(sessions[user.id])} for user in users])
    elif users:
        rows = [
            (user.name, _rights(user), moment(user.created_at), str(len(sessions[user.id]))) for user in users
        ]
        columns(("user", "rights", "added", "sessions"), rows)
    else:
        add = command("users add NAME", library=context.path if context.is_named else None)
        click.echo(f"the library has no users: it is one person's; to share it: {add}", err=True)


def _rights(user: User) -> str:
    return "owner" if user.owner else "administrator" if user.admin else "listener"


@users.command(short_help="Add a user.")
@click.argument("name")
@click.option("--admin", is_flag=True, help="An administrator: may scan, change settings and manage users.")
@_password_option
@click.pass_obj
def add(context: Context, name: str, admin: bool, password_file: str | None) -> None:
    """Add a user, whose password is asked for.

    The first one is the owner: an administrator, to whom all likes, plays and playlists of before belong.
    From then on, segue serve asks everybody for a name and a password.
    """
    with context.open() as library:
        first = not library.users
        user = library.users.add(name, _password(password_file), admin=admin)
    click.echo(f"added {user.name}, {_article(user)}")
    if first:
        click.echo(
            f"  {user.name} owns the library: its likes, plays, playlists and queue are {user.name}'s, also "
            "in the shell\n  segue serve asks for a name and a password now, also where it runs already",
            err=True,
        )


@users.command(short_help="Make a user an administrator or a listener.")
@click.argument("name")
@click.argument("what", type=click.Choice(("administrator", "listener")), metavar="administrator|listener")
@click.pass_obj
def rights(context: Context, name: str, what: str) -> None:
    """Make a user an administrator, who may scan, change settings and manage users, or a listener.

    Services that run know at once. The owner stays an administrator.
    """
    with context.open() as library:
        user = library.users.set_admin(library.users.get(name), what == "administrator")
    click.echo(f"{user.name} is {_article(user)} now")


def _article(user: User) -> str:
    return "the owner" if user.owner else "an administrator" if user.admin else "a listener"


@users.command(short_help="Give a user another password.")
@click.argument("name")
@_password_option
@click.pass_obj
def password(context: Context, name: str, password_file: str | None) -> None:
    """Give a user another password, which ends their sessions."""
    with context.open() as library:
        user = library.users.get(name)
        library.users.set_password(user, _password(password_file))
    click.echo(f"{user.name} has another password, and is logged out everywhere")


@users.command(short_help="Make a password for apps.")
@click.argument("name")
@click.option("--remove", is_flag=True, help="Only take back the one before.")
@click.pass_obj
def app_password(context: Context, name: str, remove: bool) -> None:
    """Make a random password with which apps log in by OpenSubsonic, in place of the one before.

    It opens nothing else. Apps ask for it as the password, or as an API key.
    """
    with context.open() as library:
        user = library.users.get(name)
        if remove:
            library.users.drop_app_password(user)
            click.echo(f"no app can log in as {user.name} now", err=True)
        else:
            click.echo(library.users.new_app_password(user))


@users.command(short_help="Remove a user with all that they keep.")
@click.argument("name")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@click.pass_obj
def remove(context: Context, name: str, yes: bool) -> None:
    """Remove a user, their sessions, likes, plays and playlists.

    The owner can be removed as the last one only. Then the library is one person's again, with all that the
    owner kept.
    """
    with context.open() as library:
        user = library.users.get(name)
        if user.owner:
            click.echo(f"{user.name}'s likes, plays and playlists stay: they are the library's", err=True)
        else:
            click.echo(f"{user.name} keeps {_describe_data(library, user)}; all this is deleted", err=True)
        if not yes:
            click.confirm(f"Remove {user.name}?", abort=True, err=True)
        library.users.remove(user)
    click.echo(f"removed {user.name}")


def _describe_data(library: Library, user: User) -> str:
    own = library.as_user(user)
    feedback, (_, plays) = own.feedback.latest(1_000_000), own.feedback.history(1)
    amounts = [(len(own.playlists.all()), "playlist"), (len(feedback), "like or dislike"), (plays, "play")]
    own.close()
    names = {"like or dislike": "likes and dislikes"}
    return ", ".join(f"{n:,} {one if n == 1 else names.get(one, f'{one}s')}" for n, one in amounts)


@users.command(short_help="List who is logged in, and end sessions.")
@click.argument("name", required=False)
@click.option("--end", metavar="ID", help="End this session of the user; all ends each.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def sessions(context: Context, name: str | None, end: str | None, as_json: bool) -> None:
    """List the sessions of a user, or of all, and end them.

    What is ended here is ended at once in services that run.
    """
    if end and not name:
        raise click.UsageError("--end needs the name of a user")
    with context.open() as library:
        table = library.users.sessions
        chosen = [library.users.get(name)] if name else library.users.all()
        if end:
            n = table.end_all(chosen[0].id) if end == "all" else int(table.end(chosen[0].id, end))
            click.echo(f"ended {n} {'session' if n == 1 else 'sessions'} of {chosen[0].name}")
            return
        logins = [(user, session) for user in chosen for session in table.of(user.id)]
    if as_json:
        print_json([asdict(session) | {"user": user.name} for user, session in logins])
    elif logins:
        rows = [(u.name, s.id, s.app, s.client, moment(s.created_at), moment(s.seen_at)) for u, s in logins]
        columns(("user", "id", "browser", "address", "since", "seen"), rows)
    else:
        click.echo("nobody is logged in", err=True)


def _password(file: str | None) -> str:
    """From a file's first line, or asked for twice without an echo."""
    if file is None and not sys.stdin.isatty():
        raise click.UsageError("no terminal to ask for the password on: --password-file FILE, or - for stdin")
    if file is None:
        return str(click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))
    try:
        text = sys.stdin.readline() if file == "-" else Path(file).read_text("utf-8").partition("\n")[0]
        text.encode()  # of stdin, what is no UTF-8 is only found here
    except UnicodeError:
        raise click.UsageError("the file with the password is not in UTF-8; save it as UTF-8") from None
    return text.removeprefix("\ufeff").rstrip("\r\n")
