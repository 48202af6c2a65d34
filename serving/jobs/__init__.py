"""Questions about photos that take minutes: computed by a process of their own, asked for and fetched in between."""
