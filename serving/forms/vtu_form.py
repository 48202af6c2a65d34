"""Answers as VTU, and several of them as a ZIP archive."""

from __future__ import annotations

from fieldwright.data.errors import QueryError
from fieldwright.data.output.vtu_archive import vtu_archive
from fieldwright.data.output.vtu_file import vtu_bytes
from fieldwright.serving.forms.reply import Reply


def write_vtu(reply: Reply) -> bytes:
    """One mesh with its fields; raises QueryError where the answer holds several."""
    meshes = reply.meshes()
    if len(meshes) != 1:
        raise QueryError(
            "An answer as VTU must be that of one query at one time",
            f"{len(meshes)} of them",
            "Ask for one query and one of 'times', or for application/zip with a file for each",
        )
    return vtu_bytes(meshes[0])


def write_vtu_zip(reply: Reply) -> bytes:
    """A VTU for each query and time, and for each query that has times a PVD, which ParaView plays."""
    return vtu_archive(reply.meshes())
