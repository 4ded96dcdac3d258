"""What was answered is never lost: not by a kill, another kernel, a damaged file or a full disk."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import platformdirs
import pytest

from course.requirements import ROOT
from quizzes import sqlitefile, store
from quizzes.store import ProgressError, Store

WRITER = """
import sys
from quizzes.store import Store
store = Store(sys.argv[1])
for n in range(int(sys.argv[2])):
    attempt = store.record("quiz", f"q{n % 7}", ["a"], "right", 1.0)
    assert store.notice is None, store.notice
    print(attempt.uuid, flush=True)
"""


def writer(path: Path, count: int) -> subprocess.Popen[str]:
    """Another kernel that records attempts and says each one's uuid once it is recorded."""
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), str(count)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "progress.db"


@pytest.fixture
def progress(path: Path) -> Store:
    return Store(str(path))


def answer(progress: Store, item: str = "q1", outcome: str = "right") -> str:
    return progress.record("quiz", item, ["a"], outcome, 1.0).uuid


def uuids(progress: Store) -> set[str]:
    return {each.uuid for each in progress.attempts()}


def test_latest_answer_to_each_item_is_there_for_the_next_kernel(path: Path) -> None:
    first = Store(str(path))
    first.record("quiz", "q1", ["a"], "wrong", 0)
    first.record("quiz", "q1", ["b", "c"], "partly", 0.5)
    first.record("quiz", "q2", "3 s", "right", 1)
    first.record("exercise", "q1", None, "passed", 1)
    latest = Store(str(path)).latest("quiz")
    assert latest.keys() == {"q1", "q2"}
    assert (latest["q1"].answer, latest["q1"].outcome, latest["q1"].score) == (
        ["b", "c"],
        "partly",
        0.5,
    )
    assert latest["q2"].answer == "3 s"
    assert len(Store(str(path)).attempts()) == 4


@pytest.mark.parametrize("value", ["\ud800", "\x00", "'; DROP TABLE attempts; --", {"é": [1.5]}, 7])
def test_any_answer_comes_back_as_it_was(path: Path, value: Any) -> None:
    Store(str(path)).record("quiz", "q1", value, "wrong", 0)
    assert Store(str(path)).latest("quiz")["q1"].answer == value


def test_reading_makes_no_file(path: Path, progress: Store) -> None:
    assert progress.latest("quiz") == {}
    assert not path.parent.exists()


def test_two_kernels_write_at_once_and_nothing_is_lost(tmp_path: Path) -> None:
    memory = Path("/dev/shm")  # where synchronising with the disk takes no time
    with TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else tmp_path) as folder:
        path = Path(folder, "progress.db")
        writers = [writer(path, 1_000), writer(path, 1_000)]
        written = [process.communicate(timeout=100)[0].split() for process in writers]
        assert [process.returncode for process in writers] == [0, 0]
        log = Store(str(path)).attempts()
    assert len(log) == 2_000
    assert {each.uuid for each in log} == {*written[0], *written[1]}


def test_kill_loses_nothing_that_was_recorded(path: Path, progress: Store) -> None:
    with writer(path, 100_000) as process:
        assert process.stdout is not None
        said = [process.stdout.readline().strip() for _ in range(40)]
        process.send_signal(signal.SIGKILL)
        said += process.stdout.read().split()
    whole = {uuid for uuid in said if len(uuid) == 36}
    assert len(whole) >= 40
    assert whole <= uuids(progress)
    assert progress.notice is None
    answer(progress)
    assert progress.notice is None


def spoil(path: Path, page: int) -> None:
    """Overwrite one page of an SQLite file."""
    with path.open("r+b") as file:
        file.seek(page * 4096)
        file.write(b"\xa5" * 4096)


def test_file_that_is_no_database_is_set_aside_and_a_new_one_begun(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"this was a shopping list\n" * 500)
    progress = Store(str(path))
    uuid = answer(progress)
    (aside,) = path.parent.glob("progress.damaged-*.db")
    assert aside.read_bytes().startswith(b"this was")
    assert progress.notice is not None
    assert str(aside) in progress.notice
    assert progress.notice.endswith("(it is empty).")
    assert uuids(Store(str(path))) == {uuid}


def test_answers_that_can_be_read_of_a_damaged_file_are_carried_over(
    path: Path, progress: Store
) -> None:
    before = {answer(progress, f"q{n}") for n in range(150)}
    with closing(sqlite3.connect(path)) as connection:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
    spoil(path, pages // 2)
    again = Store(str(path))
    carried = uuids(again)
    assert again.notice is not None
    assert f"({len(carried)} of its answers were carried over)" in again.notice
    assert 50 < len(carried) <= 150
    assert carried <= before


def test_damage_under_a_running_kernel_is_found(path: Path, progress: Store) -> None:
    answer(progress)
    path.write_bytes(b"no longer a database" * 300)
    uuid = answer(progress)
    assert progress.notice is not None
    assert uuids(Store(str(path))) == {uuid}


def test_file_deleted_under_a_running_kernel_is_begun_anew(path: Path, progress: Store) -> None:
    answer(progress)
    path.unlink()
    uuid = answer(progress)
    assert progress.notice is None
    assert uuids(Store(str(path))) == {uuid}


def test_answers_on_a_full_disk_are_kept_and_saved_later(
    monkeypatch: pytest.MonkeyPatch, path: Path, progress: Store
) -> None:
    answer(progress)
    with monkeypatch.context() as small:
        small.setattr(sqlitefile, "PRAGMAS", ("synchronous = FULL", "max_page_count = 8"))
        given = {progress.record("quiz", f"q{n}", "a" * 4000, "right", 1).uuid for n in range(9)}
        assert progress.notice is not None
        assert "the disk is full" in progress.notice
        assert given <= uuids(progress)
        assert progress.notice is not None
        assert not given <= uuids(Store(str(path)))
    given.add(answer(progress))
    assert progress.notice is None
    assert given <= uuids(Store(str(path)))


@pytest.mark.parametrize(
    "error", [PermissionError(13, "Permission denied"), OSError(28, "No space")]
)
def test_answer_is_kept_where_no_folder_can_be_made(
    monkeypatch: pytest.MonkeyPatch, progress: Store, error: OSError
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(Path, "mkdir", refuse)
    uuid = answer(progress)
    assert progress.notice is not None
    assert progress.notice.startswith("Your progress is kept in memory only, because ")
    assert "\n" not in progress.notice
    assert uuids(progress) == {uuid}


def test_read_only_file_is_said_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, path: Path, progress: Store
) -> None:
    answer(progress)
    monkeypatch.setattr(sqlitefile, "PRAGMAS", ("query_only = ON",))
    uuid = answer(progress)
    assert progress.notice == (
        f"Your progress is kept in memory only, because {path} cannot be written to: "
        "make it writable, or set COURSE_PROGRESS to another file."
    )
    assert uuid in uuids(progress)


def test_file_held_by_another_program_is_waited_for_and_then_said(
    monkeypatch: pytest.MonkeyPatch, path: Path, progress: Store
) -> None:
    answer(progress)
    monkeypatch.setattr(sqlitefile, "BUSY_SECONDS", 0.05)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        uuid = answer(progress)
        assert progress.notice is not None
        assert "another program holds" in progress.notice
    answer(progress)
    assert progress.notice is None
    assert uuid in uuids(Store(str(path)))


def test_progress_of_a_newer_course_is_left_alone_to_the_byte(path: Path) -> None:
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE schema_version (version INTEGER)")
        connection.execute("INSERT INTO schema_version VALUES (99)")
        connection.execute("CREATE TABLE answers (of TEXT)")
    before = path.read_bytes()
    newer = Store(str(path))
    assert newer.attempts() == []
    uuid = answer(newer)
    assert newer.notice is not None
    assert "newer version of the course" in newer.notice
    assert uuids(newer) == {uuid}
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


VERSION_1 = """
CREATE TABLE schema_version (version INTEGER);
INSERT INTO schema_version VALUES (1);
CREATE TABLE attempts (
    id INTEGER NOT NULL, uuid VARCHAR(36) NOT NULL, kind VARCHAR(40) NOT NULL,
    item_id VARCHAR(200) NOT NULL, answer TEXT NOT NULL, outcome VARCHAR(40) NOT NULL,
    score FLOAT NOT NULL, at VARCHAR(40) NOT NULL, PRIMARY KEY (id), UNIQUE (uuid)
);
CREATE INDEX attempts_by_item ON attempts (kind, item_id);
INSERT INTO attempts VALUES (1, 'later', 'quiz', 'q1', '["b"]', 'right', 1.0,
    '2026-11-20T09:00:00.000000+00:00');
INSERT INTO attempts VALUES (2, 'sooner', 'quiz', 'q1', '["a"]', 'wrong', 0.0,
    '2026-11-19T09:00:00.000000+00:00');
"""


@pytest.fixture
def old(path: Path) -> Path:
    """A file as the first version of the course wrote it."""
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(VERSION_1)
    return path


def version_of(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("SELECT version FROM schema_version").fetchone()[0])


def test_older_file_is_read_as_it_is_and_migrated_at_the_next_answer(old: Path) -> None:
    progress = Store(str(old))
    assert [each.uuid for each in progress.attempts()] == ["sooner", "later"]
    assert version_of(old) == 1
    uuid = answer(progress)
    assert progress.notice is None
    (copy,) = old.parent.glob("progress.version-1*.db")
    assert (version_of(copy), version_of(old)) == (1, 2)
    assert [each.uuid for each in Store(str(copy)).attempts()] == ["sooner", "later"]
    assert [each.uuid for each in Store(str(old)).attempts()] == ["sooner", "later", uuid]
    first = Store(str(old)).attempts()[0]
    assert (first.mode, first.details, first.sequence) == ("quiz", {}, first.at)


def test_older_file_stays_as_it_is_when_no_copy_can_be_kept(
    monkeypatch: pytest.MonkeyPatch, old: Path
) -> None:
    before = old.read_bytes()[100:]  # after the header, which counts the times it was opened

    def refuse(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as full:
        full.setattr(Path, "replace", refuse)
        progress = Store(str(old))
        uuid = answer(progress)
        assert progress.notice is not None
        assert "the disk is full" in progress.notice
        assert uuids(progress) == {"sooner", "later", uuid}
    assert version_of(old) == 1
    assert old.read_bytes()[100:] == before
    assert not list(old.parent.glob("*.part"))
    answer(progress)
    assert uuid in uuids(Store(str(old)))


def test_second_migration_does_not_overwrite_the_first_copy(old: Path) -> None:
    kept = old.with_name("progress.version-1.db")
    kept.write_text("kept before")
    answer(Store(str(old)))
    assert kept.read_text() == "kept before"
    assert len(list(old.parent.glob("progress.version-1-*.db"))) == 1


def test_two_kernels_migrate_an_older_file_once(old: Path) -> None:
    writers = [writer(old, 20), writer(old, 20)]
    written = [process.communicate(timeout=90)[0].split() for process in writers]
    assert [process.returncode for process in writers] == [0, 0]
    assert uuids(Store(str(old))) == {"sooner", "later", *written[0], *written[1]}
    assert len(list(old.parent.glob("progress.version-1*.db"))) == 1


def test_older_table_in_another_database_is_copied_and_migrated(old: Path) -> None:
    progress = Store(f"sqlite:///{old}?timeout=5")  # a URL with options is not ours to handle
    uuid = answer(progress)
    assert progress.notice is None
    assert uuids(progress) == {"sooner", "later", uuid}
    with closing(sqlite3.connect(old)) as connection:
        kept = connection.execute("SELECT count(*) FROM attempts_version_1").fetchone()
    assert kept == (2,)


def test_older_export_is_imported(tmp_path: Path, progress: Store) -> None:
    entry = {"uuid": "u", "kind": "quiz", "item_id": "q1", "answer": ["a"], "outcome": "right"}
    entry |= {"score": 1, "at": "2026-11-19T10:00:00+01:00"}  # type: ignore[dict-item]
    file = tmp_path / "old.json"
    file.write_text(
        json.dumps({"format": "cold-start progress", "version": 1, "attempts": [entry]})
    )
    assert progress.import_(file) == 1
    (attempt,) = progress.attempts()
    assert attempt.at == attempt.sequence == "2026-11-19T09:00:00.000000+00:00"
    assert (attempt.mode, attempt.seed) == ("quiz", 0)


def test_how_a_question_was_asked_is_kept_with_the_answer(tmp_path: Path, path: Path) -> None:
    first = Store(str(path))
    first.record("quiz", "q1", "3", "right", 1, mode="review", details={"seed": 7, "hints": 2})
    first.record("quiz", "q1", "4", "wrong", 0)
    first.export(tmp_path / "mine.json")
    other = Store(str(tmp_path / "other.db"))
    other.import_(tmp_path / "mine.json")
    for progress in (Store(str(path)), other):
        latest = progress.latest("quiz", mode="review")["q1"]
        assert (latest.mode, latest.seed, latest.hints) == ("review", 7, 2)
        assert progress.latest("quiz")["q1"].answer == "4"


@pytest.mark.parametrize(
    "url", ["nosuch://host/progress", "://", "postgresql://me:secret@127.0.0.1:1/x", "sqlite://h/x"]
)
def test_database_that_cannot_be_used_is_said_in_one_sentence(url: str) -> None:
    progress = Store(url)
    uuid = answer(progress)
    assert progress.notice is not None
    assert "COURSE_PROGRESS" in progress.notice
    assert "secret" not in progress.notice
    assert "\n" not in progress.notice
    assert uuids(progress) == {uuid}


def test_folder_in_place_of_a_file_is_said_in_one_sentence(tmp_path: Path) -> None:
    progress = Store(str(tmp_path))
    uuid = answer(progress)
    assert progress.notice is not None
    assert "set COURSE_PROGRESS to another file" in progress.notice
    assert uuids(progress) == {uuid}


def test_sqlite_url_names_the_same_file(path: Path, progress: Store) -> None:
    uuid = answer(Store(f"sqlite:///{path}"))
    assert uuids(progress) == {uuid}


def test_answers_keep_their_order_though_the_clock_was_put_back(
    monkeypatch: pytest.MonkeyPatch, path: Path, progress: Store
) -> None:
    before = progress.record("quiz", "q1", "before", "wrong", 0)
    progress.record("quiz", "q2", "before", "wrong", 0)

    class Yesterday(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return datetime.now(UTC) - timedelta(days=1)

    monkeypatch.setattr(store, "datetime", Yesterday)
    after = progress.record("quiz", "q1", "after", "right", 1)
    log = Store(str(path)).attempts()
    assert [each.answer for each in log] == ["before", "before", "after"]
    assert log[-1].at == after.at < before.at
    assert [each.sequence for each in log] == sorted({each.sequence for each in log})
    assert progress.latest("quiz")["q1"].answer == "after"


def test_importing_twice_adds_nothing_twice(tmp_path: Path, progress: Store) -> None:
    for n in range(5):
        answer(progress, f"q{n}")
    file = tmp_path / "mine.json"
    assert progress.export(file) == 5
    other = Store(str(tmp_path / "other.db"))
    answer(other)
    assert other.import_(file) == 5
    assert other.import_(file) == 0
    assert len(other.attempts()) == 6
    assert uuids(progress) <= uuids(other)


def test_imported_answer_is_the_latest_only_if_it_was_given_later(tmp_path: Path) -> None:
    old, new = Store(str(tmp_path / "old.db")), Store(str(tmp_path / "new.db"))
    old.record("quiz", "q1", "old", "wrong", 0)
    new.record("quiz", "q1", "new", "right", 1)
    old.export(tmp_path / "old.json")
    new.export(tmp_path / "new.json")
    new.import_(tmp_path / "old.json")
    old.import_(tmp_path / "new.json")
    assert new.latest("quiz")["q1"].answer == "new"
    assert old.latest("quiz")["q1"].answer == "new"


BROKEN = {
    "missing": None,
    "not JSON": "{",
    "other JSON": '{"cells": []}',
    "a list": "[]",
    "newer": '{"format": "cold-start progress", "version": 99, "attempts": []}',
    "no version": '{"format": "cold-start progress", "attempts": []}',
    "no attempts": '{"format": "cold-start progress", "version": 1}',
    "fields missing": '{"format": "cold-start progress", "version": 1, "attempts": [{}]}',
    "nested without end": "[" * 100_000,
}


@pytest.mark.parametrize("kind", BROKEN)
def test_file_that_is_no_export_is_refused_in_one_sentence(
    tmp_path: Path, path: Path, progress: Store, kind: str
) -> None:
    file = tmp_path / "import.json"
    content = BROKEN[kind]
    if content is not None:
        file.write_text(content)
    with pytest.raises(ProgressError, match=r"import\.json .*\.$"):
        progress.import_(file)
    assert not path.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("at", "yesterday"),
        ("at", "2026-11-21T03:00:00"),
        ("sequence", "last"),
        ("details", []),
        ("score", 7),
        ("kind", 1),
    ],
)
def test_export_with_a_wrong_attempt_adds_nothing(
    tmp_path: Path, progress: Store, field: str, value: Any
) -> None:
    answer(progress)
    answer(progress)
    file = tmp_path / "mine.json"
    progress.export(file)
    content = json.loads(file.read_text())
    content["attempts"][1][field] = value
    file.write_text(json.dumps(content))
    other = Store(str(tmp_path / "other.db"))
    with pytest.raises(ProgressError, match="changed by hand"):
        other.import_(file)
    assert other.attempts() == []


def test_export_that_fails_leaves_the_earlier_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, progress: Store
) -> None:
    answer(progress)
    file = tmp_path / "mine.json"
    progress.export(file)
    before = file.read_text()

    def refuse(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", refuse)
    with pytest.raises(ProgressError, match="No space left"):
        progress.export(file)
    assert file.read_text() == before
    assert [each.name for each in tmp_path.glob("mine*")] == ["mine.json"]


def test_variable_names_the_place_whenever_it_is_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / "one.db"))
    store.record("exercise", "first_function.greeter", None, "passed", 1)
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / "two.db"))
    assert store.latest("exercise") == {}
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / "one.db"))
    assert store.latest("exercise")["first_function.greeter"].outcome == "passed"


def test_progress_is_in_the_users_data_folder_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COURSE_PROGRESS", "")
    place = Path(store.default_place())
    assert place.is_relative_to(platformdirs.user_data_dir("cold-start", appauthor=False))


def test_what_could_not_be_saved_is_in_an_export_all_the_same(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, progress: Store
) -> None:
    given = {answer(progress)}
    with monkeypatch.context() as full:
        full.setattr(sqlitefile, "PRAGMAS", ("query_only = ON",))
        given.add(answer(progress, "q2"))
        text = progress.export_text()
        assert progress.notice is not None
    other = Store(str(tmp_path / "other.db"))
    assert other.import_text(text, "mine.json") == 2
    assert uuids(other) == given


def test_export_that_would_leave_something_out_is_refused(tmp_path: Path) -> None:
    unusable = Store(str(tmp_path))
    answer(unusable)
    with pytest.raises(ProgressError, match="kept in memory only"):
        unusable.export(tmp_path / "mine.json")


ON_A_SMALL_DISK = """
import os, sys
from quizzes.store import Store
log = Store(sys.argv[1])
given = {log.record("quiz", "q0", "a", "right", 1).uuid}
assert log.notice is None, log.notice
filler = os.open(os.path.join(os.path.dirname(sys.argv[1]), "filler"), os.O_CREAT | os.O_WRONLY)
try:
    while True:
        os.write(filler, b"x" * 4096)
except OSError:
    pass
for n in range(20):
    given.add(log.record("quiz", f"q{n}", "a" * 2000, "right", 1).uuid)
print(log.notice)
assert given <= {each.uuid for each in log.attempts()}
os.ftruncate(filler, 0)
given.add(log.record("quiz", "q1", "a", "right", 1).uuid)
assert log.notice is None, log.notice
assert given <= {each.uuid for each in Store(sys.argv[1]).attempts()}
"""
ON_A_READ_ONLY_DISK = """
import subprocess, sys
from quizzes.store import Store
first = Store(sys.argv[1]).record("quiz", "q1", "a", "right", 1)
subprocess.run(["mount", "-o", "remount,ro", sys.argv[2]], check=True)
log = Store(sys.argv[1])
second = log.record("quiz", "q1", "b", "wrong", 0)
print(log.notice)
assert {first.uuid, second.uuid} == {each.uuid for each in log.attempts()}
"""


@pytest.mark.parametrize(
    ("code", "why"),
    [(ON_A_SMALL_DISK, "the disk is full"), (ON_A_READ_ONLY_DISK, "cannot be written to")],
    ids=["full", "read-only"],
)
def test_disk_that_takes_no_more_keeps_answers_in_memory(
    tmp_path: Path, code: str, why: str
) -> None:
    """In a mount namespace of its own, on a file system of half a megabyte."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = f"mount -t tmpfs -o size=512k tmpfs '{disk}'"
    apart = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]
    if not shutil.which("unshare") or subprocess.run([*apart, mount], check=False).returncode:
        pytest.skip("no file system can be mounted here without rights")
    (tmp_path / "code.py").write_text(code)
    run = f"{mount} && exec '{sys.executable}' ../code.py '{disk}/progress.db' '{disk}'"
    done = subprocess.run(
        [*apart, run],
        cwd=disk,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert why in done.stdout
