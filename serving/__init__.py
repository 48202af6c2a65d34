"""The BentoML endpoint that answers from the registered champion."""
