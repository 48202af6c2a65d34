"""A trained surrogate elsewhere: its arithmetic as a graph, which is written as C, as ONNX and as an FMU."""
