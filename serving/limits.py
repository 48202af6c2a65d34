"""How much one request may ask for, so that no request can exhaust the memory or the time of the endpoint."""

MAX_BODY_BYTES = 8 * 1024**2
"""Ten thousand queries of twenty named parameters fit in it."""

BODY_SECONDS = 30.0
"""A body that takes longer to arrive holds a connection that others may need."""

MAX_QUERIES = 10_000

MAX_QUANTITIES = 64

MAX_FIELD_VALUES = 2_000_000
"""Field values per statistic and answer: the four statistics are 64 MB as float64, some 160 MB as JSON."""

MAX_VALUES = 2_000_000
"""Values of fields and quantities at all times that an answer holds per statistic."""

MAX_OPERATIONS = 6e10
"""Of computing one answer, about a minute: they are counted from what a request asks for, see `cost`."""

MAX_WAITING = 64
"""Large answers that wait for a thread of a worker; more are refused with 503 rather than kept in memory."""

MAX_SMALL_WAITING = 1024
"""Small answers that wait for theirs: their bodies take 64 MB at most."""

INLINE_BYTES = 64 * 1024
SMALL_OPERATIONS = 1e8
"""About a tenth of a second; what takes longer has a thread of its own: small requests never wait behind it."""
BATCH_OPERATIONS = 2e7
"""Of small requests that are answered together in the event loop."""
INLINE_OPERATIONS = 5e6
"""Smaller and quicker requests are answered in the event loop itself: handing them to a thread costs more."""
MAX_TIMES = 1000
"""At which one request may ask for transient fields."""

ANSWER_SECONDS = 300.0
"""For one answer, the time included that it waits for others; its client then gets an error instead of waiting on."""

STOP_SECONDS = 75.0
"""For answers that are under way when the endpoint is stopped: a little more than the longest takes."""

STALLED_SECONDS = 30.0
"""For a client to read some more of its answer: one that reads nothing would keep it in memory for ever."""

MOST_MODELS = 16
"""Of one endpoint: each lies in the memory of every worker."""
