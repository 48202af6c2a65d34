"""Fields of several queries and times as a ZIP archive of VTU files."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence

from fieldwright.data.output.vtu_file import MeshData, vtu_bytes


def vtu_archive(meshes: Sequence[MeshData]) -> bytes:
    """A VTU for each query and time, and for each query that has times a PVD, which ParaView plays."""
    by_query: dict[int, list[MeshData]] = {}
    for mesh in meshes:
        by_query.setdefault(mesh.query, []).append(mesh)
    buffer = io.BytesIO()
    # Digits of measured fields hardly shrink, and to try costs thirty times what computing them does.
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for query, of_query in by_query.items():
            names = [
                f"query_{query}.vtu" if mesh.time is None else f"query_{query}_{k}.vtu"
                for k, mesh in enumerate(of_query)
            ]
            for name, mesh in zip(names, of_query, strict=True):
                archive.writestr(name, vtu_bytes(mesh))
            if of_query[0].time is not None:
                archive.writestr(f"query_{query}.pvd", _pvd(names, of_query))
    return buffer.getvalue()


def _pvd(names: list[str], meshes: list[MeshData]) -> str:
    sets = [
        f'<DataSet timestep="{mesh.time!r}" file="{name}"/>' for name, mesh in zip(names, meshes, strict=True)
    ]
    lines = ['<?xml version="1.0"?>', '<VTKFile type="Collection" version="0.1">', "<Collection>"]
    return "\n".join([*lines, *sets, "</Collection>", "</VTKFile>", ""])
