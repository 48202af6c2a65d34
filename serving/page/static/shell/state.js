// What the page shows, as names and texts behind "#" in its address: a link that is sent shows the same.

const WAIT_MS = 150;

export class State extends EventTarget {
  constructor() {
    super();
    this.values = parsed();
    this.timer = 0;
    window.addEventListener("hashchange", () => {
      const values = parsed();
      const keys = changedKeys(this.values, values);
      if (keys.size === 0) return;
      this.values = values;
      this.announce(keys);
    });
  }

  /** The text under a name, or what it is where there is none. */
  get(name, otherwise = null) {
    return this.values.get(name) ?? otherwise;
  }

  /** The number under a name, or what it is where there is none. */
  number(name, otherwise = null) {
    const text = this.values.get(name);
    const value = text === undefined ? Number.NaN : Number(text);
    return Number.isFinite(value) ? value : otherwise;
  }

  /** The list of numbers under a name. */
  numbers(name) {
    const text = this.values.get(name);
    return text ? text.split(",").map(Number) : null;
  }

  /** Sets several at once and says so once; null takes one away. */
  set(changes) {
    const keys = new Set();
    for (const [name, value] of Object.entries(changes)) {
      const text = value === null || value === undefined ? undefined : String(value);
      if (this.values.get(name) === text) continue;
      if (text === undefined) this.values.delete(name);
      else this.values.set(name, text);
      keys.add(name);
    }
    if (keys.size === 0) return;
    clearTimeout(this.timer);
    // Browsers refuse more than some hundred changes of an address in half a minute.
    this.timer = setTimeout(() => history.replaceState(null, "", this.link()), WAIT_MS);
    this.announce(keys);
  }

  /** The address of this page as it is now. */
  link() {
    const names = new URLSearchParams([...this.values].sort(([a], [b]) => (a < b ? -1 : 1)));
    return `${location.origin}${location.pathname}#${names}`;
  }

  /** Calls back when one of these names has changed; a name that ends in "." stands for all that begin so. */
  follow(names, changed) {
    this.addEventListener("change", ({ detail }) => {
      const meant = (key) => names.some((name) => (name.endsWith(".") ? key.startsWith(name) : key === name));
      if ([...detail].some(meant)) changed(detail);
    });
  }

  announce(keys) {
    this.dispatchEvent(new CustomEvent("change", { detail: keys }));
  }
}

function parsed() {
  return new Map(new URLSearchParams(location.hash.slice(1)));
}

function changedKeys(before, after) {
  const keys = new Set([...before.keys(), ...after.keys()]);
  return new Set([...keys].filter((key) => before.get(key) !== after.get(key)));
}
