// A curve with its band, the training runs as dots and the present value as a line, drawn by uPlot.

import uPlot from "../vendor/uplot-1.6.32/uPlot.esm.js";
import { element } from "../shell/elements.js";
import { commonPower, extent, numberText, unitWithPower } from "../shell/numbers.js";

const NAMES = ["curve", "band", "dot", "now", "grid", "ink"];

/** The colours of the page, which follow its light or dark scheme. */
function inks() {
  const style = getComputedStyle(document.documentElement);
  return Object.fromEntries(NAMES.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
}

export class Chart {
  /**
   * heading, x: in words. unit, xUnit: of what is drawn, and along x. height: in pixels. logarithmic: along x. picked:
   * called with the x of a click.
   */
  constructor({ heading, unit = "", x, xUnit = "", height = 150, logarithmic = false, picked = null }) {
    this.options = { heading, unit, x, xUnit, height, logarithmic, picked };
    this.host = element("div", { class: "chart-host", role: "img" });
    this.caption = element("figcaption");
    this.root = element("figure", { class: "chart" }, this.caption, this.host);
    this.plot = null;
    this.data = null;
    this.width = 0;
    new ResizeObserver(() => this.resize()).observe(this.host);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.rebuild());
  }

  /**
   * x, mean: of the curve. lower, upper: its band, or null. dots: [x, y] pairs of arrays, or null. now: present x, or
   * null. pinned: another mean, or null. range: of the values, where it is to be that of other charts too.
   */
  show({ x, mean, lower = null, upper = null, dots = null, now = null, pinned = null, range = null }) {
    const ends = range ?? valueRange({ mean, lower, upper, dots, pinned });
    const [power, xPower] = [commonPower(...ends), commonPower(...extent(x))];
    const scaled = (values, by) => values && Array.from(values, (value) => value / 10 ** by);
    this.data = {
      x: scaled(x, xPower),
      mean: scaled(mean, power),
      lower: scaled(lower, power),
      upper: scaled(upper, power),
      dots: dots && [scaled(dots[0], xPower), scaled(dots[1], power)],
      now: now === null ? null : now / 10 ** xPower,
      pinned: scaled(pinned, power),
      ends: scaled(ends, power),
      xPower,
    };
    const { heading, unit, x: along, xUnit } = this.options;
    this.caption.textContent = inBrackets(heading, unitWithPower(unit, power));
    this.label = inBrackets(along, unitWithPower(xUnit, xPower));
    const [low, high] = extent(mean);
    this.host.setAttribute("aria-label", `${heading}: from ${numberText(low, 4)} to ${numberText(high, 4)} ${unit}`.trim());
    if (this.plot === null || this.label !== this.drawnLabel) this.rebuild();
    else this.plot.setData(this.columns());
  }

  columns() {
    const { x, mean, lower, upper, pinned } = this.data;
    const none = x.map(() => null);
    return [x, upper ?? none, lower ?? none, pinned ?? none, mean];
  }

  resize() {
    const width = Math.floor(this.host.clientWidth);
    if (width === this.width || width === 0) return;
    this.width = width;
    if (this.plot === null) this.rebuild();
    else this.plot.setSize({ width, height: this.options.height });
  }

  rebuild() {
    this.plot?.destroy();
    this.plot = null;
    if (this.data === null || this.width === 0) return;
    const { height, logarithmic } = this.options;
    this.drawnLabel = this.label;
    const { curve, band, grid, ink } = inks();
    const axis = (label, more) => ({
      label,
      stroke: ink,
      font: "11px system-ui, sans-serif",
      labelFont: "11px system-ui, sans-serif",
      labelSize: 16,
      grid: { stroke: grid, width: 1 },
      ticks: { stroke: grid, width: 1, size: 4 },
      values: (_, values) => values.map((value) => (value === null ? "" : numberText(value, 4))),
      ...more,
    });
    this.plot = new uPlot(
      {
        width: this.width,
        height,
        legend: { show: false },
        cursor: { drag: { x: false, y: false }, points: { show: false } },
        scales: {
          x: { time: false, ...(logarithmic ? { distr: 3 } : {}) },
          y: { range: () => this.range() },
        },
        axes: [axis(this.label, { size: 26, space: 50 }), axis(null, { size: 52, space: 26 })],
        series: [
          {},
          { stroke: band, width: 0, points: { show: false } },
          { stroke: band, width: 0, points: { show: false } },
          { stroke: ink, width: 1, dash: [4, 3], points: { show: false } },
          { stroke: curve, width: 1.8, points: { show: this.data.x.length < 2 } },
        ],
        bands: [{ series: [1, 2], fill: band }],
        hooks: { draw: [(plot) => this.drawMarks(plot)], ready: [(plot) => this.listen(plot)] },
      },
      this.columns(),
      this.host,
    );
  }

  range() {
    const [low, high] = this.data.ends;
    const margin = 0.06 * (high - low) || 0.05 * Math.abs(high) || 1;
    return [low - margin, high + margin];
  }

  drawMarks(plot) {
    const context = plot.ctx;
    const { dot, now } = inks();
    const { left, top, width, height } = plot.bbox;
    context.save();
    context.beginPath();
    context.rect(left, top, width, height);
    context.clip();
    if (this.data.dots) {
      context.fillStyle = dot;
      const radius = 2 * devicePixelRatio;
      const [x, y] = this.data.dots;
      for (let k = 0; k < x.length; k += 1) {
        context.beginPath();
        context.arc(plot.valToPos(x[k], "x", true), plot.valToPos(y[k], "y", true), radius, 0, 2 * Math.PI);
        context.fill();
      }
    }
    if (this.data.now !== null) {
      context.strokeStyle = now;
      context.lineWidth = 1.5 * devicePixelRatio;
      context.beginPath();
      const at = plot.valToPos(this.data.now, "x", true);
      context.moveTo(at, top);
      context.lineTo(at, top + height);
      context.stroke();
    }
    context.restore();
  }

  listen(plot) {
    const { picked } = this.options;
    if (picked === null) return;
    plot.over.classList.add("pickable");
    plot.over.addEventListener("click", (event) => picked(plot.posToVal(event.offsetX, "x") * 10 ** this.data.xPower));
  }
}

/** Least and largest of all that a chart shows. */
export function valueRange({ mean, lower, upper, dots = null, pinned = null }) {
  return extent([...mean, ...(lower ?? []), ...(upper ?? []), ...(pinned ?? []), ...(dots?.[1] ?? [])]);
}

function inBrackets(name, unit) {
  return unit ? `${name} [${unit}]` : name;
}
