"""A prediction as the columns of a table."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fieldwright.data.output.columns import Column, statistic_columns, where_columns
from fieldwright.surrogates.fields.answers.model_of_fields import ModelOfFields
from fieldwright.surrogates.fields.description import FieldInfo, ParameterInfo
from fieldwright.surrogates.fields.prediction import Prediction
from fieldwright.surrogates.fields.quantities import Quantity, unit_of


def parameter_columns(infos: Sequence[ParameterInfo], x: np.ndarray) -> list[Column]:
    """The parameters x (q, p) of the queries."""
    return [Column(info.name, x[:, j], info.unit) for j, info in enumerate(infos)]


def field_axes(info: FieldInfo) -> tuple[str, ...]:
    """The axes of a field's values in a table, after that of the queries; one component has no axis of its own."""
    if info.on == "run":
        return ()
    return (
        *(("time",) if info.times else ()),
        info.on,
        *(("component",) if len(info.components) > 1 else ()),
    )


def prediction_columns(
    model: ModelOfFields,
    x: np.ndarray,
    prediction: Prediction,
    quantities: Sequence[Quantity],
    fields: Sequence[str] = (),
    times: Sequence[float] | None = None,
) -> list[Column]:
    """Parameters x (q, p), mean, band and std of quantities and fields, and where each query lies.

    times: those that were asked for of transient fields, None for the trained ones.
    """
    columns = parameter_columns(model.description.parameters, x)
    for quantity in quantities:
        info = model.info(quantity.field)
        columns += statistic_columns(
            quantity.label,
            vars(prediction.quantities[quantity.label]),
            unit=unit_of(quantity, info),
            axes=("time",) if info.times else (),
            times=(times or info.times) if info.times else None,
            about={"quantity": quantity.label},
        )
    labels = {quantity.label for quantity in quantities}
    # A scalar that is asked for as a quantity and as a field is one number.
    for name in (one for one in fields if one not in labels):
        info, band = model.info(name), prediction.fields[name]
        axes = field_axes(info)
        shape = band.mean.shape[: 1 + len(axes)]
        columns += statistic_columns(
            name,
            {statistic: values.reshape(shape) for statistic, values in vars(band).items()},
            unit=info.unit,
            axes=axes,
            times=(info.times if times is None else times) if info.times else None,
            about={"field": name, "components": info.components}
            if len(info.components) > 1
            else {"field": name},
        )
    outside = Column("outside", prediction.outside)
    inside, why = where_columns(prediction.inside, prediction.why)
    return [*columns, inside, outside, why]
