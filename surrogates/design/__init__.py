"""Which runs to simulate next, and how many more it takes."""
