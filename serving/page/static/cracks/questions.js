// What is asked about photos, over the routes that any program may use.

import { storedFiles } from "../shell/zip.js";

const ZIP_TYPE = "application/zip";

export class PhotoQuestions {
  constructor(endpoint) {
    this.endpoint = endpoint;
  }

  /**
   * The answer of a route about one photo and its pictures as files; options of the route.
   */
  async about(photo, route, options, { signal }) {
    const form = formOf({ photo: [photo.file, leaf(photo.name)] }, options);
    const reply = await this.endpoint.ask(route, { body: form, accept: ZIP_TYPE, signal });
    return unpacked(await reply.arrayBuffer());
  }

  /** The same without pictures. */
  async numbers(route, files, options, signal) {
    return this.endpoint.json(route, { body: formOf(files, options), signal });
  }

  /** Answer and pictures of a route that takes several files. */
  async archive(route, files, options, signal) {
    const reply = await this.endpoint.ask(route, { body: formOf(files, options), accept: ZIP_TYPE, signal });
    return unpacked(await reply.arrayBuffer());
  }
}

/** files: name to [file, file's name] or to a list of such; options: name to text or number, null for none. */
export function formOf(files, options) {
  const form = new FormData();
  for (const [name, value] of Object.entries(options)) {
    if (value !== null && value !== undefined) form.append(name, String(value));
  }
  for (const [name, value] of Object.entries(files)) {
    for (const [file, title] of Array.isArray(value[0]) ? value : [value]) form.append(name, file, title);
  }
  return form;
}

/** The name of a file without its folder. */
export function leaf(name) {
  return name.split("/").pop();
}

function unpacked(buffer) {
  let answer = null;
  const pictures = {};
  for (const { name, offset, size } of storedFiles(buffer)) {
    const bytes = new Uint8Array(buffer, offset, size);
    if (name === "answer.json") answer = JSON.parse(new TextDecoder().decode(bytes));
    else pictures[name.replace(/^0_/, "").replace(/\.png$/, "")] = new Blob([bytes], { type: "image/png" });
  }
  return { answer, pictures };
}
