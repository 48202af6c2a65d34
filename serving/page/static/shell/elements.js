// Makes and finds elements. No markup is ever made of text: what a model is called cannot become a script.

const SVG = "http://www.w3.org/2000/svg";

/** An element with attributes, listeners ("onclick") and children; null and false are left out. */
export function element(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

/** The same for SVG. */
export function drawn(name, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, name), attributes, children);
}

function filled(made, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (key === "value" && "value" in made) made.value = value;
    else if (value === true) made.setAttribute(key, "");
    else made.setAttribute(key, value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

/** Sets the text of an element only where it differs, so that a screen reader does not hear the same twice. */
export function say(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

let numbered = 0;

/** An id that nothing else on the page has. */
export function freshId(stem) {
  numbered += 1;
  return `${stem}-${numbered}`;
}

/** A labelled <select> within its root; options: [value, text] pairs. */
export function choice(text, options, value, changed) {
  const id = freshId("choice");
  const select = element("select", { id, onchange: () => changed(select.value) });
  fillChoice(select, options, value);
  return { root: element("span", { class: "choice" }, element("label", { for: id }, text), select), select };
}

/** Gives a <select> other options. */
export function fillChoice(select, options, value) {
  select.replaceChildren(...options.map(([key, text]) => element("option", { value: key }, text)));
  select.value = value;
}

/** A button that stays pressed. */
export function toggle(text, pressed, changed, attributes = {}) {
  const button = element(
    "button",
    {
      type: "button",
      class: "toggle",
      "aria-pressed": String(pressed),
      onclick: () => {
        const now = button.getAttribute("aria-pressed") !== "true";
        button.setAttribute("aria-pressed", String(now));
        changed(now);
      },
      ...attributes,
    },
    text,
  );
  return button;
}
