"""The page on which a model is tried: files that a browser runs, built on the endpoint's public interface alone."""
