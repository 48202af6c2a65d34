// Says whether the design lies in the domain of the training runs; a sign that cannot be missed where it does not.

import { drawn, element, say } from "../shell/elements.js";
import { numberText } from "../shell/numbers.js";

export class DomainSign {
  constructor() {
    this.title = element("strong");
    this.why = element("span");
    this.root = element(
      "div",
      { class: "domain", role: "status", hidden: true },
      drawn(
        "svg",
        { viewBox: "0 0 24 24", width: 22, height: 22, "aria-hidden": "true", class: "domain-mark" },
        drawn("path", { class: "outside-mark", d: "M12 2 23 21H1Z" }),
        drawn("path", { class: "outside-stroke", d: "M12 9v6M12 17.5v1.2" }),
        drawn("path", { class: "inside-mark", d: "M4 12.5 9.5 18 20 6.5" }),
      ),
      element("span", { class: "domain-words" }, this.title, " ", this.why),
    );
  }

  show(answer) {
    const solved = answer.facts !== null;
    const doubtful = answer.inside && answer.why;
    let title;
    if (!answer.inside) {
      title = solved
        ? "Outside the domain where the equation was solved: do not rely on these numbers."
        : "Outside the domain of the training runs: do not rely on these numbers.";
    } else {
      title = doubtful ? "Inside the domain, with a doubt." : solved ? "Inside the domain of the equation." : "Inside the domain of the training runs.";
    }
    this.state({ inside: answer.inside, title, why: answer.why, outside: answer.outside });
  }

  /** title: what follows from it. why: the endpoint's sentence, or null. outside: distance, 1 at the border, or null. */
  state({ inside, title, why, outside }) {
    this.root.hidden = false;
    this.root.classList.toggle("outside", !inside);
    this.root.classList.toggle("doubtful", Boolean(inside && why));
    document.body.classList.toggle("is-outside", !inside);
    say(this.title, title);
    const away = outside === null ? "" : `Distance ${numberText(outside, 3)}, 1 at the border.`;
    say(this.why, [why ? `${capital(why)}.` : "", away].filter(Boolean).join(" "));
  }
}

function capital(sentence) {
  return sentence[0] === "'" ? sentence : sentence[0].toUpperCase() + sentence.slice(1);
}
