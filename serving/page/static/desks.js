// Which desk opens for which family of models: the one place that knows them. Each is fetched when it is needed.

const whatIf = () => import("./what_if.js");
const crackDesk = () => import("./cracks/crack_desk.js");

/** Family to a module whose `openDesk` fills the page. */
export const DESKS = {
  fields: whatIf,
  shapes: whatIf,
  equations: whatIf,
  classification: crackDesk,
  segmentation: crackDesk,
};
