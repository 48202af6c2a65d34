// Middle lines of cracks and their numbers, over a photo.

const LABELLED = 30;

/** cracks: as measured, the longest first, which is number 1, with lines in pixels whose first centre is 0; pixel: one of the screen, in those of the photo. */
export function drawCracks(context, cracks, pixel, highlighted = null) {
  context.lineJoin = "round";
  for (const crack of cracks) {
    const strong = crack === highlighted;
    for (const [colour, wide] of [["#000000", strong ? 5 : 3], [strong ? "#ffe14d" : "#ffffff", strong ? 3 : 1.5]]) {
      context.beginPath();
      context.lineWidth = wide * pixel;
      context.strokeStyle = colour;
      for (const line of crack.lines ?? []) line.forEach(([x, y], k) => (k === 0 ? context.moveTo(x + 0.5, y + 0.5) : context.lineTo(x + 0.5, y + 0.5)));
      context.stroke();
    }
  }
  context.font = `600 ${13 * pixel}px system-ui, sans-serif`;
  context.textBaseline = "middle";
  for (const [place, crack] of cracks.slice(0, LABELLED).entries()) {
    const line = crack.lines?.[0];
    if (line === undefined) continue;
    const [x, y] = line[Math.floor(line.length / 2)];
    const text = String(place + 1);
    const wide = context.measureText(text).width + 8 * pixel;
    context.fillStyle = "#1d2530";
    context.fillRect(x + 6 * pixel, y - 9 * pixel, wide, 18 * pixel);
    context.fillStyle = "#ffffff";
    context.fillText(text, x + 10 * pixel, y);
  }
}
