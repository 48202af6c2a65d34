// Says whether a photo resembles those that the model has learned from; a sign that cannot be missed where it does not.

import { DomainSign } from "../panels/domain_sign.js";

export class PhotoSign extends DomainSign {
  show(photo) {
    const answer = photo?.answer ?? null;
    if (answer === null) {
      this.root.hidden = true;
      document.body.classList.remove("is-outside");
      return;
    }
    const doubt = answer.warning ?? null;
    const title = !answer.inside
      ? "Unlike the training photos: do not rely on this answer."
      : doubt ? "Resembles the training photos, with a doubt." : "Resembles the training photos.";
    this.state({ inside: answer.inside, title, why: answer.why ?? doubt, outside: answer.outside ?? null });
  }
}
