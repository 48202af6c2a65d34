// The table of photos, and that of their cracks, as CSV: every number as the endpoint gave it.

const QUANTITIES = ["length", "mean_width", "p95_width", "max_width", "area"];

/** A row for each photo. */
export function photosCsv(photos, kind) {
  const rows = photos.map((photo) => ({ ...stateOf(photo), ...(photo.answer === null ? {} : photoRow(photo, kind)) }));
  return csv(rows);
}

/** A row for each crack of each photo, the longest of which is number 1. */
export function cracksCsv(photos) {
  const rows = photos.flatMap((photo) => (photo.answer?.measurements?.cracks ?? []).map((crack, place) => ({
    photo: photo.name,
    crack: place + 1,
    ...measured(crack),
    tips: crack.tips,
    top: crack.box[0], left: crack.box[1], bottom: crack.box[2], right: crack.box[3],
    mm_per_px: photo.answer.measurements.mm_per_px,
  })));
  return csv(rows);
}

function stateOf(photo) {
  return { photo: photo.name, state: photo.state, why_refused: photo.refusal?.sentence ?? null };
}

function photoRow(photo, kind) {
  const { answer } = photo;
  const row = {
    crack: answer.crack,
    probability: answer.probability,
    inside: answer.inside,
    why: answer.why ?? answer.warning ?? null,
  };
  if (!kind.segments) Object.assign(row, { std: answer.std, lower: answer.lower, upper: answer.upper, coverage: answer.coverage, prevalence: answer.prevalence });
  else Object.assign(row, { share: answer.share, cracks: answer.measurements.components }, measured(answer.measurements), { mm_per_px: answer.measurements.mm_per_px, corrected: photo.correction?.changed ?? false });
  return { ...row, threshold: answer.threshold, width: answer.width, height: answer.height, model: answer.model, version: answer.version };
}

function measured(figures) {
  const row = {};
  for (const name of QUANTITIES) {
    const { value, lower, upper, unit } = figures[name];
    Object.assign(row, { [name]: value, [`${name}_lower`]: lower, [`${name}_upper`]: upper, [`${name}_unit`]: unit });
  }
  const [low, high] = figures.orientation_bounds_deg ?? [null, null];
  const [least, most] = figures.branches_bounds ?? [null, null];
  return { ...row, orientation_deg: figures.orientation_deg, orientation_lower: low, orientation_upper: high, branches: figures.branches, branches_lower: least, branches_upper: most };
}

/** Rows of one table, whose columns are those of all rows. */
export function csv(rows) {
  const columns = [...new Set(rows.flatMap(Object.keys))];
  const lines = [columns, ...rows.map((row) => columns.map((column) => row[column]))];
  return lines.map((line) => `${line.map(cell).join(",")}\r\n`).join("");
}

function cell(value) {
  const text = value === null || value === undefined ? "" : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
