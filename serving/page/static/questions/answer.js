// One answer of the endpoint, in the same words for every family of models.

/** A quantity at the times of an answer. */
export class Quantity {
  /** times: null where it has none; mean, std, lower, upper: by time, one of each where there are none. */
  constructor(label, unit, times, statistics) {
    this.label = label;
    this.unit = unit;
    this.times = times;
    Object.assign(this, statistics);
  }

  /** The statistics at a time of the answer. */
  at(time) {
    const k = this.times === null ? 0 : Math.min(time, this.mean.length - 1);
    return { mean: this.mean[k], lower: this.lower[k], upper: this.upper[k], std: this.std[k] };
  }
}

/**
 * A field at the times of an answer; statistics: name to values by time, place and component; mask: 1 where not drawn;
 * covered: 1 where something else is drawn above it.
 */
export class FieldAnswer {
  constructor(info, times, statistics) {
    this.info = info;
    this.times = times;
    this.statistics = statistics;
    this.components = info.components.length;
    this.mask = null;
    this.covered = null;
    const frames = times === null ? 1 : times.length;
    this.places = statistics.mean.length / frames / this.components;
  }

  /** All components of a statistic at a time. */
  frame(statistic, time) {
    const size = this.places * this.components;
    const k = this.times === null ? 0 : Math.min(time, this.times.length - 1);
    return this.statistics[statistic]?.subarray(k * size, (k + 1) * size) ?? null;
  }
}

/** A whole answer. */
export class Answer {
  /**
   * inside, outside, why: where the query lies; outside is null where it is not measured. quantities: of Quantity.
   * fields: name to FieldAnswer. facts: pairs of name and text, of a solution.
   */
  constructor({ version, coverage, inside, outside, why, quantities, fields, facts = null }) {
    Object.assign(this, { version, coverage, inside, outside, why, quantities, fields, facts });
  }
}

/** The parts of an answer of POST /predict as arrays. */
export function predictionOf({ about, arrays }, infos) {
  const statistics = (prefix) =>
    Object.fromEntries(
      ["mean", "std", "lower", "upper"].filter((name) => arrays[`${prefix}/${name}`]).map((name) => [name, arrays[`${prefix}/${name}`].data]),
    );
  return new Answer({
    version: about.version,
    coverage: about.coverage,
    inside: Boolean(arrays.inside.data[0]),
    outside: arrays.outside.data[0],
    why: about.why[0],
    quantities: Object.entries(about.quantities).map(
      ([label, entry]) => new Quantity(label, entry.unit, entry.times, statistics(`quantities/${label}`)),
    ),
    fields: Object.fromEntries(
      Object.entries(about.fields).map(([name, entry]) => {
        const info = infos.find((one) => one.name === name);
        return [name, new FieldAnswer(info, entry.times, statistics(`fields/${name}`))];
      }),
    ),
  });
}
