"""What happens to a study's pipelines, sent to people by a webhook."""
