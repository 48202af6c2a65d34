// What is asked about photos, over the routes that any program may use.

import { Refusal } from "../shell/endpoint.js";
import { storedFiles } from "../shell/zip.js";

const JSON_TYPE = "application/json";
const ZIP_TYPE = "application/zip";
const LARGE_BYTES = 1_000_000;
const LOOK_MS = [150, 300, 600, 1000];

export class PhotoQuestions {
  constructor(endpoint) {
    this.endpoint = endpoint;
  }

  /**
   * The answer of a route about one photo and its pictures as files; options of the route. A large photo is asked about
   * by a job, and progress called with what the endpoint says of it.
   */
  async about(photo, route, options, { signal, progress }) {
    const form = formOf({ photo: [photo.file, leaf(photo.name)] }, options);
    const large = photo.file.size > LARGE_BYTES;
    const reply = large ? await this.job(route, form, signal, progress) : await this.endpoint.ask(route, { body: form, accept: ZIP_TYPE, signal });
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

  async job(route, form, signal, progress) {
    const { job } = await this.endpoint.json(`jobs?route=${route}`, { body: form, signal });
    try {
      for (let looks = 0; ; looks += 1) {
        const state = await this.endpoint.json(`jobs/${job}`, { signal });
        progress(state);
        if (state.state === "done") return await this.endpoint.ask(`jobs/${job}/answer`, { accept: ZIP_TYPE, signal });
        if (state.state === "failed" || state.state === "cancelled") throw new Refusal(422, state.error ?? "The job was cancelled.");
        await pause(LOOK_MS[Math.min(looks, LOOK_MS.length - 1)], signal);
      }
    } finally {
      // Whatever became of it: the endpoint need not hold the photo any longer.
      this.endpoint.ask(`jobs/${job}`, { method: "DELETE", accept: JSON_TYPE }).catch(() => null);
    }
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

function pause(milliseconds, signal) {
  return new Promise((done, failed) => {
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      failed(signal.reason);
    }, { once: true });
  });
}
