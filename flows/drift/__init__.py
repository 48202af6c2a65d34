"""Whether a served model still fits what it is asked: the log of predictions and late runs, against its promises."""
