// One number for each place of a field: a component or the magnitude of a statistic, or the difference to a pinned one.

export const MEAN = "mean";
export const WIDTH = "band width";
export const DIFFERENCE = "difference to pinned";
export const MAGNITUDE = "magnitude";

/** What a field can be reduced to, as [value, text]; a scalar has nothing to choose. */
export function componentChoices(info) {
  const { components } = info;
  if (components.length === 1) return [];
  const own = components.map((name, k) => [name, name || `component ${k + 1}`]);
  return components.length <= 3 ? [[MAGNITUDE, MAGNITUDE], ...own] : own;
}

/** A number for each place (the mean), or NaN where it cannot be said. */
export function scalars(answer, pinned, { component, show, time }) {
  if (show === WIDTH) {
    const [lower, upper] = ["lower", "upper"].map((name) => answer.frame(name, time));
    if (!lower || !upper) return new Float64Array(answer.places).fill(Number.NaN);
    return reduced(answer, component, (k) => upper[k] - lower[k]);
  }
  if (show === DIFFERENCE) {
    if (pinned === null) return new Float64Array(answer.places);
    const own = scalars(answer, null, { component, show: MEAN, time });
    const other = scalars(pinned, null, { component, show: MEAN, time });
    return own.map((value, k) => value - other[k]);
  }
  const values = answer.frame(show, time) ?? answer.frame(MEAN, time);
  if (answer.components === 1 && !answer.mask) return values;
  return reduced(answer, component, (k) => values[k]);
}

function reduced({ info, places, components, mask }, component, at) {
  const made = new Float64Array(places);
  const index = component === MAGNITUDE ? -1 : Math.max(0, info.components.indexOf(component));
  for (let place = 0; place < places; place += 1) {
    if (mask?.[place]) {
      made[place] = Number.NaN;
      continue;
    }
    if (index >= 0) {
      made[place] = at(components * place + index);
      continue;
    }
    let sum = 0;
    for (let j = 0; j < components; j += 1) sum += at(components * place + j) ** 2;
    made[place] = Math.sqrt(sum);
  }
  return made;
}

/** What a picture shows, in words. */
export function title(info, component, show) {
  const part = info.components.length > 1 ? `${info.name}.${component}` : info.name;
  return show === MEAN ? part : `${part}, ${show}`;
}
