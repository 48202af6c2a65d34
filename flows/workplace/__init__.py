"""The workplace of one machine: servers, worker, schedules and endpoint that `fieldwright up` keeps up."""
