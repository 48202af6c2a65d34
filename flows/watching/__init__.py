"""A folder that is looked at again and again, and the pipeline that new, complete files in it start."""
