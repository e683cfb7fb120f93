"""The dataset process and its workers, as real processes: what ends a worker ends nothing else."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import threading
from typing import TYPE_CHECKING

import pyoxigraph as ox
import pytest

import processor_time
from coopkg.dataset.engine import WorkerEngine  # noqa: TC001 - pytest reads the annotations of fixtures
from coopkg.errors import (
    Busy,
    CoopkgError,
    DeadlineExceeded,
    MemoryExceeded,
    QuerySyntaxError,
    QueryTooComplex,
    TooLarge,
)
from coopkg.rdf.formats import SOLUTION_FORMATS
from coopkg.settings import Settings
from coopkg.workers.client import CLIENT, Unlimited
from coopkg.workers.tasks import Task
from dataset_process import SupervisedDataset
from processor_time import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow

CROSS = "SELECT (COUNT(*) AS ?n) WHERE { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"
DEADLINE = 2.0
MIDDLING = "SELECT (COUNT(*) AS ?n) WHERE { { SELECT * WHERE { ?a ?b ?c . ?d ?e ?f } LIMIT 1000000 } }"
LOOKUP = "SELECT ?p ?o WHERE { <http://127.0.0.1:8000/id/country/BY> ?p ?o }"


def task(text: str, **more: object) -> Task:
    return Task(text, SOLUTION_FORMATS[0], **more)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def supervised(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SupervisedDataset]:
    settings = Settings(deadline_seconds=DEADLINE, reader_memory_bytes=192 * 1024 * 1024, heavy_readers=4)
    yield from start_and_stop(tmp_path_factory.mktemp("sockets"), settings)


def start_and_stop(folder: Path, settings: Settings) -> Iterator[SupervisedDataset]:
    before = dict(os.environ)
    os.environ.update(settings.environment())
    process = SupervisedDataset(folder, settings)
    process.start()
    yield process
    process.stop()
    for name in settings.environment():
        del os.environ[name]
    os.environ.update(before)


@pytest.fixture
def engine(supervised: SupervisedDataset) -> Iterator[WorkerEngine]:
    """The engine; after each test the dataset process is the same process and a benign query is right."""
    pid = supervised.engine.info()["pid"]
    yield supervised.engine
    assert eventually(lambda: b"Belarus" in supervised.engine.ask(task(LOOKUP)).body)
    assert supervised.engine.info()["pid"] == pid


@pytest.fixture
def patient(tmp_path: Path) -> Iterator[SupervisedDataset]:
    """A dataset process of its own, whose deadline no test waits for: what ends before has ended for another reason."""
    yield from start_and_stop(
        tmp_path, Settings(deadline_seconds=20 * PATIENCE, queue_seconds=PATIENCE, heavy_readers=4)
    )


def eventually(check: Callable[[], bool]) -> bool:
    """Wait until that is true; while the dataset process is being started again it is not."""

    def unless_busy() -> bool:
        try:
            return check()
        except Busy:
            return False

    return processor_time.eventually(unless_busy)


def test_an_answer_is_what_the_engine_gives(engine: WorkerEngine) -> None:
    assert b'"value":"1"' in engine.ask(task("SELECT (1 AS ?one) {}")).body
    bound = engine.ask(
        task("SELECT ?s ?o { ?s ?p ?o }", substitutions={"s": ox.NamedNode("http://127.0.0.1:8000/id/country/BY")})
    )
    assert b"Belarus" in bound.body


def test_errors_arrive_with_class_and_place(engine: WorkerEngine) -> None:
    with pytest.raises(QuerySyntaxError, match=r"^1:17: ") as caught:
        engine.ask(task("SELECT * { ?s ?p"))
    assert caught.value.members["column"] == 17


@pytest.mark.parametrize(
    "text",
    [
        CROSS,
        "SELECT DISTINCT ?a ?d WHERE { ?a ?b ?c . ?d ?e ?f }",
        "SELECT ?b (COUNT(?e) AS ?n) WHERE { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i } GROUP BY ?b",
    ],
)
def test_a_runaway_ends_with_its_deadline(engine: WorkerEngine, text: str) -> None:
    pid = engine.info()["pid"]
    before = processor_time.processor_seconds(pid)
    with pytest.raises((DeadlineExceeded, MemoryExceeded, TooLarge)):
        engine.ask(task(text, answer_bytes=1_000_000))
    assert eventually(lambda: not engine.info()["busy"])
    assert processor_time.processor_seconds(pid) - before < 3 * DEADLINE


def test_a_shorter_deadline_is_kept_and_a_longer_one_is_not(engine: WorkerEngine) -> None:
    for asked, kept in ((0.3, 0.3), (60.0, DEADLINE)):
        with pytest.raises(DeadlineExceeded) as caught:
            engine.ask(task(CROSS), deadline=asked)
        assert caught.value.members["bound"] == kept
        assert eventually(lambda: not engine.info()["busy"])


def test_memory_is_capped(engine: WorkerEngine) -> None:
    doubling = "BIND('x' AS ?x0) " + " ".join(f"BIND(CONCAT(?x{i}, ?x{i}) AS ?x{i + 1})" for i in range(36))
    with pytest.raises((MemoryExceeded, DeadlineExceeded)):
        engine.ask(task(f"SELECT (STRLEN(?x36) AS ?n) {{ {doubling} }}"))


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * " + "{" * 3_000,
        "SELECT * { FILTER(" + "(" * 20_000,
        "SELECT * " + "{" * 300_000,
        "ASK {{ {} }}" * 9_000,
    ],
)
def test_deep_nesting_does_not_reach_anybody_else(engine: WorkerEngine, text: str) -> None:
    with pytest.raises(CoopkgError) as caught:
        engine.ask(task(text))
    assert caught.value.status in {400, 504, 507}


def test_a_worker_reaches_no_network(engine: WorkerEngine) -> None:
    """Even past admission: the canary on loopback is never called."""
    with socket.socket() as canary:
        canary.bind(("127.0.0.1", 0))
        canary.listen()
        canary.settimeout(0.2)
        with pytest.raises(CoopkgError):
            engine.ask(task(f"SELECT * {{ SERVICE <http://127.0.0.1:{canary.getsockname()[1]}/> {{ ?s ?p ?o }} }}"))
        with pytest.raises(TimeoutError):
            canary.accept()


def test_work_stops_when_the_client_leaves(patient: SupervisedDataset) -> None:
    engine = patient.engine

    async def leave() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(engine.ask_async(task(CROSS)), 0.3)

    asyncio.run_coroutine_threadsafe(leave(), engine._running_loop()).result()  # noqa: SLF001 - as the front does
    assert eventually(lambda: not engine.info()["busy"])


def test_lookups_are_answered_beside_four_runaways(engine: WorkerEngine) -> None:
    ended: list[str] = []

    def run_away() -> None:
        with pytest.raises((DeadlineExceeded, Busy)) as raised:
            engine.ask(task(CROSS))
        ended.append(type(raised.value).__name__)

    runaways = [threading.Thread(target=run_away) for _ in range(4)]
    for thread in runaways:
        thread.start()
    while any(thread.is_alive() for thread in runaways):
        assert b"Belarus" in engine.ask(task(LOOKUP)).body
    assert len(ended) == 4


def test_more_long_evaluations_than_allowed_are_busy(tmp_path: Path) -> None:
    """None of them ends by itself: three go on, one waits for its turn, and each of the others hears why it may not."""
    settings = Settings(deadline_seconds=20 * PATIENCE, queue_seconds=PATIENCE, heavy_readers=3, heavy_queue=1)
    running = start_and_stop(tmp_path, settings)
    engine = next(running).engine
    refused: list[str] = []

    def run_away() -> None:
        try:
            engine.ask(task(CROSS))
        except Busy as error:
            refused.append(error.detail)

    threads = [threading.Thread(target=run_away, daemon=True) for _ in range(7)]
    for thread in threads:
        thread.start()
    assert eventually(lambda: len(refused) == 3)
    assert set(refused) == {"Too many long evaluations are running; come back in a moment."}
    assert eventually(lambda: len(engine.info()["busy"]) == 4)
    next(running, None)


def test_a_long_evaluation_waits_for_its_turn_and_goes_on_where_it_was(tmp_path: Path) -> None:
    """One place, and a runaway in it: what takes less has its turn, and the runaway its own again after that."""
    settings = Settings(deadline_seconds=20 * PATIENCE, queue_seconds=PATIENCE, heavy_readers=1, heavy_queue=4)
    running = start_and_stop(tmp_path, settings)
    engine = next(running).engine

    def run_away() -> None:
        with contextlib.suppress(CoopkgError):  # the dataset process ends before it does
            engine.ask(task(CROSS))

    threading.Thread(target=run_away, daemon=True).start()
    assert eventually(lambda: bool(engine.info()["busy"]))
    (runaway,) = engine.info()["busy"]
    assert eventually(lambda: processor_time.processor_seconds(runaway) > 2)
    for _ in range(3):
        assert engine.ask(task(MIDDLING)).body
    assert runaway in engine.info()["busy"]
    before = processor_time.processor_seconds(runaway)
    assert eventually(lambda: processor_time.processor_seconds(runaway) > before + 0.5)
    next(running, None)


def test_what_a_client_costs_is_told_also_when_it_went_away_or_was_ended(tmp_path: Path) -> None:
    running = start_and_stop(tmp_path, Settings(deadline_seconds=DEADLINE))
    engine = next(running).engine
    costs: dict[str, float] = {}

    class Ledger(Unlimited):
        def charge(self, client: str, seconds: float) -> None:
            costs[client] = costs.get(client, 0.0) + seconds

        def limits(self, client: str) -> bool:  # noqa: ARG002 - the protocol's
            return True

    engine.budget = Ledger()

    async def as_client(name: str, text: str, seconds: float = PATIENCE) -> None:
        CLIENT.set(name)
        await asyncio.wait_for(engine.ask_async(task(text)), seconds)

    def ask(name: str, text: str, seconds: float = PATIENCE) -> None:
        asyncio.run_coroutine_threadsafe(as_client(name, text, seconds), engine._running_loop()).result()  # noqa: SLF001

    ask("light", LOOKUP)
    with pytest.raises(DeadlineExceeded):
        ask("ended", CROSS)
    with pytest.raises(TimeoutError):
        ask("gone", CROSS, 0.5)
    assert eventually(lambda: set(costs) == {"light", "ended", "gone"})
    assert 0 < costs["light"] < costs["gone"] < costs["ended"]
    next(running, None)


def test_dropped_and_impossibly_short_requests_do_not_churn_workers(engine: WorkerEngine) -> None:
    """A light evaluation is let finish, whoever waits for it: to end its worker would cost more."""
    before = set(engine.info()["workers"])

    async def drop() -> None:
        for _ in range(50):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(engine.ask_async(task(LOOKUP)), 0.0005)

    asyncio.run_coroutine_threadsafe(drop(), engine._running_loop()).result()  # noqa: SLF001 - as the front does
    for _ in range(50):
        assert b"Belarus" in engine.ask(task(LOOKUP), 0.000001).body
    assert set(engine.info()["workers"]) == before


def test_a_worker_that_gets_no_processor_has_begun_all_the_same(tmp_path: Path) -> None:
    """Its client hears of the deadline: not, after the wait for a free worker, that there was none."""
    stopped = start_and_stop(tmp_path, Settings(deadline_seconds=DEADLINE, queue_seconds=1.5 * DEADLINE))
    engine = next(stopped).engine
    caught: list[CoopkgError] = []

    def run_away() -> None:
        with pytest.raises(CoopkgError) as raised:
            engine.ask(task(CROSS))
        caught.append(raised.value)

    thread = threading.Thread(target=run_away)
    thread.start()
    assert eventually(lambda: bool(engine.info()["busy"]))
    os.kill(engine.info()["busy"][0], signal.SIGSTOP)
    thread.join(PATIENCE)
    assert [type(error) for error in caught] == [DeadlineExceeded]
    assert eventually(lambda: b"Belarus" in engine.ask(task(LOOKUP)).body)
    next(stopped, None)


def test_a_killed_worker_is_replaced(engine: WorkerEngine) -> None:
    caught: list[CoopkgError] = []

    def run_away() -> None:
        with pytest.raises(QueryTooComplex) as raised:
            engine.ask(task(CROSS))
        caught.append(raised.value)

    thread = threading.Thread(target=run_away)
    thread.start()
    assert eventually(lambda: bool(engine.info()["busy"]))
    os.kill(engine.info()["busy"][0], signal.SIGSEGV)
    thread.join()
    assert caught
    assert eventually(lambda: engine.info()["readers"] >= 4)


def test_a_request_too_large_for_a_datagram_arrives_whole(engine: WorkerEngine) -> None:
    text = "SELECT (STRLEN('" + "x" * 200_000 + "') AS ?n) {}"
    assert b'"200000"' in engine.ask(task(text)).body


def test_more_requests_than_the_queue_holds_are_all_answered(engine: WorkerEngine) -> None:
    async def ask_many() -> list[object]:
        return list(await asyncio.gather(*(engine.ask_async(task(f"SELECT ({i} AS ?n) {{}}")) for i in range(24))))

    answers = asyncio.run_coroutine_threadsafe(ask_many(), engine._running_loop()).result()  # noqa: SLF001
    assert all(f'"{i}"'.encode() in answer.body for i, answer in enumerate(answers))  # type: ignore[attr-defined]


def test_all_whose_work_has_begun_hear_of_a_killed_dataset_process_at_once(tmp_path: Path) -> None:
    """No deadline ends before the test gives up, so that only the end of the process can be the reason."""
    running = start_and_stop(tmp_path, Settings(deadline_seconds=20 * PATIENCE, heavy_readers=4))
    engine = next(running).engine
    outcomes: list[str] = []

    def run_away() -> None:
        with pytest.raises(Busy) as raised:
            engine.ask(task(CROSS))
        outcomes.append(raised.value.detail)

    def begun() -> int:
        connection = engine._connection  # noqa: SLF001 - nobody outside can tell
        return sum(call.begun for call in connection._calls.values()) if connection else 0  # noqa: SLF001

    threads = [threading.Thread(target=run_away, daemon=True) for _ in range(3)]
    for thread in threads:
        thread.start()
    assert eventually(lambda: begun() == 3)
    os.kill(engine.info()["pid"], signal.SIGKILL)
    for thread in threads:
        thread.join(PATIENCE)
    assert outcomes == 3 * ["The dataset is being loaded; come back in a moment."]
    assert eventually(lambda: b"Belarus" in engine.ask(task(LOOKUP)).body)
    next(running, None)


def test_a_killed_dataset_process_comes_back(supervised: SupervisedDataset) -> None:
    pid = supervised.engine.info()["pid"]
    os.kill(pid, signal.SIGKILL)
    assert eventually(lambda: supervised.engine.info()["pid"] != pid)
    assert eventually(lambda: b"Belarus" in supervised.engine.ask(task(LOOKUP)).body)
