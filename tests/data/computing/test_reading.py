"""Runs read by processes of this machine: one that kills whoever reads it is rejected, and the others are not."""

from __future__ import annotations

import os

import pytest

from fieldwright.data.computing.cluster import Cluster
from fieldwright.data.computing.connection import WorkersAddress
from fieldwright.data.ingest.ingestion import ingest_sources
from fieldwright.data.ingest.preparation import Reference, Task
from fieldwright.data.ingest.sources import listing
from fieldwright.data.ingest.workers import outcomes
from fieldwright.data.store.verification import verify
from tests.data.computing.pieces import DeadlyTask


@pytest.mark.slow
def test_a_run_that_kills_its_workers_is_rejected_alone(solver, store, tmp_path):
    sources, table = solver.run(6), solver.table(6)
    ingest_sources(store, sources[:1], table, solver.rules)
    (first,) = store.accepted()
    with store.incoming() as folder, Cluster(WorkersAddress.of("local:2"), tmp_path / "shared") as executor:
        tasks = [
            Task(
                source,
                listing(source),
                table.row(source.name) or {},
                {},
                {},
                "",
                solver.rules,
                store.path,
                folder,
                Reference(store.study_mesh, first.times, first.fields),
            )
            for source in sources[1:]
        ]
        tasks[2] = DeadlyTask(*(vars(tasks[2]).values()), client=os.getpid())
        records = list(outcomes(executor, [first, *tasks]))
        for record in records[1:]:
            if record.state == "accepted":
                store.commit(folder, record)
    assert [record.name for record in records] == [f"run_{number}" for number in range(6)]
    assert [record.name for record in records if record.state == "rejected"] == ["run_3"]
    assert "The worker that read run 'run_3' must survive it" in str(records[3].sentence)
    assert len(store.accepted()) == 5
    assert verify(store) == {}


def test_processes_come_to_the_store_of_one_process_and_none_are_started_for_nothing(solver, store, tmp_path):
    solver.run(5)
    solver.path(2).write_text("no result")
    solver.write(solver.path(4), solver.fields(**solver.parameters(3)))
    alone = ingest_sources(store, solver.sources(), solver.table(5), solver.rules)
    other = type(store)(tmp_path / "parallel")
    seen: list[tuple[int, int, str]] = []
    with Cluster(WorkersAddress.of("local:2"), tmp_path / "shared") as executor:
        spread = ingest_sources(
            other,
            solver.sources(),
            solver.table(5),
            solver.rules,
            lambda *progress: seen.append(progress),
            executor,
        )
    assert spread == alone
    assert spread.accepted == ["run_0", "run_1", "run_3"]
    assert [one.content for one in other.accepted()] == [one.content for one in store.accepted()]
    assert [current for current, _, _ in seen] == [1, 2, 3, 4, 5]
    # Nobody answers there, and nobody is asked.
    nobody = Cluster(WorkersAddress.of("tcp://127.0.0.1:9"), tmp_path / "shared")
    again = ingest_sources(
        store,
        [s for s in solver.sources() if s.name in spread.accepted],
        solver.table(5),
        solver.rules,
        None,
        nobody,
    )
    assert again.unchanged == ["run_0", "run_1", "run_3"]
