"""The table `[compute]` of a study file."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, field_validator, model_validator

from fieldwright.data.computing.connection import WorkersAddress
from fieldwright.flows.study.section import Section


class Compute(Section):
    """Where runs are read, fields reduced, folds trained and trials of a search evaluated; see docs/cluster.md."""

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
