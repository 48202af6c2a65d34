"""Work on a cluster of real processes: the results of one process, whatever happens to the workers."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import dask
import numpy as np
import pytest

from fieldwright.data.computing.cluster import Cluster
from fieldwright.data.computing.connection import WorkersAddress
from fieldwright.data.computing.executor import IN_PROCESS
from fieldwright.data.computing.shared_array import SharedArray
from fieldwright.data.errors import ComputeError, ReadError
from tests.dask_cluster import ROOT, DaskProcesses
from tests.data.computing import pieces


def waiting_until(condition, what: str, seconds: float = 120.0):
    """Waits for a condition and returns what it gave."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, what
        time.sleep(0.02)
    return found


def test_two_clients_at_once_get_the_results_of_one_process_in_their_order(processes, tmp_path):
    array = np.random.default_rng(0).standard_normal((50, 40))
    alone = [value for value, _ in IN_PROCESS.in_order(pieces.total, [(array, f) for f in range(12)])]
    results = {}

    def work(name: str) -> None:
        with Cluster(WorkersAddress.of(processes.address), tmp_path) as cluster:
            shared = cluster.share(array)
            again = cluster.share(array.reshape(40, 50))
            assert isinstance(shared, SharedArray)
            assert shared.path == again.path
            assert again.shape == (40, 50)
            results[name] = list(cluster.in_order(pieces.total, ((shared, f) for f in range(12))))

    threads = [threading.Thread(target=work, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [value for value, _ in results["a"]] == [value for value, _ in results["b"]] == alone
    workers = {pid for result in results.values() for _, pid in result}
    assert workers == {worker.pid for worker in processes.workers}
    assert list(tmp_path.iterdir()) == [], "what was shared is gone"


def test_a_users_mistake_in_a_worker_is_the_same_error_here(processes, tmp_path):
    with Cluster(WorkersAddress.of(processes.address), tmp_path) as cluster:
        outcome = cluster.in_order(pieces.refuse, [(number,) for number in range(8)])
        assert [next(outcome) for _ in range(3)] == [0, 1, 2]
        with pytest.raises(ReadError, match=r"A number must not be 3\. Got 3\. Take another\."):
            next(outcome)


def test_what_a_killed_worker_had_in_hand_is_done_by_another(tmp_path):
    marks = tmp_path / "marks"
    marks.mkdir()
    with (
        DaskProcesses(tmp_path / "dask") as processes,
        Cluster(WorkersAddress.of(processes.address), tmp_path) as cluster,
    ):
        kept = cluster.keep(pieces.grown, np.arange(3.0), 1)
        outcome = cluster.in_order(pieces.held, [(marks, number) for number in range(10)])
        assert next(outcome) == 0
        # A piece that is held is in the hand of its worker for certain, however busy the machine is.
        in_hand = waiting_until(lambda: list(marks.glob("[1-9].*")), "no piece was begun")[0]
        workers = [worker.pid for worker in processes.workers]
        processes.kill_worker(workers.index(int(in_hand.suffix[1:])))
        (marks / "go").touch()
        assert list(outcome) == list(range(1, 10))
        assert len({mark.suffix for mark in marks.glob(f"{in_hand.stem}.*")}) == 2, "another has done it"
        # Whichever worker had it, what was kept is there again.
        for _ in range(2):
            (total,) = cluster.in_order(pieces.grown, [(kept, 2)])
            np.testing.assert_array_equal(total, [3.0, 4.0, 5.0])


def test_a_piece_that_kills_its_workers_is_told_from_its_neighbours(tmp_path):
    with Cluster(WorkersAddress.of("local:2"), tmp_path / "shared") as cluster:
        arguments = [(number, tmp_path) for number in range(6)]
        lost = list(
            cluster.in_order(pieces.deadly, arguments, lost=lambda number, folder, error: f"lost {number}")
        )
    assert lost == [0, 1, "lost 2", 3, 4, 5]
    killed = {int(path.suffix[1:]) for path in tmp_path.glob("killed.*")}
    assert len(killed) > 1, "it was tried on another worker"


@pytest.mark.slow
def test_a_worker_that_is_slow_to_start_again_is_waited_for(tmp_path):
    # Longer than the 15 s after which dask.distributed gives a lost worker up.
    preload = tmp_path / "slow_start.py"
    preload.write_text(
        "import pathlib, time\n"
        "def dask_setup(worker):\n"
        f"    time.sleep(20.0 if pathlib.Path({str(tmp_path / 'killed')!r}).exists() else 0.0)\n"
    )
    with (
        dask.config.set({"distributed.worker.preload": [str(preload)]}),
        Cluster(WorkersAddress.of("local:1"), tmp_path / "shared") as cluster,
    ):
        done = list(cluster.in_order(pieces.deadly_once, [(number, tmp_path) for number in range(3)]))
    assert done == [0, 1, 2]


def test_a_scheduler_that_does_not_answer_is_one_sentence_in_time(tmp_path):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        for address in (
            f"tcp://127.0.0.1:{silent.getsockname()[1]}",
            "tcp://127.0.0.1:9",
            "tcp://nowhere.invalid:8786",
        ):
            begin = time.monotonic()
            with (
                Cluster(WorkersAddress.of(address), tmp_path) as cluster,
                pytest.raises(ComputeError, match=rf"must answer within 10 s\. Got none at '{address}'"),
            ):
                list(cluster.in_order(pieces.refuse, [(1,)]))
            assert time.monotonic() - begin < 60


def test_workers_that_do_not_see_the_folders_are_named(processes, tmp_path):
    unseen = tmp_path / "nowhere"
    with (
        Cluster(WorkersAddress.of(processes.address), tmp_path, (unseen,)) as cluster,
        pytest.raises(ComputeError, match=f"must see the folders of the study.*no '{unseen}' on the worker"),
    ):
        list(cluster.in_order(pieces.refuse, [(1,)]))


def test_a_worker_of_another_release_is_named(tmp_path):
    other = tmp_path / "other"
    (other / "numpy-1.0.dist-info").mkdir(parents=True)
    (other / "numpy-1.0.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: numpy\nVersion: 1.0\n"
    )
    with DaskProcesses(tmp_path / "dask", workers=0) as processes:
        processes.start_worker({"PYTHONPATH": f"{other}:{ROOT}"})
        with (
            Cluster(WorkersAddress.of(processes.address), tmp_path) as cluster,
            pytest.raises(ComputeError, match=r"same versions.* Got numpy 1\.0 in place of "),
        ):
            list(cluster.in_order(pieces.refuse, [(1,)]))


@pytest.mark.slow
def test_a_cluster_without_workers_is_one_sentence(tmp_path):
    marks = tmp_path / "marks"
    marks.mkdir()
    with DaskProcesses(tmp_path / "dask", workers=1) as processes:
        with Cluster(WorkersAddress.of(processes.address), tmp_path, lonely_seconds=1.0) as cluster:
            outcome = cluster.in_order(pieces.marked, [(marks, number, 0.2) for number in range(40)])
            assert next(outcome) == 0
            processes.kill_worker(0)
            with pytest.raises(ComputeError, match=r"The cluster must have a worker\. Got none for 1 s"):
                list(outcome)
        with (
            Cluster(WorkersAddress.of(processes.address), tmp_path) as cluster,
            pytest.raises(ComputeError, match=r"must have a worker\. Got none at .*dask worker tcp://"),
        ):
            list(cluster.in_order(pieces.refuse, [(1,)]))


CLIENT = """
import signal, sys
from pathlib import Path
from fieldwright.data.computing.cluster import Cluster
from fieldwright.data.computing.connection import WorkersAddress
from tests.data.computing import pieces
folder = Path(sys.argv[2])
# A shell's background processes are started to ignore it.
signal.signal(signal.SIGINT, signal.default_int_handler)
with Cluster(WorkersAddress.of(sys.argv[1]), folder) as cluster:
    list(cluster.in_order(pieces.marked, [(folder, number, 0.5) for number in range(100)]))
"""


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_client_that_is_ended_leaves_no_work_behind(how, processes, tmp_path):
    from distributed import Client

    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    client = subprocess.Popen(
        [sys.executable, "-c", CLIENT, processes.address, str(tmp_path)],
        env=environment,
        stderr=subprocess.DEVNULL,
    )
    waiting_until(lambda: len(list(tmp_path.glob("*.*"))) > 2, "no work has begun")
    client.send_signal(how)
    assert client.wait(timeout=60) != 0
    with Client(processes.address, set_as_default=False) as other:
        waiting_until(
            lambda: other.run_on_scheduler(lambda dask_scheduler: not dask_scheduler.tasks),
            "tasks are left behind",
        )
    begun = len(list(tmp_path.glob("*.*")))
    time.sleep(1.5)
    assert len(list(tmp_path.glob("*.*"))) == begun < 50


def test_a_cluster_with_keys_takes_those_who_have_them_alone(tmp_path):
    from distributed import Security

    own, other = Security.temporary(), Security.temporary()
    files = {}
    for name, text in (
        ("ca", own.tls_ca_file),
        ("certificate", own.tls_client_cert),
        ("key", own.tls_client_key),
        ("other_ca", other.tls_ca_file),
        ("other_certificate", other.tls_client_cert),
        ("other_key", other.tls_client_key),
    ):
        files[name] = tmp_path / f"{name}.pem"
        files[name].write_text(str(text))
    words = ("--tls-ca-file", "ca", "--tls-cert", "certificate", "--tls-key", "key")
    options = tuple(str(files.get(word, word)) for word in words)
    with DaskProcesses(tmp_path / "dask", workers=1, keys=options) as processes:
        assert processes.address.startswith("tls://")
        address = WorkersAddress.of(processes.address, files["ca"], files["certificate"], files["key"])
        with Cluster(address, tmp_path) as cluster:
            assert list(cluster.in_order(pieces.refuse, [(1,), (2,)])) == [1, 2]
        strange = WorkersAddress.of(
            processes.address, files["other_ca"], files["other_certificate"], files["other_key"]
        )
        no_file = WorkersAddress.of(
            processes.address, tmp_path / "no.pem", files["certificate"], files["key"]
        )
        no_key = WorkersAddress.of(processes.address, files["ca"], files["ca"], files["other_key"])
        for wrong, says in (
            (strange, r"must answer within 10 s\. Got none at 'tls://"),
            (WorkersAddress.of(processes.address), "must be reached by keys"),
            (no_file, "must be there as long as it is used"),
            (no_key, "must be files in PEM that belong together"),
        ):
            with (
                Cluster(wrong, tmp_path) as cluster,
                pytest.raises(ComputeError, match=says),
            ):
                list(cluster.in_order(pieces.refuse, [(1,)]))


@pytest.mark.parametrize(
    "text", ["", "host:8786", "tcp://host", "local:0", "local:x", "http://host:1", "local"]
)
def test_an_address_that_is_none_is_refused(text):
    with pytest.raises(ValueError, match='must be the address of a Dask scheduler, "tcp://host:8786"'):
        WorkersAddress.of(text)


def test_addresses():
    assert WorkersAddress.of("local:8") == WorkersAddress(processes=8)
    assert WorkersAddress.of("tls://host.of.us:8786", Path("ca.pem")) == WorkersAddress(
        "tls://host.of.us:8786", 0, Path("ca.pem")
    )
