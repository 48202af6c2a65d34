// Says at the head of the page whether the endpoint answers, and passes on that another version does.

import { Watch } from "./watch.js";

/** Watches the endpoint of a model. back: called when it answers again. swapped: called with {before, version}. */
export function watchedEndpoint({ header, notices, about, back, swapped }) {
  const watch = new Watch(about.model);
  watch.version = about.version;
  watch.addEventListener("lost", () => {
    header.connected(false);
    notices.show("connection", "The endpoint does not answer. It is tried again every second; what is shown stays.", "waiting");
  });
  watch.addEventListener("back", () => {
    header.connected(true);
    notices.clear("connection");
    back();
  });
  watch.addEventListener("state", ({ detail }) => {
    if (detail.why) notices.show("champion", detail.why, "news");
    else notices.clear("champion");
  });
  watch.addEventListener("swapped", ({ detail }) => {
    header.serve(detail.version);
    swapped(detail);
  });
  return watch;
}
