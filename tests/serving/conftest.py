"""A small trained surrogate, a registry that holds it, and the endpoint started as a user starts it."""

from __future__ import annotations

import asyncio
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import uvicorn

from fieldwright.serving import endpoint as http
from fieldwright.serving.hosting.champion import Champion
from fieldwright.serving.hosting.shelf import Shelf, Shelved
from fieldwright.surrogates.fields.description import FieldInfo, ParameterInfo
from fieldwright.surrogates.fields.surrogate import Surrogate
from fieldwright.surrogates.reductions import reduction_config
from fieldwright.surrogates.regressors import kind_config
from fieldwright.surrogates.validation.cross_validation import cross_validate

ROOT = Path(__file__).resolve().parents[2]
MODEL = "plate"
PARAMETERS = (ParameterInfo(name="heat_flux", unit="W/m2"), ParameterInfo(name="thickness", unit="mm"))
TIMES = (0.0, 10.0, 20.0)


def train(offset: float) -> Surrogate:
    """A surrogate of an analytic plate: temperature, steady; displacement, three times of two components."""
    rng = np.random.default_rng(7)
    x = rng.uniform([1e4, 2.0], [5e4, 8.0], size=(20, 2))
    grid = np.linspace(0.0, 1.0, 5)
    points = np.stack([*(axis.ravel() for axis in np.meshgrid(grid, grid)), np.zeros(25)], axis=1)
    lower_left = np.arange(20)[np.arange(20) % 5 != 4]
    corners = lower_left[:, None] + np.array([0, 1, 6, 5])
    heat, thickness = x[:, :1] / 1e4, x[:, 1:]
    temperature = 300.0 + offset + heat * points[:, 0] + heat**2 * points[:, 1] / thickness
    growth = np.asarray(TIMES)[None, :, None]
    along = growth * heat[:, None] * points[:, 0] / 100.0
    displacement = np.stack([along, -along * points[:, 1] / thickness[:, None]], axis=-1)
    targets = {"temperature": temperature[..., None], "displacement": displacement}
    fields = (
        FieldInfo(name="temperature", unit="K", n_points=25),
        FieldInfo(name="displacement", unit="mm", components=("x", "y"), times=TIMES, n_points=25),
    )
    config = kind_config({"kind": "bayes", "degree": 2})
    reductions = {name: reduction_config({"kind": "svd", "rank": 3}) for name in targets}
    return Surrogate.train(
        config,
        reductions,
        x,
        targets,
        parameters=PARAMETERS,
        fields=fields,
        points=dict.fromkeys(targets, points),
        cells={"quad": corners},
        cross_validation=cross_validate(config, reductions, x, targets, folds=4, seed=0),
        seed=0,
        name=MODEL,
    )


@pytest.fixture(scope="session")
def surrogate() -> Surrogate:
    """What version 1 predicts."""
    return train(offset=0.0)


@pytest.fixture(scope="session")
def promoted() -> Surrogate:
    """What version 2 predicts: 100 K more."""
    return train(offset=100.0)


@pytest.fixture(scope="session")
def solution() -> Any:
    """The solution of an equation that the tests of several modules serve."""
    from fieldwright.physics.equations.problems import problem_named
    from fieldwright.physics.pinn.networks.architecture import Architecture
    from fieldwright.physics.pinn.training_plan import Sampling
    from fieldwright.surrogates.equations.case import EquationCase
    from fieldwright.surrogates.equations.settings import PinnConfig
    from fieldwright.surrogates.equations.training import solve

    case = EquationCase(problem_named("second_order_bvp"), varied=("a",), units={"x": "m", "u": "K"})
    config = PinnConfig(
        architecture=Architecture((6,)),
        sampling=Sampling(60),
        first_steps=10,
        rounds=2,
        steps=20,
        tolerance=0.5,
        members=2,
    )
    return solve(case, config, seed=0, name="beam").surrogate


@pytest.fixture(scope="session")
def shapes() -> Any:
    """A model of shapes, learned from speeds that rise with the distance to circles."""
    from fieldwright.surrogates.shapes.settings import UNetConfig
    from fieldwright.surrogates.shapes.shape_surrogate import ShapeSurrogate

    rows, columns, cell = 12, 24, 0.25
    y, x = np.mgrid[:rows, :columns] * cell
    points = np.stack([x.ravel(), y.ravel(), np.zeros(x.size)], axis=1)
    rng = np.random.default_rng(0)
    middles = rng.uniform([1.5, 1.1, 0.4], [3.5, 1.6, 0.7], (16, 3))
    distance = np.stack([np.hypot(points[:, 0] - a, points[:, 1] - b) - r for a, b, r in middles])
    speed = np.tanh(np.maximum(distance, 0.0))[..., None]
    surrogate, _ = ShapeSurrogate.train(
        UNetConfig(members=2, widths=(4, 8), steps=30, held_out=0.3),
        distance,
        np.zeros((16, 0)),
        {"speed": speed},
        parameters=(),
        fields=[FieldInfo(name="speed", unit="m/s", n_points=rows * columns)],
        points=points,
        unit="m",
        seed=0,
        name="circles",
    )
    return surrogate


@dataclass(frozen=True)
class Store:
    """An MLflow store in a folder, with pyfunc models from code that hold a surrogate's folder."""

    folder: Path

    @property
    def uri(self) -> str:
        return f"sqlite:///{self.folder / 'mlflow.db'}"

    def register(self, artifact: Path, model: str = MODEL) -> str:
        """Logs the folder as the next version of the model and returns that version."""
        import mlflow

        mlflow.set_tracking_uri(self.uri)
        mlflow.set_registry_uri(self.uri)
        code = self.folder / "model_code.py"
        code.write_text(
            "from mlflow.models import set_model\n"
            "from mlflow.pyfunc import PythonModel\n"
            "class Held(PythonModel):\n"
            "    def predict(self, context, model_input, params=None):\n"
            "        return model_input\n"
            "set_model(Held())\n"
        )
        if mlflow.get_experiment_by_name("tests") is None:
            mlflow.create_experiment(
                "tests", artifact_location=(self.folder / "mlartifacts" / "tests").as_uri()
            )
        mlflow.set_experiment("tests")
        with mlflow.start_run():
            logged = mlflow.pyfunc.log_model(
                name="surrogate",
                python_model=str(code),
                artifacts={"surrogate": str(artifact)},
                registered_model_name=model,
                pip_requirements=[],
            )
        return str(logged.registered_model_version)

    def promote(self, version: str, model: str = MODEL) -> None:
        """Gives the version the alias champion."""
        from mlflow import MlflowClient

        client = MlflowClient(tracking_uri=self.uri, registry_uri=self.uri)
        client.set_registered_model_alias(model, "champion", version)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, surrogate: Surrogate) -> Store:
    """A registry whose champion is version 1."""
    store = Store(tmp_path_factory.mktemp("store"))
    surrogate.save(store.folder / "first")
    store.promote(store.register(store.folder / "first"))
    return store


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def command(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., list[str]]:
    """Makes the command line that serves a model of the store, from a home of its own."""

    def command(
        model: str = MODEL, port: int | None = None, home: Path | None = None, *more: str
    ) -> list[str]:
        return [
            *(sys.executable, "-m", "fieldwright.serving", "--tracking-uri", store.uri, "--model", model),
            *("--port", str(port or free_port()), "--home", str(home or tmp_path_factory.mktemp("home"))),
            *more,
        ]

    return command


class Endpoint:
    """A running `python -m fieldwright.serving`, its address and what it has said."""

    def __init__(self, arguments: list[str]) -> None:
        self.log: list[str] = []
        lines: queue.Queue[str] = queue.Queue()
        self.process = subprocess.Popen(
            arguments, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

        def listen(stream, keep: Callable[[str], None]) -> None:
            for line in stream:
                keep(line)
            keep("")

        for stream, keep in ((self.process.stdout, lines.put), (self.process.stderr, self.log.append)):
            threading.Thread(target=listen, args=(stream, keep), daemon=True).start()
        self.announcement = lines.get(timeout=180)
        if not self.announcement:
            raise AssertionError("The endpoint did not come up:\n" + "".join(self.log))
        self.url = self.announcement.split(" at ")[1].split()[0]

    def descendants(self) -> list[int]:
        """The process ids of everything that it has started and that runs."""
        parents = {}
        for status in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = status.read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if fields[0] != "Z":
                parents[int(status.parent.name)] = int(fields[1])
        found = [self.process.pid]
        for pid in found:
            found += [child for child, parent in parents.items() if parent == pid]
        return found[1:]

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=60)


@pytest.fixture(scope="session")
def start() -> type[Endpoint]:
    """Starts an endpoint by its command line and waits until it serves."""
    return Endpoint


@pytest.fixture(scope="module")
def endpoint(command: Callable[..., list[str]]) -> Iterator[Endpoint]:
    """The endpoint of the store's champion."""
    running = Endpoint(command())
    yield running
    if running.process.poll() is None:
        running.stop()


@pytest.fixture(scope="module")
def client(endpoint: Endpoint) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=endpoint.url, timeout=60, trust_env=False) as client:
        yield client


@pytest.fixture(scope="session")
def champion(surrogate: Surrogate, tmp_path_factory: pytest.TempPathFactory) -> Champion:
    """Version 7 of the surrogate, loaded from a shelf."""
    shelf = Shelf(tmp_path_factory.mktemp("shelf"))
    entry = Shelved(MODEL, "7", "7")

    def save(into: Path) -> Path:
        surrogate.save(into / "surrogate")
        return into / "surrogate"

    shelf.put(entry, save)
    shelf.point_to(entry)
    champion = Champion(shelf)
    champion.refresh()
    return champion


@pytest.fixture(scope="session")
def ask() -> Callable[..., httpx.Response]:
    """Asks the endpoint's application in this process."""

    def ask(champion: Champion, method: str, path: str, **request: Any) -> httpx.Response:
        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(http.Endpoint(champion).app())
            async with httpx.AsyncClient(transport=transport, base_url="http://endpoint") as client:
                return await client.request(method, path, **request)

        return asyncio.run(send())

    return ask


@pytest.fixture(scope="session")
def post(champion: Champion, ask: Callable[..., httpx.Response]) -> Callable[..., httpx.Response]:
    """Asks for a prediction."""
    return lambda document, **more: ask(champion, "POST", "/predict", json=document, **more)


@contextmanager
def listening_on_loopback(app: Any, port: int = 0, delay: float = 0.0) -> Iterator[str]:
    """An application on a port of loopback, by default a free one; delay: seconds before it listens."""
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="critical", ws="none"))

    def serve() -> None:
        time.sleep(delay)
        server.run()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        while not delay and not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{port or server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="session")
def listening() -> Callable[..., AbstractContextManager[str]]:
    """Has an application listen, in a thread of this process, and gives its URL."""
    return listening_on_loopback


Effect = tuple[Any, str]
"""The value of an option, and a part of the sentence that refuses it; "" where the answer must change."""


@pytest.fixture(scope="session")
def check_options(ask: Callable[..., httpx.Response]) -> Callable[..., None]:
    """Checks that a route honours or refuses every option that it declares, and each of the others in a table.

    `check_options(champion, path, table, json=...)`: path to a POST route, table from option to effects.
    """

    def declared(champion: Champion, path: str) -> set[str]:
        document = ask(champion, "GET", "/docs.json").json()
        operation = document["paths"][path]["post"]
        names = {one["name"] for one in operation.get("parameters", ())}
        schemas = [next(iter(operation["requestBody"]["content"].values()))["schema"]]
        for schema in schemas:
            schemas += schema.get("oneOf", [])
            if "$ref" in schema:
                schemas.append(document["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
            names |= set(schema.get("properties", ()))
        return names - {"photo"}

    def check(champion: Champion, path: str, table: dict[str, list[Effect]], **request: Any) -> None:
        assert declared(champion, path) <= set(table)
        kind = "json" if "json" in request else "data"
        before = ask(champion, "POST", path, **request)
        assert before.status_code == 200, before.text
        for option, effects in table.items():
            for value, says in effects:
                changed = request | {kind: request.get(kind, {}) | {option: value}}
                reply = ask(champion, "POST", path, **changed)
                if says:
                    assert reply.status_code == 422, (option, reply.text)
                    assert says in reply.json()["error"]
                else:
                    assert reply.status_code == 200, (option, reply.text)
                    assert reply.content != before.content, f"{option} = {value} changes nothing"
        for header, media_type in (("*/*", "application/json"), ("application/*;q=0.1", "application/json")):
            reply = ask(champion, "POST", path, **request, headers={"Accept": header})
            assert reply.headers["content-type"] == media_type
            assert reply.headers["vary"] == "Accept"
        refused = ask(
            champion, "POST", path, **request, headers={"Accept": "text/plain, application/json;q=0"}
        )
        assert refused.status_code == 406
        assert "The header 'Accept' must allow application/json" in refused.json()["error"]

    return check


BEYOND_A_SCHEMA = (
    "The parameters must lie where the model can still compute",
    "Every query must lie inside the domain of the training runs",
    "The place of a 'point' quantity must",
    "Quantities must differ in the labels",
    "Points and parameters must lie where the equation was solved",
    "Points must lie where the solution can still compute",
    "'parameters' must be one object for all",
    "A derivative must be named",
    "A derivative can be of order",
    "A shape must",
    "A signed distance must",
    "An outline must",
    "A photo must",
    "A request must hold at least one photo",
    "The scale must be given",
    "'scale_error' must come with",
    "'picture' must come with",
    "An option must be given once",
)
"""How refusals begin of what fits the schema and still cannot be answered."""


@pytest.fixture(scope="session")
def check_interface() -> Callable[..., None]:
    """Checks an endpoint by questions drawn from its OpenAPI document, with all of schemathesis' checks.

    What fits the document is answered in its words, or refused for a reason that no schema can express; what does not
    fit is refused. unlikely: paths of which few drawn questions can be answered.
    """
    import schemathesis
    from hypothesis import HealthCheck, Phase, given, settings
    from schemathesis import GenerationMode
    from schemathesis.specs.openapi.checks import positive_data_acceptance

    def check(
        champion: Champion, paths: set[str], examples: int, unlikely: frozenset[str] = frozenset()
    ) -> None:
        schema = schemathesis.openapi.from_asgi("/docs.json", http.Endpoint(champion).app())
        schema.validate()
        statuses: dict[tuple[str, str], set[int]] = {}

        def run(operation: Any, mode: GenerationMode) -> None:
            @settings(
                max_examples=examples,
                deadline=None,
                derandomize=True,
                database=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            @given(operation.as_strategy(generation_mode=mode))
            def answered(case: Any) -> None:
                reply = case.call()
                beyond = reply.status_code == 422 and reply.json()["error"].startswith(BEYOND_A_SCHEMA)
                case.validate_response(reply, excluded_checks=[positive_data_acceptance] if beyond else [])
                statuses.setdefault((operation.path, mode.name), set()).add(reply.status_code)

            answered()

        operations = [found.ok() for found in schema.get_all_operations()]
        for operation in operations:
            if operation.path in paths:
                run(operation, GenerationMode.POSITIVE)
                if operation.method == "post":
                    run(operation, GenerationMode.NEGATIVE)
        assert {path for path, _ in statuses} == paths
        for (path, mode), reached in statuses.items():
            by_chance = path.startswith(PHOTO_PATHS) or path in unlikely
            assert mode == "NEGATIVE" or by_chance or 200 in reached, path
            assert mode == "POSITIVE" or not reached & {200, 500}, path

    return check


PHOTO_PATHS = ("/classify", "/explain", "/segment")
"""Where drawn bytes are no pictures."""
