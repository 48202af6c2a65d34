// The measured first times of a question to a model that forecasts: of a training run, of a table, or as they were edited.

/** Values that are edited one by one, and stand in the link. */
const FEW = 60;

export class Histories {
  /** state: of the page, whose `history`, `start` and `shift.<field>` say which. fields: those of the model. answer: of GET /histories. */
  constructor(state, fields, { about, arrays }) {
    this.state = state;
    this.fields = fields;
    this.runs = about.runs;
    this.times = about.times;
    this.examples = Object.fromEntries(fields.map(({ name }) => [name, arrays[`fields/${name}/values`]]));
    this.parameters = Object.fromEntries(Object.keys(about.parameters).map((name) => [name, arrays[`parameters/${name}/values`].data]));
    this.loaded = null;
  }

  get index() {
    return Math.min(Math.max(0, this.runs.length - 1), Math.max(0, Math.round(this.state.number("history", 0))));
  }

  /** Values of all fields at one time. */
  get perTime() {
    return this.fields.reduce((sum, info) => sum + info.n_points * info.components.length, 0);
  }

  get isSmall() {
    return this.perTime * this.times.length <= FEW;
  }

  /** The training runs to choose from, as [value, text]. */
  choices() {
    const runs = this.runs.map((run, k) => [String(k), `run ${run + 1}`]);
    return [["", "choose ..."], ...(runs.length ? runs : [["0", "a typical run"]])];
  }

  sentence() {
    const from = this.loaded ? `'${this.loaded.name}'` : this.runs.length ? `training run ${this.runs[this.index] + 1}` : "a typical run";
    const edited = this.state.get("start") && !this.loaded ? ", edited" : "";
    const alone = this.loaded ? " The link does not hold it." : "";
    return `The forecast goes on from ${this.times.length} measured times: ${from}${edited}.${alone}`;
  }

  /** By field, values by time, point and component. */
  values() {
    const start = this.isSmall && !this.loaded ? this.state.numbers("start") : null;
    const edited = start?.length === this.perTime * this.times.length && start.every(Number.isFinite) ? start : null;
    let first = 0;
    return Object.fromEntries(
      this.fields.map(({ name, n_points: points, components }) => {
        const size = points * components.length;
        const of = (k) => Array.from({ length: size }, (_, j) => edited[k * this.perTime + first + j]);
        const own = this.loaded?.fields[name] ?? this.example(name);
        const values = edited ? this.times.flatMap((_, k) => of(k)) : own;
        first += size;
        const shift = this.state.number(`shift.${name}`, 0);
        return [name, Float64Array.from(values, (value) => value + shift)];
      }),
    );
  }

  example(name) {
    const { data, shape } = this.examples[name];
    const size = data.length / shape[0];
    return data.subarray(this.index * size, (this.index + 1) * size);
  }

  /** All values, time by time. */
  numbers() {
    const values = this.values();
    return this.times.flatMap((_, k) => this.fields.flatMap(({ name, n_points: points, components }) => {
      const size = points * components.length;
      return Array.from(values[name].subarray(k * size, (k + 1) * size));
    }));
  }

  /** As a request has them. */
  body() {
    const values = this.values();
    const fields = Object.fromEntries(this.fields.map(({ name, n_points: points, components }) => {
      const parts = components.length;
      const at = (k, point) => Array.from(values[name].subarray((k * points + point) * parts, (k * points + point + 1) * parts));
      return [name, this.times.map((_, k) => Array.from({ length: points }, (__, point) => at(k, point)))];
    }));
    return { times: this.loaded?.times ?? this.times, fields };
  }

  /** Times and values of a maximum or minimum of the history, null of other quantities. */
  measured({ what, field, component }) {
    const info = this.fields.find((one) => one.name === field);
    const pick = { max: Math.max, min: Math.min }[what];
    if (!pick) return null;
    const values = this.values()[field];
    const parts = info.components.length;
    const part = parts === 1 ? 0 : info.components.indexOf(component);
    const of = (place) => (part < 0 ? Math.hypot(...values.subarray(place * parts, (place + 1) * parts)) : values[place * parts + part]);
    const at = (k) => Array.from({ length: info.n_points }, (_, point) => of(k * info.n_points + point)).reduce((a, b) => pick(a, b));
    // The answer counts its times from the beginning of the history, whenever that was measured.
    return [this.times, this.times.map((_, k) => at(k))];
  }

  /** The columns of a table: a field, or each of its components; with the point where `isSmall`. */
  columns() {
    return this.fields.flatMap((info) =>
      Array.from({ length: info.n_points }, (_, point) => columnNames(info).map((name) => (info.n_points > 1 ? `${name} ${point}` : name))).flat(),
    );
  }

  /** CSV: a row for each time, or for each time and point. */
  table() {
    const { times, fields } = this.body();
    const count = Math.max(...this.fields.map((info) => info.n_points));
    const head = ["time", ...(count > 1 ? ["point"] : []), ...this.fields.flatMap((info) => columnNames(info).map((name) => (info.unit ? `${name} [${info.unit}]` : name)))];
    const rows = times.flatMap((time, k) => Array.from({ length: count }, (_, point) =>
      [time, ...(count > 1 ? [point] : []), ...this.fields.flatMap((info) => fields[info.name][k][point] ?? info.components.map(() => ""))].join(",")));
    return [head.join(","), ...rows, ""].join("\n");
  }

  /** Takes the values of a table as `table` writes it; raises an error in one sentence. */
  load(text, name) {
    const rows = text.trim().split(/\r?\n/).map((line) => line.split(/[,;\t]/).map((cell) => cell.trim()));
    const names = rows.shift().map((title) => title.replace(/\s*\[[^\]]*\]$/, ""));
    const column = (title) => {
      const index = names.indexOf(title);
      if (index < 0) throw new Error(`'${name}' must have the column '${title}'. Got ${names.join(", ")}. 'Save CSV' writes a table as it must be.`);
      return (row) => {
        const value = Number(row[index]);
        if (!row[index] || !Number.isFinite(value)) throw new Error(`All values of '${title}' must be numbers. Got '${row[index] ?? ""}'. Correct that cell.`);
        return value;
      };
    };
    const time = column("time");
    const times = [...new Set(rows.map(time))].sort((a, b) => a - b);
    if (times.length !== this.times.length) throw new Error(`'${name}' must have ${this.times.length} times, as in the training. Got ${times.length}.`);
    const several = this.fields.some((info) => info.n_points > 1);
    const place = several ? column("point") : () => 0;
    const fields = {};
    for (const info of this.fields) {
      const parts = columnNames(info).map(column);
      const values = new Float64Array(times.length * info.n_points * parts.length).fill(Number.NaN);
      for (const row of rows) {
        const point = place(row);
        if (!Number.isInteger(point) || point < 0) throw new Error(`'point' must be a whole number from 0. Got '${point}'.`);
        if (point >= info.n_points) continue;
        parts.forEach((part, j) => (values[(times.indexOf(time(row)) * info.n_points + point) * parts.length + j] = part(row)));
      }
      const gap = values.findIndex(Number.isNaN);
      if (gap >= 0) throw new Error(`'${name}' must have a row for every time and each of ${info.n_points} values of '${info.name}'. Some are missing.`);
      fields[info.name] = values;
    }
    this.loaded = { name, times, fields };
  }
}

function columnNames({ name, components }) {
  return components.length === 1 ? [name] : components.map((part, k) => `${name}.${part || k + 1}`);
}
