// A photo as the browser draws it: upright as the camera says, and reduced where it has very many pixels.

export const MOST_DRAWN = 16_000_000;

/** Of so many pixels across and down one is drawn. */
export function drawnStep(width, height) {
  return Math.ceil(Math.sqrt((width * height) / MOST_DRAWN));
}

/** {bitmap, width, height} of the upright photo; raises where the browser cannot read the file, such as a TIFF. */
export async function drawnPhoto(file) {
  const { width, height } = await sizeOf(file);
  const step = drawnStep(width, height);
  const reduced = step === 1 ? {} : { resizeWidth: Math.ceil(width / step), resizeHeight: Math.ceil(height / step), resizeQuality: "medium" };
  return { bitmap: await createImageBitmap(file, reduced), width, height };
}

/** A small picture for a table, as a canvas. */
export function thumbnailOf({ bitmap, width, height }, tall = 40) {
  const canvas = document.createElement("canvas");
  canvas.height = 2 * tall;
  canvas.width = Math.round((2 * tall * Math.min(width, 1.5 * height)) / height);
  const wide = (canvas.width / canvas.height) * bitmap.height;
  canvas.getContext("2d").drawImage(bitmap, (bitmap.width - wide) / 2, 0, wide, bitmap.height, 0, 0, canvas.width, canvas.height);
  canvas.className = "thumbnail";
  return canvas;
}

async function sizeOf(file) {
  const image = new Image();
  const address = URL.createObjectURL(file);
  try {
    await new Promise((loaded, failed) => {
      image.onload = loaded;
      image.onerror = () => failed(new Error("The browser cannot show files of this kind."));
      image.src = address;
    });
    return { width: image.naturalWidth, height: image.naturalHeight };
  } finally {
    URL.revokeObjectURL(address);
  }
}
