"""How many and how large photos one request may hold."""

from fieldwright.serving.body import Accepted

MULTIPART = "multipart/form-data"
PICTURES = ("image/jpeg", "image/png", "image/tiff", "image/bmp", "image/webp")

PHOTO_BODY = Accepted((MULTIPART, *PICTURES), 128 * 1024**2, 120.0)
"""A hundred-megapixel photo as JPEG is some 50 MB."""

MAX_PHOTOS = 256

MAX_PIXELS = 120_000_000
"""Of all photos of a request together: as three bytes each they are 360 MB."""

MAX_OPTIONS = 24

MAX_OPERATIONS = {"cpu": 3e12, "cuda": 3e14}
"""Of the networks for one request: about a minute of one processor core. They are counted and not timed, so that
what one request may ask for is the same on a busy machine as on an idle one."""
