"""A user's own equation, from a module beside the study or from an installed one."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from fieldwright.data.errors import FieldwrightError
from fieldwright.physics.equations.problem import Problem


def imported_problem(name: str, folder: Path | None = None) -> Problem:
    """The Problem that `module:attribute` names; the attribute may also be a function of nothing that returns one.

    The module is run as Python code: `folder / module.py` (`folder/a/b.py` for `a.b`) if there is such a file, else
    what `import module` finds.
    Raises FieldwrightError when there is no such module or attribute, the module fails, or it is no Problem.
    """
    module_name, _, attribute = name.partition(":")
    if not attribute or not all(part.isidentifier() for part in (*module_name.split("."), attribute)):
        raise FieldwrightError(
            "An own equation must be named 'module:Problem'",
            f"'{name}'",
            "Write 'my_equations:decay', for example",
        )
    try:
        module = _module(module_name, folder)
    except ModuleNotFoundError as error:
        where = "the Python path" if folder is None else f"'{folder}' or the Python path"
        raise FieldwrightError(
            f"The module '{module_name}' of the equation '{name}' must be found in {where}, with all it imports",
            str(error),
            "Put the file there or correct the name",
        ) from error
    except Exception as error:
        raise FieldwrightError(
            f"The module '{module_name}' of the equation '{name}' must run without an error",
            f"{type(error).__name__}: {error}",
            "Correct the module",
        ) from error
    if not hasattr(module, attribute):
        names = sorted(key for key, value in vars(module).items() if isinstance(value, Problem))
        raise FieldwrightError(
            f"The module '{module_name}' must hold the equation '{attribute}'",
            f"the equations {', '.join(names) or '(none)'}",
            "Correct the name after the colon",
        )
    problem = getattr(module, attribute)
    if callable(problem) and not isinstance(problem, type):
        problem = problem()
    if not isinstance(problem, Problem):
        raise FieldwrightError(
            f"'{name}' must be a fieldwright.physics.equations.problem.Problem, or a function that returns one",
            type(problem).__name__,
            "Make it with Problem(...)",
        )
    return problem


def _module(name: str, folder: Path | None) -> ModuleType:
    file = None if folder is None else (folder / Path(*name.split("."))).with_suffix(".py").resolve()
    if file is None or not file.is_file():
        return importlib.import_module(name)
    # Known by its path, so that two studies may each have an `equations.py`.
    spec = importlib.util.spec_from_file_location(str(file), file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    sys.path.insert(0, str(folder))
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(folder))
    return module
