// Where the page begins: asks what is served, and opens the desk of the model that was chosen.

import { element } from "./shell/elements.js";
import { Endpoint, Refusal, servedModels } from "./shell/endpoint.js";
import { Header } from "./shell/header.js";
import { askForKey } from "./shell/key_question.js";
import { modelList } from "./shell/model_list.js";
import { Notices } from "./shell/notices.js";
import { State } from "./shell/state.js";
import { DESKS } from "./desks.js";

const main = document.getElementById("main");
const notices = new Notices(document.getElementById("notices"));

async function start() {
  const served = await withKey(servedModels);
  if (served === null) return;
  const state = new State();
  const { models } = served;
  const only = Object.keys(served.champions).length === 1;
  const about = models.find((one) => one.model === state.get("model")) ?? (only ? models[0] : undefined);
  state.follow(["model"], () => location.reload());
  const header = new Header(models, about?.model ?? null, (model) => {
    location.hash = new URLSearchParams({ model });
  });
  document.getElementById("header").replaceChildren(header.root);
  if (about === undefined) {
    main.replaceChildren(modelList(served));
    return;
  }
  document.title = `${about.model} · Fieldwright`;
  header.serve(about.version);
  const endpoint = new Endpoint(about.model, only);
  const open = DESKS[about.family];
  if (open === undefined) {
    main.replaceChildren(
      element("p", { class: "panel" }, `There is no page yet for models of the family ${about.family}. `, element("a", { href: "docs" }, "Its interface"), " tells how it is asked."),
    );
    return;
  }
  const { openDesk } = await open();
  await openDesk({ main, header, notices, state, endpoint, about });
}

/** What is answered, after a key has been asked for where one is needed; null where nothing can be. */
async function withKey(ask) {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (error instanceof Refusal && error.status === 401) {
        await askForKey(error.message);
      } else {
        main.replaceChildren(
          element("div", { class: "panel" }, element("p", {}, error.message), element("button", { type: "button", onclick: () => location.reload() }, "Try again")),
        );
        return null;
      }
    }
  }
}

start().catch((error) => {
  console.error(error);
  notices.show("start", `The page could not be opened: ${error.message}`);
});
