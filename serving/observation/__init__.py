"""What is recorded of requests: their ids, log lines, spans, and a sample of predictions."""
