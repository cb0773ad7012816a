"""Users of a library: what each keeps, passwords, sessions; and the command that manages them."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from segue.catalog.own_data import OwnConnections
from segue.errors import LibraryFormatError, LibraryNotFoundError, UsageError
from segue.library import Library
from segue.users import SESSION_S, Users
from segue.users.sessions import hash_of

pytestmark = pytest.mark.slow

GOLDEN = Path(__file__).parent / "golden"
OLGAS, ANNAS = "olga's own password", "anna's own password"


@pytest.fixture
def root(tmp_path: Path, scanned: Path) -> Path:
    return Path(shutil.copytree(scanned, tmp_path / "library"))


@pytest.fixture
def shared(root: Path) -> Iterator[Library]:
    """A library with something liked, of Olga, its owner, and Anna."""
    with Library.open(root) as library:
        library.like("Low number 0")
        library.users.add("Olga", OLGAS)
        library.users.add("Anna", ANNAS)
        yield library


def ids(library: Library) -> list[str]:
    return [track.id for track in library]


def test_without_users_nothing_is_made(root: Path):
    with Library.open(root) as library:
        assert not library.users
        assert library.users.accounts() is None
        assert library.users.log_in("anna", "whatever") is None
    assert not (root / "users").exists()


def test_the_first_user_owns_what_was_kept_before(shared: Library):
    olga, anna = shared.users.all()
    assert (olga.owner, olga.admin, anna.owner, anna.admin) == (True, True, False, False)
    assert [one.verdict for one in shared.as_user("olga").feedback.latest()] == ["like"]
    assert shared.as_user("Anna").feedback.latest() == []


def test_each_has_likes_plays_playlists_a_queue_ratings_and_bookmarks(shared: Library):
    first, second, *_ = ids(shared)
    with shared.as_user("Anna") as annas:
        annas.feedback.give([second], "dislike")
        annas.record_plays([first])
        annas.playlists.create("Anna's", [first, second])
        annas.play_queue.save([second], player="anna")
        annas.bookmarks.save(first, 1000)
        annas.feedback.rate(first, 5)
        annas.feedback.star("album", ["al-1"])
        assert [p.n for p in annas.playlists.all()] == [2]
        assert annas.seed_group("playlist:Anna's").seeds[1].id == second
        assert annas.seed_group("recent:1").seeds[0].id == first
        assert annas.home().played[0].id == first
    assert shared.feedback.latest()[0].verdict == "like"
    assert shared.feedback.history() == ([], 0)
    assert shared.playlists.all() == shared.bookmarks.all() == []
    assert shared.play_queue.get().tracks == ()
    assert shared.feedback.ratings() == shared.feedback.stars("album") == {}
    with pytest.raises(UsageError):
        shared.seed_group("playlist:Anna's")


def test_only_ones_own_dislikes_leave_tracks_out(shared: Library):
    annas = shared.as_user("Anna")
    before = [match.track.id for match in shared.similar("Low number 1", k=5)]
    annas.dislike(before[0])
    assert before[0] not in [match.track.id for match in annas.similar("Low number 1", k=5)]
    assert [match.track.id for match in shared.similar("Low number 1", k=5)] == before


def test_a_users_connection_cannot_change_the_library(shared: Library):
    file = shared.users.own_file(shared.users.get("Anna"))
    assert file is not None
    own = OwnConnections(shared.path, file)
    with pytest.raises(Exception, match="readonly"):
        own.db.execute("DELETE FROM tracks")
    own.close()


def test_a_user_sees_what_a_scan_adds_and_settings_of_all(shared: Library, folder: Path):
    annas = shared.as_user("Anna")
    annas.like("Low number 1")
    n, before = len(annas), annas.similar("Low number 1", k=3)
    shared.scan(folder)
    shared.settings.change(speech=True)
    assert len(annas) == len(shared) >= n
    assert annas.settings.load().speech
    assert [m.track.title for m in annas.similar("Low number 1", k=3)] == [m.track.title for m in before]


def test_passwords_and_session_words_are_never_written_plainly(shared: Library):
    anna = shared.users.get("anna")
    word = shared.users.sessions.start(anna.id, "Firefox/130 Linux")
    written = b"".join(path.read_bytes() for path in (shared.path / "users").iterdir())
    assert b"$argon2id$" in written
    for secret in (OLGAS, ANNAS, word):
        assert secret.encode() not in written
    assert hash_of(word).encode() in written
    for path in (shared.path / "users").iterdir():
        assert path.stat().st_mode & 0o077 == 0


def test_logging_in_takes_the_name_in_any_case_and_the_right_password(shared: Library):
    users = shared.users
    anna = users.log_in(" ANNA ", ANNAS)
    assert anna.name == "Anna"
    for name, password in (("anna", OLGAS), ("anna", ""), ("nobody", ANNAS), ("", "")):
        assert users.log_in(name, password) is None


@pytest.mark.parametrize(
    ("name", "password", "words"),
    [
        ("ANNA", "long enough", "already"),
        ("", "long enough", "no name"),
        ("a\nb", "long enough", "no name"),
        ("x" * 65, "long enough", "no name"),
        ("bert", "short", "8 to 300"),
        ("bert", "x" * 301, "8 to 300"),
    ],
)
def test_names_are_taken_once_and_passwords_have_a_length(shared: Library, name, password, words):
    with pytest.raises(UsageError, match=words):
        shared.users.add(name, password)
    assert len(shared.users.all()) == 2


def test_sessions_are_listed_ended_and_expire(shared: Library, monkeypatch: pytest.MonkeyPatch):
    anna, held = shared.users.get("anna"), shared.users.sessions
    first = held.start(
        anna.id, "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0", "::1"
    )
    second = held.start(anna.id)
    assert sorted(session.app for session in held.of(anna.id)) == ["Firefox on Linux", "unknown"]
    mine = held.by_hash()[hash_of(second)]
    assert held.end_all(anna.id, but=mine.id) == 1
    assert list(held.by_hash()) == [hash_of(second)]
    assert not held.end(shared.users.get("olga").id, mine.id)  # another's
    assert held.end(anna.id, mine.id)
    assert first not in held.by_hash()
    held.start(anna.id)
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + SESSION_S + 1)
    assert held.of(anna.id) == []


def test_another_password_ends_sessions_but_the_own(shared: Library):
    anna, held = shared.users.get("anna"), shared.users.sessions
    words = [held.start(anna.id) for _ in range(3)]
    mine = held.by_hash()[hash_of(words[0])]
    shared.users.set_password(anna, "another password", but=mine.id)
    assert held.of(anna.id) == [mine]
    shared.users.set_password(anna, "yet another password")
    assert held.of(anna.id) == []
    assert shared.users.log_in("anna", ANNAS) is None
    assert shared.users.log_in("anna", "yet another password") is not None


def test_an_app_password_is_one_users_until_it_is_taken_back(shared: Library):
    anna = shared.users.get("anna")
    word = shared.users.new_app_password(anna)
    accounts = shared.users.accounts()
    assert accounts is not None
    assert len(word) >= 32
    assert accounts.by_app_password(word) == shared.users.get("anna")
    assert accounts.by_app_password("") is None
    shared.users.drop_app_password(anna)
    accounts = shared.users.accounts()
    assert accounts is not None
    assert accounts.by_app_password(word) is None


def test_a_removed_user_takes_their_things_along(shared: Library):
    anna = shared.users.get("anna")
    file = shared.users.own_file(anna)
    assert file is not None
    shared.users.sessions.start(anna.id)
    shared.users.remove(anna)
    assert not file.exists()
    assert shared.users.sessions.by_hash() == {}
    with pytest.raises(LibraryNotFoundError):
        shared.as_user(anna).playlists.all()


def test_the_owner_goes_last_and_leaves_the_library_as_it_was(shared: Library):
    olga, anna = shared.users.all()
    with pytest.raises(UsageError, match="last"):
        shared.users.remove(olga)
    shared.users.remove(anna)
    shared.users.remove(olga)
    assert not shared.users
    assert [one.verdict for one in shared.feedback.latest()] == ["like"]


def test_rights_change_and_the_owner_keeps_them(shared: Library):
    olga, anna = shared.users.all()
    word = shared.users.sessions.start(anna.id)
    assert shared.users.set_admin(anna, True).admin
    assert shared.users.get("anna").admin
    with pytest.raises(UsageError, match="stays an administrator"):
        shared.users.set_admin(olga, False)
    assert shared.users.set_admin(olga, True) == olga
    assert not shared.users.set_admin(anna, False).admin
    assert hash_of(word) in shared.users.sessions.by_hash()
    shared.users.remove(anna)
    with pytest.raises(UsageError, match="no user"):
        shared.users.set_admin(anna, True)


def test_other_processes_see_changes_at_once(shared: Library):
    other = Users(shared.path)
    assert [user.name for user in other.all()] == ["Olga", "Anna"]
    bert = shared.users.add("Bert", "bert's own password")
    word = shared.users.sessions.start(bert.id)
    accounts = other.accounts()
    assert accounts is not None
    assert accounts.sessions[hash_of(word)].user == bert.id
    other.close()


def test_a_backup_has_the_users_and_what_they_keep(shared: Library, tmp_path: Path):
    shared.as_user("anna").like("Low number 2")
    shared.back_up(tmp_path / "copy")
    with Library.open(tmp_path / "copy") as copy:
        assert [user.name for user in copy.users.all()] == ["Olga", "Anna"]
        assert len(copy.as_user("anna").feedback.latest()) == 1
        assert copy.users.log_in("anna", ANNAS) is not None


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_libraries_of_before_get_users(tmp_path: Path, version: str):
    shutil.copytree(GOLDEN / version, tmp_path / "old")
    (root,) = {path.parent for path in (tmp_path / "old").rglob("catalog.sqlite")}
    with Library.open(root) as library:
        library.users.add("Olga", OLGAS)
        anna = library.users.add("Anna", ANNAS)
        library.as_user(anna).feedback.give(ids(library)[:1], "like")
        assert len(library.as_user("anna").feedback.latest()) == 1
        assert ids(library.as_user("anna")) == ids(library)


def test_a_foreign_or_damaged_file_is_refused(shared: Library):
    file = shared.users.own_file(shared.users.get("anna"))
    assert file is not None
    for content in (b"no database at all" * 100, b""):
        file.write_bytes(content)
        with pytest.raises(LibraryFormatError):
            shared.as_user("anna").playlists.all()
    shared.users.close()
    (shared.path / "users" / "users.sqlite").write_bytes(b"no database" * 100)
    with pytest.raises(LibraryFormatError):
        Users(shared.path).accounts()


_COURSE = """
import sys
from segue.library import Library
with Library.open(sys.argv[1]) as library:
    library.users.add("Olga", "olga's own password") if not library.users else None
    n = 0
    while True:
        user = library.users.add(f"user {n}", "a password of theirs")
        own = library.as_user(user)
        own.playlists.create("kept", ["a", "b"])
        print(n, flush=True)
        if n % 2:
            library.users.remove(user)
        n += 1
"""


def test_a_kill_at_any_moment_leaves_users_whole(root: Path):
    for seconds in (0.0, 0.13, 0.31, 0.47):
        process = subprocess.Popen(
            [sys.executable, "-c", _COURSE, str(root)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "0\n"
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        with Library.open(root) as library:
            for user in library.users.all():
                with library.as_user(user) as own:
                    assert {tuple(own.playlists.tracks(p.id)) for p in own.playlists.all()} <= {("a", "b")}
                if not user.owner:
                    library.users.remove(user)
            library.users.add("Last", "a password of theirs")
            library.users.remove(library.users.get("last"))
            left = {path.name for path in (root / "users").iterdir()}
            assert left <= {"users.sqlite", "users.sqlite-wal", "users.sqlite-shm"}


# The command


def test_no_password_is_asked_for_where_nobody_sees_the_question(
    segue, root: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("sys.stdin", io.StringIO())
    code, _, err = segue("-l", root, "users", "add", "Olga")
    assert code == 2
    assert "no terminal to ask for the password on: --password-file FILE" in err


def test_a_password_in_a_file_is_read_as_editors_save_it(segue, root: Path, tmp_path: Path, monkeypatch):
    secret, add = tmp_path / "password", ("-l", root, "users", "add", "Olga", "--password-file")
    secret.write_bytes("pässwort ist lang".encode("latin-1"))
    monkeypatch.setattr("sys.stdin", io.StringIO("p\udce4sswort ist lang\n"))
    for file in (secret, "-"):
        code, _, err = segue(*add, file)
        assert (code, "not in UTF-8; save it as UTF-8" in err) == (2, True)
    secret.write_text(f"{OLGAS}\r\n", "utf-8-sig", newline="")
    assert segue(*add, secret)[0] == 0
    with Library.open(root) as library:
        assert library.users.log_in("olga", OLGAS)


def test_the_command_adds_lists_and_removes_users(segue, root: Path, tmp_path: Path):
    secret = tmp_path / "password"
    secret.write_text(f"{OLGAS}\nthe second line is none\n")
    users = ("-l", root, "users")
    code, out, err = segue(*users)
    assert (code, out) == (0, "")
    assert "one person's" in err
    code, out, err = segue(*users, "add", "Olga", "--password-file", secret)
    assert (code, out) == (0, "added Olga, the owner\n")
    assert "owns the library" in err
    assert segue(*users, "add", "Anna", "--password-file", secret)[1] == "added Anna, a listener\n"
    assert segue(*users, "add", "Bert", "--admin", "--password-file", secret)[1].endswith(
        "an administrator\n"
    )
    listed = json.loads(segue(*users, "list", "--json")[1])
    assert [(one["name"], one["admin"], one["sessions"]) for one in listed] == [
        ("Olga", True, 0), ("Anna", False, 0), ("Bert", True, 0),
    ]  # fmt: skip
    assert "password" not in json.dumps(listed).replace("has_app_password", "")
    with Library.open(root) as library:
        assert library.users.log_in("olga", OLGAS)
    assert segue(*users, "rights", "anna", "administrator")[:2] == (0, "Anna is an administrator now\n")
    assert segue(*users, "rights", "Anna", "listener")[:2] == (0, "Anna is a listener now\n")
    code, _, err = segue(*users, "rights", "olga", "listener")
    assert code == 2
    assert "stays an administrator" in err
    code, out, err = segue(*users, "remove", "anna", "--yes")
    assert (code, out) == (0, "removed Anna\n")
    assert "0 playlists, 0 likes and dislikes, 0 plays; all this is deleted" in err
    assert segue(*users, "remove", "Olga", "--yes")[0] == 2
    assert segue(*users, "password", "nobody", "--password-file", secret)[0] == 2


def test_the_command_ends_sessions_and_makes_app_passwords(segue, root: Path, tmp_path: Path):
    secret = tmp_path / "password"
    secret.write_text(OLGAS)
    users = ("-l", root, "users")
    segue(*users, "add", "Olga", "--password-file", secret)
    with Library.open(root) as library:
        olga = library.users.get("olga")
        library.users.sessions.start(olga.id, "Firefox/130 Linux", "10.0.0.7")
        library.users.sessions.start(olga.id)
    (one, other) = json.loads(segue(*users, "sessions", "--json")[1])
    assert {one["user"], other["user"]} == {"Olga"}
    assert "Firefox on Linux" in segue(*users, "sessions", "olga")[1]
    assert segue(*users, "sessions", "olga", "--end", one["id"])[1] == "ended 1 session of Olga\n"
    assert segue(*users, "password", "olga", "--password-file", secret)[0] == 0
    assert segue(*users, "sessions")[2] == "nobody is logged in\n"
    word = segue(*users, "app-password", "olga")[1].strip()
    with Library.open(root) as library:
        accounts = library.users.accounts()
        assert accounts is not None
        assert accounts.by_app_password(word) == library.users.get("olga")
    segue(*users, "app-password", "olga", "--remove")
    with Library.open(root) as library:
        assert not library.users.get("olga").has_app_password
