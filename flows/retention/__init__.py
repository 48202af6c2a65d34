"""What of a study's past is removed: old pipelines, versions that nothing needs, what the store has superseded."""
