"""The table `[compute]` of a study file."""

from __future__ import annotations

import re
from pathlib import Path

import psutil
from pydantic import Field, field_validator, model_validator

from fieldwright.data.computing.connection import WorkersAddress
from fieldwright.flows.study.section import Section

UNITS = {
    "kB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
    "KiB": 2**10,
    "MiB": 2**20,
    "GiB": 2**30,
    "TiB": 2**40,
}
LEAST_MEMORY = 512 * 10**6
MACHINE_MEMORY = psutil.virtual_memory().total


def bytes_of(text: str) -> int:
    """Bytes of a size such as "2 GB" or "1.5GiB"; raises ValueError."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]+)\s*", text)
    units = {unit.lower(): size for unit, size in UNITS.items()}
    if match is None or match[2].lower() not in units:
        raise ValueError(
            f"'memory' must be a number and one of {', '.join(UNITS)}, such as \"2 GB\": {text!r}"
        )
    return int(float(match[1]) * units[match[2].lower()])


class Compute(Section):
    """Where runs are read, fields reduced, folds trained and trials of a search evaluated; see docs/cluster.md."""

    memory: str | None = Field(
        None,
        description="Memory for the fields of a study: `2 GB`, or MB, TB, GiB and so on; not less than 512 MB. Where "
        "all fields together are larger than an eighth of it, they are frozen to the disk and read point by point. A "
        "quarter of the machine's memory if left out.",
    )
    dask: str | None = Field(
        None,
        description="Address of a Dask scheduler, `tcp://host:8786` or `tls://host:8786`, whose workers see the "
        "folders of this machine under the same paths; or `local:8` for eight processes of this machine. The work is "
        "done in this process if left out.",
    )
    tls_ca: Path | None = Field(
        None,
        description="Certificate of the authority for `tls://`, in PEM; that of Dask's configuration if left out.",
    )
    tls_certificate: Path | None = Field(None, description="This client's certificate for `tls://`.")
    tls_key: Path | None = Field(None, description="Its key.")

    @field_validator("memory")
    @classmethod
    def _enough_memory(cls, text: str | None) -> str | None:
        if text is not None and bytes_of(text) < LEAST_MEMORY:
            raise ValueError(f"'memory' must be at least 512 MB, to hold blocks of runs: {text}")
        return text

    @property
    def memory_bytes(self) -> int:
        """The memory for fields, in bytes."""
        return MACHINE_MEMORY // 4 if self.memory is None else bytes_of(self.memory)

    @field_validator("dask")
    @classmethod
    def _an_address(cls, text: str | None) -> str | None:
        try:
            WorkersAddress.of(text or "local:1")
        except ValueError as error:
            raise ValueError(f"'dask' {error}") from None
        return text or None

    @model_validator(mode="after")
    def _keys_are_of_tls(self) -> Compute:
        if (self.tls_ca or self.tls_certificate or self.tls_key) and not (self.dask or "").startswith(
            "tls://"
        ):
            raise ValueError(
                "'tls_ca', 'tls_certificate' and 'tls_key' need an address 'tls://...' in 'dask'"
            )
        return self
