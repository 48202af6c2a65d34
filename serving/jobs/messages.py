"""What the process of jobs and its worker say to each other: a line of JSON, and bytes whose sizes it tells."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import orjson

LONGEST_LINE = 2**20
_SIZES = "sizes"


@dataclass(frozen=True)
class JobMessage:
    """One message. header: plain JSON types. blobs: bytes that follow it."""

    header: dict[str, Any]
    blobs: Sequence[bytes] = field(default=(), repr=False)

    def line(self) -> bytes:
        """The header as it is sent, before the blobs."""
        return orjson.dumps(self.header | {_SIZES: [len(blob) for blob in self.blobs]}) + b"\n"


def write_message(stream: BinaryIO, frame: JobMessage) -> None:
    """Sends a message and waits until it has left."""
    stream.write(frame.line())
    for blob in frame.blobs:
        stream.write(blob)
    stream.flush()


def read_message(stream: BinaryIO) -> JobMessage | None:
    """The next message; None at the end."""
    line = stream.readline()
    if not line:
        return None
    header = orjson.loads(line)
    return JobMessage(header, [stream.read(size) for size in header.pop(_SIZES)])


async def send_message(writer: asyncio.StreamWriter, frame: JobMessage) -> None:
    """Sends a message while others go on."""
    writer.write(frame.line())
    for blob in frame.blobs:
        writer.write(blob)
        await writer.drain()
    await writer.drain()


async def receive_message(reader: asyncio.StreamReader) -> JobMessage | None:
    """The next message; None where the other side has ended, in the midst of a message too."""
    line = await reader.readline()
    if not line.endswith(b"\n"):
        return None
    header = orjson.loads(line)
    try:
        return JobMessage(header, [await reader.readexactly(size) for size in header.pop(_SIZES)])
    except asyncio.IncompleteReadError:
        return None
