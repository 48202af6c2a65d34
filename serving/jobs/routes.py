"""How jobs are taken, asked for, fetched and ended."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

import orjson
from starlette.responses import Response

from fieldwright.data.errors import QueryError
from fieldwright.serving.body import read_body
from fieldwright.serving.exchange import Exchange
from fieldwright.serving.forms.accept import JSON, accepted_type, form_response
from fieldwright.serving.hosting.authorization import KEY
from fieldwright.serving.jobs.job import Job, JobQuestion
from fieldwright.serving.jobs.job_list import JobList
from fieldwright.serving.jobs.limits import JOB_OPERATIONS
from fieldwright.serving.photos.intake import SentForm, read_form
from fieldwright.serving.photos.interface import PhotoRoute
from fieldwright.serving.photos.limits import PHOTO_BODY
from fieldwright.serving.photos.pixels import refuse_costly
from fieldwright.serving.photos.replies import PNG, PhotoForm
from fieldwright.serving.phrases import listed, nearest, quoted
from fieldwright.serving.refusal import Refused
from fieldwright.serving.served_model import ServedModel


class JobModel(ServedModel, Protocol):
    """A served model that answers jobs; job_routes: that may be asked by one."""

    job_routes: Sequence[PhotoRoute]

    def operations(self, route: PhotoRoute, form: SentForm, options: Any) -> float:
        """Of its networks for an answer; raises QueryError and PhotoError."""
        ...


async def post_job(served: JobModel, exchange: Exchange) -> Response:
    """Takes photos, whose answer is computed as soon as the jobs before it have ended."""
    request = exchange.request
    media_type = accepted_type(request, (JSON,))
    names = [route.name for route in served.job_routes]
    name = request.query_params.get("route")
    if name not in names:
        do = f"Ask POST /jobs?route={names[0]}" if name is None else nearest(name, names)
        raise QueryError(f"'route' must be one of {listed(names)}", quoted(name), do)
    key = request.scope.get(KEY)
    if key is not None and not key.allows(f"/{name}", served.model):
        raise Refused(
            403,
            f"The key '{key.name}' must allow what a job asks",
            f"/{name} of '{served.model}'",
            "Use another key, or have one made that allows it",
        )
    route = next(one for one in served.job_routes if one.name == name)
    jobs = exchange.jobs
    if not isinstance(jobs, JobList):
        return await jobs.forwarded(request, await read_body(request, PHOTO_BODY))
    form = await read_form(request, route.files)
    texts = {option: text for option, text in form.options.items() if option != "route"}
    options = route.reader.read(texts)
    if getattr(options, "picture", None) is not None:
        raise QueryError(
            "'picture' must come with the request for the answer",
            "it with that for a job",
            "Ask GET /jobs/JOB/answer?picture=... once it is done",
        )

    def check() -> bytes:
        operations = served.operations(route, form, options)
        refuse_costly(operations, len(form.photos), JOB_OPERATIONS, served.device)
        return b""

    await exchange.in_thread(check, small=True)
    job = jobs.add(JobQuestion(served.model, served.version, exchange.folder, route.name, form, texts))
    document = {"job": job.name, "href": f"{request.url.path}/{job.name}"}
    response = form_response(orjson.dumps(document), media_type)
    response.status_code = 202
    return response


async def get_job(served: JobModel, exchange: Exchange) -> Response:
    """Answers how far a job has come."""

    async def reply(jobs: JobList, job: Job) -> Response:
        return form_response(orjson.dumps(job.document()), JSON)

    return await _of_job(served, exchange, (JSON,), reply)


async def delete_job(served: JobModel, exchange: Exchange) -> Response:
    """Cancels a job, or forgets one that has ended."""

    async def reply(jobs: JobList, job: Job) -> Response:
        jobs.remove(job)
        return form_response(orjson.dumps(job.document()), JSON)

    return await _of_job(served, exchange, (JSON,), reply)


async def get_job_answer(served: JobModel, exchange: Exchange) -> Response:
    """The answer of a job that is done."""
    offered = {media_type: None for route in served.job_routes for media_type in route.media_types}

    async def reply(jobs: JobList, job: Job) -> Response:
        route = next(one for one in served.job_routes if one.name == job.route)
        media_type = accepted_type(exchange.request, route.media_types)
        picture = exchange.request.query_params.get("picture")
        if picture is not None and picture not in route.pictures:
            raise QueryError(
                f"'picture' must be one of {listed(route.pictures)}",
                quoted(picture),
                nearest(picture, route.pictures),
            )
        form = PhotoForm.of(media_type, picture, route.pictures)
        answer = job.answer
        if answer is None:
            got = f"one that is {job.state}" + (f": {job.error}" if job.error else "")
            raise Refused(
                409,
                "A job must be done before its answer can be had",
                got,
                f"Ask GET {exchange.request.url.path.removesuffix('/answer')} how far it is"
                if job.open
                else "Send the photo again",
            )
        if answer.pictures and media_type == PNG and f"0_{form.picture}" not in answer.pictures:
            raise QueryError(
                "'picture' must be one that the job was asked for by 'pictures'",
                quoted(form.picture),
                "Send the photo again, or ask for another picture",
            )
        body = await exchange.in_thread(
            lambda: form.body(answer.document, answer.pictures, answer.photos), small=True
        )
        return form_response(body, media_type)

    return await _of_job(served, exchange, tuple(offered), reply)


async def _of_job(
    served: JobModel,
    exchange: Exchange,
    offered: Sequence[str],
    reply: Callable[[JobList, Job], Awaitable[Response]],
) -> Response:
    accepted_type(exchange.request, offered)
    jobs = exchange.jobs
    if not isinstance(jobs, JobList):
        return await jobs.forwarded(exchange.request)
    return await reply(jobs, jobs.find(exchange.request.path_params["job"], served.model))
