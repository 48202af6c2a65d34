"""Errors of the system: each is called what it is, and none is taken for a full disk or a damaged store."""

from __future__ import annotations

import errno
import os
import sqlite3

import pytest

from fieldwright.data.disk import disk_of, unreadable
from fieldwright.data.errors import StoreError
from fieldwright.data.formats import reader_named
from fieldwright.data.ingest.ingestion import ingest_sources
from fieldwright.data.store.catalogue import RunRecord, connection_to
from fieldwright.data.store.groups import write_mesh
from fieldwright.data.store.staging import stage
from fieldwright.data.store.verification import discard_damaged, verify

SAYS = {
    errno.ENOSPC: "disk of the store .* must have room.*Make room",
    errno.EDQUOT: "must have room for this user.*quota",
    errno.EFBIG: "must take a file of this size",
    errno.EROFS: "must be on a writable disk",
    errno.EACCES: "must be writable.*Correct its permissions",
    errno.EPERM: "must be writable.*Correct its permissions",
    errno.ENOENT: "must be there as long as it is used",
    errno.ENOTDIR: "must be there as long as it is used",
    errno.ESTALE: "must be there as long as it is used",
    errno.EEXIST: "Nothing must stand where the store .* is written to",
    errno.ENOTEMPTY: "Nothing must stand where the store .* is written to",
    errno.EISDIR: "must be a file and no folder",
    errno.ELOOP: "must not be a circle of links",
    errno.ENAMETOOLONG: "must have a shorter path",
    errno.EMFILE: "This process must be allowed to open more files.*ulimit -n",
    errno.ENFILE: "This machine must be able to open more files",
    errno.ENOMEM: "must have memory left",
    errno.EIO: "The disk of the store .* must work",
    errno.EBUSY: "must not be in use by another program",
    errno.ETIMEDOUT: "must answer",
    errno.ENOTCONN: "must answer",
    errno.EINVAL: "must be readable and writable",
}
"""What a store that cannot be written says, by the number of the system's error; the last stands for all others."""


@pytest.mark.parametrize("number", SAYS, ids=errno.errorcode.get)
def test_every_error_of_a_disk_is_called_what_it_is(number, tmp_path):
    with pytest.raises(StoreError, match=SAYS[number]) as why, disk_of(tmp_path):
        raise OSError(number, os.strerror(number), str(tmp_path / "x"))
    assert ("have room" in str(why.value)) == (number in (errno.ENOSPC, errno.EDQUOT))
    assert os.strerror(number) in str(why.value)


def test_a_stored_run_that_cannot_be_read_now_is_not_taken_for_damaged(solver, store):
    ingest_sources(store, solver.run(2), solver.table(2), solver.rules)
    chunk = store.group("run_0") / "T" / "c.0"
    content = chunk.read_bytes()
    chunk.unlink()
    # The system answers EIO, as a broken disk does.
    chunk.symlink_to("/proc/self/mem")
    ((name, sentence),) = verify(store).items()
    assert name == "run_0"
    assert "must work" in sentence
    assert "discard_damaged" not in sentence
    assert discard_damaged(store) == []
    chunk.unlink()
    chunk.write_bytes(content)
    assert verify(store) == {}
    chunk.unlink()
    assert "discard_damaged" in verify(store)["run_0"]
    assert discard_damaged(store) == ["run_0"]


def test_a_half_written_run_of_a_lost_writer_is_in_the_way_of_no_other(solver, store):
    run = reader_named("vtu").read(solver.run(1)[0].files[0], [])
    draft = RunRecord("run_0", "accepted", {"a": 1.0})
    with store.incoming() as folder:
        record = stage(store.path, folder, run, draft)
        whole = sorted(path.relative_to(folder) for path in folder.rglob("*"))
        # The same once more, as by a worker that takes over; and what one leaves that was lost half-way.
        assert stage(store.path, folder, run, draft).content == record.content
        assert sorted(path.relative_to(folder) for path in folder.rglob("*")) == whole
        write_mesh(folder / "left" / "mesh", run.mesh)
        store.commit(folder, stage(store.path, folder, run, draft))
    assert [one.name for one in store.accepted()] == ["run_0"]
    assert verify(store) == {}


@pytest.mark.parametrize(
    ("code", "says"),
    [
        (sqlite3.SQLITE_FULL, "must have room on its disk"),
        (sqlite3.SQLITE_BUSY, "must be free within a minute.*End the other process"),
        (sqlite3.SQLITE_READONLY, "must be writable"),
        (sqlite3.SQLITE_CANTOPEN, "must be there and writable"),
        (sqlite3.SQLITE_IOERR | 1 << 8, "must be on a disk that works"),
        (sqlite3.SQLITE_CORRUPT, "must be as it was written.*it is built again"),
    ],
)
def test_every_error_of_the_catalogue_is_called_what_it_is(code, says, tmp_path):
    error = sqlite3.OperationalError("as SQLite says it")
    error.sqlite_errorcode = code
    with (
        pytest.raises(StoreError, match=says) as why,
        connection_to(tmp_path / "c.sqlite", "it is built again"),
    ):
        raise error
    assert ("room" in str(why.value)) == (code == sqlite3.SQLITE_FULL)


def test_an_error_of_the_system_names_the_file_and_one_of_a_library_is_left_to_the_reader(tmp_path):
    locked = unreadable(tmp_path, PermissionError(errno.EACCES, "Permission denied", str(tmp_path / "p.vtu")))
    assert "'p.vtu' must be readable. Got 'Permission denied'" in str(locked)
    assert unreadable(tmp_path, OSError("file signature not found")) is None
