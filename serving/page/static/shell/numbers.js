// Numbers as an engineer reads them: five digits at most, powers of ten in steps of three.

const RAISED = { "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" };

/** Such as "0.0123", "45.679", "210 × 10⁹". */
export function numberText(value, digits = 5) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  if (value === 0) return "0";
  const size = Math.abs(value);
  const rounded = Number(size.toPrecision(digits));
  if (rounded >= 1e-3 && rounded < 1e5) return signed(value, plain(rounded));
  const power = 3 * Math.floor(Math.log10(rounded) / 3);
  const mantissa = Number((size / 10 ** power).toPrecision(digits));
  return signed(value, `${plain(mantissa)} × 10${raised(power)}`);
}

function raised(power) {
  return [...String(power)].map((character) => RAISED[character]).join("");
}

function plain(rounded) {
  return rounded.toFixed(12).replace(/\.?0+$/, "");
}

function signed(value, text) {
  return value < 0 ? `−${text}` : text;
}

/** A number with its unit, such as "200 GPa". */
export function quantityText(value, unit, digits = 5) {
  const power = commonPower(value);
  return joined(numberText(value / 10 ** power, digits), unitWithPower(unit, power));
}

/** Two ends with their unit, such as "170 … 230 GPa". */
export function rangeText(low, high, unit, digits = 5) {
  const power = commonPower(low, high);
  const [first, last] = [low, high].map((value) => numberText(value / 10 ** power, digits));
  return joined(`${first} … ${last}`, unitWithPower(unit, power));
}

function joined(text, unit) {
  return `${text} ${unit.startsWith("10") ? "× " : ""}${unit}`.trim();
}

const PREFIXES = { "-9": "n", "-6": "µ", "-3": "m", 0: "", 3: "k", 6: "M", 9: "G" };
const LENGTHS = { "-6": "nm", "-3": "µm", 3: "m" };
const PREFIXED = new Set(["Pa", "m", "N", "J", "W", "V", "A", "Hz", "F", "H", "T"]);

/** The power of ten, a multiple of three, that makes the largest of some numbers lie between 1 and 1000. */
export function commonPower(...numbers) {
  const size = Math.max(...numbers.map(Math.abs).filter(Number.isFinite), 0);
  if (size === 0 || (size >= 0.1 && size < 1e4)) return 0;
  return 3 * Math.floor(Math.log10(size * (1 + 1e-12)) / 3);
}

/** Numbers with as many decimals as give the largest of them five digits, at most so many. */
export function evenTexts(numbers, most = 12) {
  const size = Math.max(...numbers.map(Math.abs).filter(Number.isFinite), 0);
  const decimals = size > 0 ? Math.min(most, Math.max(0, 4 - Math.floor(Math.log10(size)))) : 0;
  return numbers.map((value) => (Math.abs(value) * 10 ** decimals < 0.5 ? "0" : signed(value, Math.abs(value).toFixed(decimals))));
}

/** A unit with a power of ten: "MPa" of 10⁶ Pa, "10⁶ K" where the unit takes no prefix. */
export function unitWithPower(unit, power) {
  if (power === 0) return unit;
  if (unit === "mm" && power in LENGTHS) return LENGTHS[power];
  if (PREFIXED.has(unit) && power in PREFIXES) return PREFIXES[power] + unit;
  return `10${raised(power)} ${unit}`.trim();
}

/** The number that a person has written, with a point or a comma; NaN where it is none. */
export function parsedNumber(text) {
  const cleaned = text.trim().replace("−", "-").replace(",", ".");
  return cleaned === "" ? Number.NaN : Number(cleaned);
}

/** Least and largest finite value of numbers; [0, 1] of none. */
export function extent(numbers) {
  let low = Infinity;
  let high = -Infinity;
  for (let k = 0; k < numbers.length; k += 1) {
    const value = numbers[k];
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? [low, high] : [0, 1];
}

/** Round numbers between two ends, about so many. */
export function ticks(low, high, count) {
  const span = high - low;
  if (!(span > 0)) return [low];
  const raw = span / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= raw);
  const first = Math.ceil(low / step - 1e-9);
  const places = [];
  for (let k = first; k * step <= high + 1e-9 * span; k += 1) places.push(k * step);
  return places;
}
