"""Pictures as a client sends them: files of a multipart form, or one picture as the whole body."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from fieldwright.data.errors import QueryError
from fieldwright.serving.body import Accepted, media_type, read_body
from fieldwright.serving.photos.limits import MAX_OPTIONS, MAX_PHOTOS, MULTIPART, PHOTO_BODY
from fieldwright.serving.phrases import listed, quoted
from fieldwright.serving.refusal import Refused


@dataclass(frozen=True)
class FormFile:
    """Files of one name that a route takes, as its OpenAPI document says them.

    required: whether a request must hold one. most: of them.
    """

    name: str
    description: str
    required: bool = False
    most: int = 1


PHOTO = FormFile("photo", "Photos, turned upright as the camera says.", required=True, most=MAX_PHOTOS)


@dataclass(frozen=True)
class SentPhoto:
    """One file of a request, not yet decoded; name: the file's own, or that in the form."""

    name: str
    content: bytes = field(repr=False)


@dataclass(frozen=True)
class SentForm:
    """The files of a request by their names in the form, each in its order, and its options as texts."""

    files: Mapping[str, tuple[SentPhoto, ...]]
    options: Mapping[str, str]

    @property
    def photos(self) -> tuple[SentPhoto, ...]:
        """The files that are photos to be answered."""
        return self.files.get(PHOTO.name, ())

    def file(self, name: str) -> SentPhoto | None:
        """The file of a name that stands once at most."""
        return next(iter(self.files.get(name, ())), None)


def takes_whole_body(files: Sequence[FormFile]) -> bool:
    """Whether one picture may be the body of a request with these files: the only one that it must hold."""
    return files[0].required and not any(one.required for one in files[1:])


async def read_form(request: Request, files: Sequence[FormFile] = (PHOTO,)) -> SentForm:
    """The files and options of a request; options stand in the form or behind '?' in the address.

    Raises QueryError where a file is missing, empty or of another name, and Refused where the body is no form.
    """
    types = PHOTO_BODY.types if takes_whole_body(files) else (MULTIPART,)
    body = await read_body(request, Accepted(types, PHOTO_BODY.most, PHOTO_BODY.seconds))
    options = list(request.query_params.multi_items())
    sent: dict[str, list[SentPhoto]] = {}
    if media_type(request) == MULTIPART:
        in_form = await _form(request, body, files, sent)
        options += in_form
    else:
        sent[files[0].name] = [SentPhoto(files[0].name, body)]
    for one in files:
        contents = [photo.content for photo in sent.get(one.name, [])]
        if (one.required and not contents) or not all(contents):
            raise QueryError(
                f"A request must hold at least one {one.name}", "none, or an empty file", _how(files)
            )
        if len(contents) > one.most:
            raise QueryError(
                f"A request may hold {one.most} file{'s' if one.most > 1 else ''} named '{one.name}'",
                str(len(contents)),
                "Send them in several requests",
            )
    texts: dict[str, str] = {}
    for name, text in options:
        if name in texts:
            raise QueryError("An option must be given once", f"{quoted(name)} twice", "Leave one out")
        texts[name] = text
    # BentoML's client writes every option as JSON: texts in quotes, and null for one that has no value.
    return SentForm(
        {name: tuple(photos) for name, photos in sent.items()},
        {name: _bare(text) for name, text in texts.items() if text != "null"},
    )


def _how(files: Sequence[FormFile]) -> str:
    named = [one for one in files if one.required] or files[:1]
    return f"Send curl {' '.join(f'-F {one.name}=@{one.name}.jpg' for one in named)}"


def _bare(text: str) -> str:
    quotes = len(text) > 1 and text[0] == text[-1] == '"'
    return text[1:-1] if quotes else text


async def _form(
    request: Request, body: bytes, files: Sequence[FormFile], sent: dict[str, list[SentPhoto]]
) -> list[tuple[str, str]]:
    """Puts the files of a form among those sent, and returns its options."""

    async def stream() -> AsyncGenerator[bytes, None]:
        yield body

    most = sum(one.most for one in files)
    parser = MultiPartParser(request.headers, stream(), max_files=most + 1, max_fields=MAX_OPTIONS)
    # The body is in memory already; a copy in a file would need a disk that is not full.
    parser.spool_max_size = PHOTO_BODY.most
    try:
        form = await parser.parse()
    except (MultiPartException, KeyError, ValueError) as error:
        why = getattr(error, "message", "") or str(error)
        raise Refused(
            400, "The body must be a multipart form with files", why.rstrip("."), _how(files)
        ) from error
    names = [one.name for one in files]
    options = []
    try:
        for name, value in form.multi_items():
            if not isinstance(value, UploadFile):
                options.append((name, value))
            elif name in names:
                sent.setdefault(name, []).append(SentPhoto(value.filename or name, await value.read()))
            else:
                must = f"'{names[0]}'" if len(names) == 1 else f"one of {listed(names)}"
                raise QueryError(f"Every file must be named {must} in the form", quoted(name), _how(files))
    finally:
        await form.close()
    return options
