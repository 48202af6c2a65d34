// The photos on the desk, which of them is looked at, and what has changed about them.

import { Photo } from "./photo.js";

export class PhotoList extends EventTarget {
  constructor() {
    super();
    this.photos = [];
    this.selected = null;
  }

  /** Takes {file, name} entries in, but none a second time; the first is looked at where none is. */
  add(entries) {
    const known = new Set(this.photos.map(sameness));
    for (const { file, name } of entries) {
      const photo = new Photo(file, name);
      if (known.has(sameness(photo))) continue;
      known.add(sameness(photo));
      this.photos.push(photo);
    }
    this.announce("list");
    if (this.selected === null && this.photos.length > 0) this.select(this.photos[0]);
  }

  select(photo) {
    if (photo === this.selected) return;
    this.selected = photo;
    this.announce("selected");
  }

  remove(photo) {
    const place = this.photos.indexOf(photo);
    this.photos.splice(place, 1);
    this.announce("list");
    if (photo === this.selected) this.select(this.photos[Math.min(place, this.photos.length - 1)] ?? null);
  }

  /** Something of one photo is new. */
  changed(photo) {
    this.dispatchEvent(new CustomEvent("photo", { detail: photo }));
  }

  announce(name) {
    this.dispatchEvent(new Event(name));
  }
}

function sameness({ name, file }) {
  return `${name} ${file.size} ${file.lastModified}`;
}
