"""Each form of an answer holds the numbers of the JSON, and is read by the programs that it is for."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import meshio
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from fieldwright.data.formats.vtu import VtuReader
from fieldwright.data.output.columns import Column
from fieldwright.data.output.vtu_file import VTK_TYPES, MeshData, vtu_bytes
from fieldwright.serving.fields.answer import STATISTICS
from fieldwright.serving.forms.accept import ARROW, CSV, NPZ, VTU, ZIP
from fieldwright.serving.forms.csv_form import write_csv
from fieldwright.serving.forms.reply import Reply
from fieldwright.serving.hosting.champion import Champion
from fieldwright.surrogates.fields.surrogate import Surrogate

ROW = {"heat_flux": 2e4, "thickness": 4.0}
ROWS = [ROW, {"heat_flux": 9e4, "thickness": 4.0}]
HOTTEST = {"what": "max", "field": "temperature"}
MOVED = {"what": "max", "field": "displacement", "component": "x"}
Post = Callable[..., httpx.Response]


def answered(post: Post, media_type: str, **document: Any) -> bytes:
    reply = post(document, headers={"Accept": media_type})
    assert reply.status_code == 200, reply.text
    assert reply.headers["content-type"].partition(";")[0] == media_type
    return reply.content


def refused(post: Post, media_type: str, **document: Any) -> str:
    reply = post(document, headers={"Accept": media_type})
    assert reply.status_code == 422
    return reply.json()["error"]


def test_arrow_has_a_row_for_each_query_and_arrays_of_fields(post: Post):
    document = {
        "parameters": ROWS,
        "quantities": [HOTTEST, MOVED],
        "fields": ["temperature", "displacement"],
    }
    table = pa.ipc.open_stream(answered(post, ARROW, **document)).read_all()
    answer = post(document).json()
    assert table.column_names[:3] == ["heat_flux", "thickness", "max(temperature)"]
    assert table.schema.field("heat_flux").metadata[b"unit"] == b"W/m2"
    assert table.schema.field("max(temperature) upper").metadata[b"unit"] == b"K"
    assert json.loads(table.schema.metadata[b"fieldwright"])["version"] == "7"
    assert table["inside"].to_pylist() == answer["inside"] == [True, False]
    assert table["why"].to_pylist() == answer["why"]
    for group in ("quantities", "fields"):
        for name, entry in answer[group].items():
            for statistic in STATISTICS:
                column = table[name if statistic == "mean" else f"{name} {statistic}"].combine_chunks()
                tensor = isinstance(column, pa.FixedShapeTensorArray)
                values = column.to_numpy_ndarray() if tensor else column.to_numpy()
                np.testing.assert_array_equal(values.ravel(), np.ravel(entry[statistic]))
    displacement = table.schema.field("displacement")
    assert displacement.type.shape == [3, 25, 2]
    assert displacement.metadata[b"axes"] == b"time,point,component"
    assert json.loads(displacement.metadata[b"times"]) == [0.0, 10.0, 20.0]
    assert np.stack(table.to_pandas()["temperature"].to_list()).shape == (2, 25)


def test_a_csv_has_a_row_for_each_query(post: Post):
    content = answered(post, CSV, parameters=ROWS, quantities=[HOTTEST])
    answer = post({"parameters": ROWS, "quantities": [HOTTEST]}).json()
    table = pd.read_csv(io.BytesIO(content))
    assert list(table) == [
        *("heat_flux [W/m2]", "thickness [mm]", "max(temperature) [K]", "max(temperature) lower [K]"),
        *("max(temperature) upper [K]", "max(temperature) std [K]", "inside", "outside", "why"),
    ]
    entry = answer["quantities"]["max(temperature)"]
    for statistic in STATISTICS:
        name = "max(temperature)" if statistic == "mean" else f"max(temperature) {statistic}"
        np.testing.assert_array_equal(table[f"{name} [K]"], entry[statistic])
    assert table["inside"].tolist() == [True, False]
    assert table["why"].tolist()[1] == answer["why"][1]
    assert content.endswith(b"\r\n")


def test_a_csv_of_transient_numbers_has_a_row_for_each_time(post: Post):
    place = {"what": "point", "field": "temperature", "at": [0.5, 0.25]}
    content = answered(post, CSV, parameters=ROWS, quantities=[place, MOVED])
    table = pd.read_csv(io.BytesIO(content))
    answer = post({"parameters": ROWS, "quantities": [MOVED]}).json()
    assert table["query"].tolist() == [0, 0, 0, 1, 1, 1]
    assert table["time"].tolist() == [0.0, 10.0, 20.0] * 2
    np.testing.assert_array_equal(
        table["max(displacement.x) [mm]"], np.ravel(answer["quantities"]["max(displacement.x)"]["mean"])
    )
    assert table["point(temperature, 0.5, 0.25) [K]"].nunique() == 2
    assert "consist of single numbers" in refused(post, CSV, parameters=ROW, fields=["temperature"])


def test_a_csv_beyond_ascii_is_marked_for_excel():
    lines = write_csv(
        Reply({}, {}, lambda: [Column("flow", np.array([0.1]), "µm³"), Column("why", ['a "b"'])])
    )
    assert lines.decode("utf-8-sig") == 'flow [µm³],why\r\n0.1,"a ""b"""\r\n'
    assert lines.startswith(b"\xef\xbb\xbf")


@pytest.fixture
def read_vtu(tmp_path: Path) -> Callable[[bytes], tuple[Any, meshio.Mesh]]:
    """Reads a VTU by the product's own reader and by meshio."""

    def read(content: bytes) -> tuple[Any, meshio.Mesh]:
        path = tmp_path / "answer.vtu"
        path.write_bytes(content)
        return VtuReader().read(path), meshio.read(path)

    return read


def test_a_vtu_holds_the_fields_of_a_query_on_their_mesh(post: Post, surrogate: Surrogate, read_vtu):
    document = {"parameters": ROW, "fields": ["temperature"], "quantities": [HOTTEST]}
    run, mesh = read_vtu(answered(post, VTU, **document))
    answer = post(document).json()["fields"]["temperature"]
    np.testing.assert_array_equal(run.mesh.points, surrogate.points("temperature"))
    np.testing.assert_array_equal(run.mesh.cells["quad"], surrogate.cells["quad"])
    np.testing.assert_array_equal(mesh.cells_dict["quad"], surrogate.cells["quad"])
    for statistic in STATISTICS:
        name = "temperature" if statistic == "mean" else f"temperature {statistic}"
        np.testing.assert_array_equal(run.fields[name].values[0], answer[statistic][0])
        np.testing.assert_array_equal(mesh.point_data[name], np.ravel(answer[statistic]))


def test_vectors_and_times_of_several_queries_come_as_an_archive(post: Post, read_vtu):
    document = {"parameters": ROWS, "fields": ["displacement"], "quantities": []}
    assert "one query at one time. Got 6 of them" in refused(post, VTU, **document)
    assert "must hold fields" in refused(post, VTU, parameters=ROW)
    answer = post(document).json()["fields"]["displacement"]
    with zipfile.ZipFile(io.BytesIO(answered(post, ZIP, **document))) as archive:
        assert sorted(archive.namelist()) == sorted(
            [f"query_{k}_{t}.vtu" for k in range(2) for t in range(3)] + ["query_0.pvd", "query_1.pvd"]
        )
        assert '<DataSet timestep="20.0" file="query_1_2.vtu"/>' in archive.read("query_1.pvd").decode()
        run, _ = read_vtu(archive.read("query_1_2.vtu"))
    assert run.times.tolist() == [20.0]
    upper = run.fields["displacement upper"].values[0]
    np.testing.assert_array_equal(upper[:, :2], answer["upper"][1][2])
    assert not upper[:, 2].any()


def test_every_type_of_cell_is_written_as_it_is_read(read_vtu):
    rng = np.random.default_rng(0)
    for name in ("wedge", "tetra10", "hexahedron20", "polygon5"):
        count = {"wedge": 6, "tetra10": 10, "hexahedron20": 20, "polygon5": 5}[name]
        nodes = np.stack([rng.permutation(count), rng.permutation(count)])
        data = {"stress": np.arange(2.0)[:, None]}
        run, _ = read_vtu(vtu_bytes(MeshData(rng.random((count, 3)), {name: nodes}, cell_data=data)))
        np.testing.assert_array_equal(run.mesh.cells[name], nodes)
        np.testing.assert_array_equal(run.fields["stress"].values[0], data["stress"])
    assert {"vertex", "line", "triangle", "quad", "tetra", "hexahedron", "wedge", "pyramid"} <= set(VTK_TYPES)


def test_places_without_cells_are_vertices(read_vtu):
    points = np.random.default_rng(0).random((4, 3))
    run, _ = read_vtu(vtu_bytes(MeshData(points, {}, {"t": np.arange(4.0)[:, None]})))
    np.testing.assert_array_equal(run.fields["t"].values[0, :, 0], np.arange(4.0))


def test_the_mesh_and_gradients_come_in_further_forms(
    ask, champion: Champion, surrogate: Surrogate, read_vtu
):
    reply = ask(champion, "GET", "/mesh/temperature", headers={"Accept": VTU})
    np.testing.assert_array_equal(read_vtu(reply.content)[0].mesh.cells["quad"], surrogate.cells["quad"])
    document = {"parameters": ROWS, "quantities": [HOTTEST], "fields": ["displacement"]}
    reply = ask(champion, "POST", "/gradients", json=document, headers={"Accept": ARROW})
    table = pa.ipc.open_stream(reply.content).read_all()
    assert table.schema.field("d displacement / d thickness").type.shape == [3, 25, 2]
    reply = ask(champion, "POST", "/gradients", json=document | {"fields": []}, headers={"Accept": CSV})
    answer = ask(champion, "POST", "/gradients", json=document).json()
    np.testing.assert_array_equal(
        pd.read_csv(io.StringIO(reply.text))["d max(temperature) / d thickness [K/mm]"],
        answer["quantities"]["max(temperature)"]["thickness"]["values"],
    )


def test_the_forms_are_described_and_named_where_none_is_accepted(ask, champion: Champion, post: Post):
    paths = ask(champion, "GET", "/docs.json").json()["paths"]
    content = paths["/predict"]["post"]["responses"]["200"]["content"]
    assert set(content) == {"application/json", NPZ, ARROW, CSV, VTU, ZIP}
    reply = post({"parameters": ROW}, headers={"Accept": f"image/png, {CSV};q=0"})
    assert reply.status_code == 406
    assert all(media_type in reply.json()["error"] for media_type in content)


def test_what_lies_outside_is_refused_on_demand(post: Post):
    reply = post({"parameters": ROWS, "outside": "refuse"})
    assert reply.status_code == 422
    assert "Got query 1 outside: 'heat_flux' = 90000 lies beyond its range" in reply.json()["error"]
    assert post({"parameters": ROWS[:1], "outside": "refuse"}).status_code == 200
    assert post({"parameters": ROWS, "outside": "answer"}).json()["inside"] == [True, False]
