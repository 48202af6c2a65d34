"""Which row of a table means which run: by name, or by a number that the run's name holds."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

_SUFFIX = re.compile(r"\.[A-Za-z][A-Za-z0-9]{0,4}$")


def matched_ids(ids: Sequence[str], runs: Sequence[str]) -> dict[str, str]:
    """Run by id: equal names first, then names alike ("case-2" and "Case_02"), then numbers (2 and "run_02").

    An id that may mean several runs, and a run that several ids may mean, stay without. Numbers count only where
    nothing else in the names differs, and not where all ids are shifted against the runs, as 0 to 9 against 1 to 10.
    """
    pairs = {one: one for one in ids if one in set(runs)}
    pairs |= _unique(ids, runs, pairs, [_form(_bare(one)) for one in ids], [_form(run) for run in runs])
    unmatched = [one for one in ids if one not in pairs]
    if unmatched:
        of_ids, of_runs = _numbers([_bare(one) for one in ids]), _numbers(list(runs))
        # One of the two are numbers alone: names with other words mean other runs.
        bare = any(all(len(_form(one)) == 1 for one in names) for names in ([_bare(i) for i in ids], runs))
        if bare and of_ids and of_runs and not _shifted(of_ids, of_runs):
            pairs |= _unique(ids, runs, pairs, of_ids, of_runs)
    return pairs


def _unique(
    ids: Sequence[str], runs: Sequence[str], pairs: dict[str, str], of_ids: list, of_runs: list
) -> dict[str, str]:
    """Pairs of ids and runs that `pairs` lacks, where one of each has the same form."""
    n_ids, n_runs, runs_of_pairs = Counter(of_ids), Counter(of_runs), set(pairs.values())
    place = dict(zip(of_runs, runs, strict=True))
    return {
        one: place[form]
        for one, form in zip(ids, of_ids, strict=True)
        if one not in pairs and n_ids[form] == 1 and n_runs[form] == 1 and place[form] not in runs_of_pairs
    }


def _bare(name: str) -> str:
    """The name of a row without folders and the suffix of a file."""
    return _SUFFIX.sub("", re.split(r"[/\\]", name.rstrip("/\\"))[-1]) if name else name


def _form(name: str) -> tuple[str | int, ...]:
    """Words in small letters and numbers: ("run", 1) of "run_1", "Run-01" and "run 1"."""
    name = re.sub(r"^(\d+)\.0+$", r"\1", name)
    return tuple(int(one) if one.isdigit() else one.lower() for one in re.findall(r"\d+|[^\W\d_]+", name))


def _numbers(names: list[str]) -> list[int | str] | None:
    """The one number in which names of the usual form differ, others as they are; None where there is none."""
    forms = [_form(name) for name in names]
    words = [tuple(one if isinstance(one, str) else 0 for one in form) for form in forms]
    usual = Counter(words).most_common(1)[0][0] if words else ()
    columns = list(
        zip(*(form for form, word in zip(forms, words, strict=True) if word == usual), strict=True)
    )
    differing = [i for i, column in enumerate(columns) if len(set(column)) > 1]
    places = differing or [i for i, column in enumerate(columns) if isinstance(column[0], int)]
    if len(places) != 1:
        return None
    rows = zip(names, forms, words, strict=True)
    return [form[places[0]] if word == usual else f"other {name}" for name, form, word in rows]


def _shifted(ids: list[int | str], runs: list[int | str]) -> bool:
    a, b = (sorted(one for one in numbers if isinstance(one, int)) for numbers in (ids, runs))
    return len(a) == len(b) and a != b and len({y - x for x, y in zip(a, b, strict=True)}) == 1
