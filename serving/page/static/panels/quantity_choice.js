// Which quantity curves are drawn of, as a label and as the endpoint takes it.

import { choice, fillChoice } from "../shell/elements.js";

/** All quantities that the endpoint answers by itself: of each field, maximum, minimum and mean of each component; all scalars. */
export function allQuantities({ fields, scalars = [] }) {
  const values = scalars.map(({ name }) => ({ label: name, quantity: { what: "value", field: name } }));
  return fields.flatMap((info) => {
    const { components } = info;
    const parts = components.length === 1 ? [null] : [...components, ...(components.length <= 3 ? ["magnitude"] : [])];
    return parts.flatMap((component) =>
      ["max", "min", "mean"].map((what) => {
        const quantity = { what, field: info.name, ...(component === null ? {} : { component }) };
        return { label: `${what}(${info.name}${component === null ? "" : `.${component}`})`, quantity };
      }),
    );
  }).concat(values);
}

/** A <select> of quantities, whose value stands in the state of the page under "quantity". */
export class QuantityChoice {
  constructor(state, question) {
    this.state = state;
    this.all = allQuantities(question);
    const made = choice("Quantity", this.all.map(({ label }) => [label, label]), this.label, (label) => state.set({ quantity: label }));
    this.root = made.root;
    this.select = made.select;
    state.follow(["quantity", "field"], () => (this.select.value = this.label));
  }

  /** The one that was chosen; before that the largest value of the field that is drawn. */
  get label() {
    const text = this.state.get("quantity");
    if (this.all.some(({ label }) => label === text)) return text;
    const field = this.state.get("field") ?? this.all[0].quantity.field;
    const parts = this.all.filter(({ quantity }) => quantity.field === field && quantity.what === "max");
    return (parts.at(-1) ?? this.all[0]).label;
  }

  get quantity() {
    return this.all.find(({ label }) => label === this.label).quantity;
  }

  refresh(question) {
    this.all = allQuantities(question);
    fillChoice(this.select, this.all.map(({ label }) => [label, label]), this.label);
  }
}
