"""The one family of errors that a user can cause and can mend."""

from __future__ import annotations


class FieldwrightError(Exception):
    """A user's mistake, said in one form: what must hold, what was got, what to do.

    The command line prints it without a traceback and exits 2; the endpoint answers it as 4xx.

    Parameters
    ----------
    must
        What must hold.
    got
        What was found instead.
    do
        What to do about it.
    """

    def __init__(self, must: str, got: str, do: str) -> None:
        self.must, self.got, self.do = must, got, do
        super().__init__(must, got, do)

    def __str__(self) -> str:
        return f"{self.must.rstrip('.')}. Got {self.got.rstrip('.')}. {self.do.rstrip('.')}."


class StudyError(FieldwrightError):
    """The study file asks for something that cannot be."""


class ReadError(FieldwrightError):
    """A result file cannot be read as what it claims to be; `reason` is its code in the catalogue."""

    reason = "unreadable"


class TruncatedError(ReadError):
    """A result file breaks off before its end."""

    reason = "truncated"


class UnfinishedError(ReadError):
    """The solver did not come to the end of the run."""

    reason = "missing time steps"


class DivergedError(ReadError):
    """The solver says that the run failed or diverged."""

    reason = "diverged"


class RunRejected(FieldwrightError):
    """One run cannot be accepted; `reason` is a short code for the catalogue, such as "not finite"."""

    def __init__(self, reason: str, must: str, got: str, do: str) -> None:
        super().__init__(must, got, do)
        self.reason = reason
        self.args = (reason, must, got, do)


class PhotoError(FieldwrightError):
    """A photo, a mask or a collection of them cannot be used; `reason` is a short code such as "unreadable"."""

    def __init__(self, reason: str, must: str, got: str, do: str) -> None:
        super().__init__(must, got, do)
        self.reason = reason
        self.args = (reason, must, got, do)


class StoreError(FieldwrightError):
    """The run store cannot do what was asked; what it holds is untouched."""


class DamagedError(StoreError):
    """What the store holds is not what was written, so that it must be read anew from its files."""


class ModelError(FieldwrightError):
    """A model cannot be fitted, saved, restored or promoted as asked."""


class ComputeError(FieldwrightError):
    """Work cannot be done where the study sends it: a cluster that does not answer, or workers that are not alike."""


class QueryError(FieldwrightError):
    """A query to a surrogate does not fit what the surrogate describes."""


class AccessError(FieldwrightError):
    """API keys cannot be read, written or asked for as they are."""
