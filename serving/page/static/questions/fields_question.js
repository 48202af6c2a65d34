// Asks a model of runs that differ by parameters.

import { surfaceOf } from "../field/surface.js";
import { NPZ } from "../shell/endpoint.js";
import { predictionOf } from "./answer.js";
import { Histories } from "./histories.js";

/** Field values per statistic that are fetched for all times at once; of more, one time is. */
const ALL_TIMES = 300_000;
/** Field values of which all statistics are fetched at once; of more, those that are shown. */
const ALL_STATISTICS = 10_000;
/** Corners of a coarse surface, which is drawn first and while a slider moves; places of a field that needs one. */
const COARSE = { corners: 40_000, from: 60_000 };

export class FieldsQuestion {
  /** about: what the endpoint says of the model. */
  constructor(endpoint, about, state) {
    this.endpoint = endpoint;
    this.about = about;
    this.state = state;
    this.route = "predict";
    this.parameters = about.parameters.map((info) => ({ ...info, scale: "raw" }));
    this.fields = about.fields.filter((info) => info.on !== "run");
    this.scalars = about.fields.filter((info) => info.on === "run");
    this.statistics = ["mean", "band width", "std", "lower", "upper"];
    this.hasSensitivities = !about.history && about.parameters.length > 0;
    this.hasGradients = this.hasSensitivities;
    this.hasPoints = true;
    this.rangeWord = "runs";
    this.runs = null;
    this.histories = null;
    this.surfaces = new Map();
  }

  /** Another version of the same model answers from now on. */
  async become(about) {
    this.about = about;
    this.fields = about.fields.filter((info) => info.on !== "run");
    this.scalars = about.fields.filter((info) => info.on === "run");
    this.parameters.forEach((info, k) => Object.assign(info, about.parameters[k]));
    this.surfaces.clear();
    await this.prepare();
  }

  /** Fetches what does not change with the query. */
  async prepare() {
    const { about, arrays } = await this.endpoint.arrays("runs");
    const values = (kind, name) => arrays[`${kind}/${name}/values`];
    this.runs = {
      count: about.runs,
      parameters: Object.fromEntries(Object.keys(about.parameters).map((name) => [name, values("parameters", name).data])),
      quantities: Object.fromEntries(
        Object.entries(about.quantities).map(([label, entry]) => [label, { ...entry, values: values("quantities", label) }]),
      ),
    };
    for (const info of this.parameters) info.scale = about.parameters[info.name].scale;
    if (this.about.history) {
      const loaded = this.histories?.loaded ?? null;
      this.histories = new Histories(this.state, this.fields, await this.endpoint.arrays("histories"));
      this.histories.loaded = loaded;
    }
  }

  /** What is seen of the mesh of a field. */
  surface(field) {
    return this.fetched(`surface/${encodeURIComponent(field)}?coding=compact`);
  }

  /** The same with fewer corners, null where the field is small. */
  coarseSurface(field) {
    const info = this.fields.find((one) => one.name === field);
    if (info.n_points < COARSE.from) return null;
    return this.fetched(`surface/${encodeURIComponent(field)}?coding=compact&corners=${COARSE.corners}`);
  }

  fetched(path) {
    if (!this.surfaces.has(path)) {
      const fetched = this.endpoint.arrays(path).then(surfaceOf);
      this.surfaces.set(path, fetched);
      fetched.catch(() => this.surfaces.delete(path));
    }
    return this.surfaces.get(path);
  }

  /** In which form fields are answered to be drawn; statistics: those that are seen. */
  form(field, statistics) {
    const info = this.fields.find((one) => one.name === field);
    const few = info.n_points * info.components.length <= ALL_STATISTICS;
    return few ? { precision: "single" } : { precision: "single", statistics };
  }

  /** The times of a field's answers: all of them, or the one that is looked at where the field is large. */
  times(field, time) {
    const info = this.fields.find((one) => one.name === field);
    if (!info?.times) return null;
    return info.times.length * info.n_points * info.components.length > ALL_TIMES ? [info.times[time]] : null;
  }

  /** The body of a question. fields: those to be drawn. time: the index of the one that is looked at. */
  body(parameters, { fields, time = 0, quantities, oneTime = false }) {
    const body = { parameters, fields };
    const info = this.fields.find((one) => one.name === fields[0]);
    const times = oneTime && info?.times ? [info.times[time]] : info ? this.times(info.name, time) : null;
    if (times) body.times = times;
    if (quantities !== undefined) body.quantities = quantities;
    if (this.histories) body.history = this.histories.body();
    return body;
  }

  async ask(body, signal) {
    return predictionOf(await this.endpoint.arrays(this.route, { body, signal }), this.fields);
  }

  /** Quantities for many queries: label to statistics by query and time. */
  async table(rows, quantities, signal) {
    const body = { parameters: rows, quantities, fields: [] };
    if (this.histories) body.history = this.histories.body();
    const { about, arrays } = await this.endpoint.arrays(this.route, { body, signal });
    return { about, arrays };
  }

  /** The same question by `fieldwright.Client`. */
  python(body, { root, model, key }) {
    const arguments_ = [`"${root}"`, model === null ? null : `model=${JSON.stringify(model)}`, key ? 'key="YOUR_KEY"' : null];
    const { parameters, ...more } = body;
    if (JSON.stringify(more.history ?? null).length > 2000) {
      return [
        "import json",
        "import fieldwright as fw",
        "",
        'body = json.load(open("query.json"))  # which the button "Query" saves',
        'parameters = body.pop("parameters")',
        `with fw.Client(${arguments_.filter(Boolean).join(", ")}) as client:`,
        "    answer = client.predict(parameters, **body)",
        "print(answer.quantities.T, answer.inside, answer.why)",
      ].join("\n");
    }
    const keys = Object.entries(more).map(([name, value]) => `, ${name}=${pythonText(value)}`);
    return [
      "import fieldwright as fw",
      "",
      `with fw.Client(${arguments_.filter(Boolean).join(", ")}) as client:`,
      `    answer = client.predict(${pythonText(parameters)}${keys.join("")})`,
      "print(answer.quantities.T, answer.inside, answer.why)",
    ].join("\n");
  }

  /** The forms in which the answer can be kept. */
  downloads(field) {
    return [
      { name: "CSV", accept: "text/csv", file: "quantities.csv", fields: [] },
      { name: "VTU", accept: "model/vtu", file: `${field}.vtu`, fields: [field], oneTime: true },
      { name: "NumPy", accept: NPZ, file: `${field}.npz`, fields: [field] },
    ];
  }
}

/** JSON as Python writes it. */
export function pythonText(value) {
  return JSON.stringify(value).replaceAll(":true", ":True").replaceAll(":false", ":False").replaceAll('":', '": ').replaceAll(",", ", ");
}
