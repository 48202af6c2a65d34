// Asks the endpoint over its public interface: whatever this page does, a program can do.

import { readArchive } from "./npz.js";

export const NPZ = "application/x-npz";
const KEY = "fieldwright.key";

/** What the endpoint refused, with its own sentence. */
export class Refusal extends Error {
  /** retryAfter: seconds after which the same may be asked again, null where it would be refused again. */
  constructor(status, sentence, retryAfter = null) {
    super(sentence);
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

/** The endpoint did not answer at all. */
export class Unreachable extends Error {}

/** The address of the endpoint, which serves this page. */
export const ROOT = new URL(".", location.href.split("#")[0]).href;

/** The API key that was given on this page; it is forgotten when the browser's tab is closed. */
export function currentKey() {
  return sessionStorage.getItem(KEY) ?? "";
}

export function keepKey(key) {
  if (key) sessionStorage.setItem(KEY, key);
  else sessionStorage.removeItem(KEY);
}

/** Asks one model; `only`: whether the endpoint serves no other, so that addresses need no name. */
export class Endpoint extends EventTarget {
  constructor(model, only) {
    super();
    this.model = model;
    this.only = only;
    this.base = only ? ROOT : `${ROOT}models/${encodeURIComponent(model)}/`;
  }

  /** The address of a route. */
  address(path) {
    return path ? this.base + path : this.base.replace(/\/$/, "");
  }

  /** What the endpoint says of the model. */
  async describe() {
    const { models, ...about } = await this.json(this.only ? "models" : "");
    return models?.[0] ?? about;
  }

  /** The JSON document at a route. */
  async json(path, { body, signal } = {}) {
    return (await this.ask(path, { body, signal, accept: "application/json" })).json();
  }

  /** The arrays at a route, and the header about them. */
  async arrays(path, { body, signal } = {}) {
    const reply = await this.ask(path, { body, signal, accept: NPZ });
    return readArchive(await reply.arrayBuffer());
  }

  /** The answer of a route in another form, as a file. */
  async file(path, { body, accept }) {
    return (await this.ask(path, { body, accept })).blob();
  }

  /** The response to an object or a form; raises Refusal or Unreachable, and AbortError where it was no longer wanted. */
  async ask(path, { body, signal, accept, method }) {
    const reply = await send(this.address(path), { body, signal, accept, method });
    this.dispatchEvent(new Event("answered"));
    return reply;
  }
}

/** What the endpoint serves. */
export async function servedModels() {
  return (await send(`${ROOT}models`, { accept: "application/json" })).json();
}

async function send(address, { body, signal, accept, method = body === undefined ? "GET" : "POST" }) {
  const headers = { Accept: accept };
  // The browser itself says where the parts of a form begin.
  const form = body instanceof FormData;
  if (body !== undefined && !form) headers["Content-Type"] = "application/json";
  const key = currentKey();
  if (key) headers.Authorization = `Bearer ${key}`;
  let reply;
  try {
    reply = await fetch(address, { method, headers, signal, body: form || body === undefined ? body : JSON.stringify(body) });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Unreachable("The endpoint does not answer.");
  }
  if (reply.ok) return reply;
  const sentence = await reply.json().then((document) => document.error, () => null);
  const seconds = Number.parseFloat(reply.headers.get("Retry-After"));
  throw new Refusal(reply.status, sentence ?? `The endpoint answered with status ${reply.status}.`, Number.isNaN(seconds) ? null : seconds);
}
