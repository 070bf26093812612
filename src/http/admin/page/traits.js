// What becomes of each trait, beside the field that it fills.

const FATES = {
  sent: ["→", "sent"],
  changed: ["≈", "changed"],
  left_out: ["✕", "left out"],
  unchanged: ["=", "unchanged"],
  no_value: ["∅", "no value"],
  filled: ["+", "filled"],
  missing: ["!", "missing"],
  unlisted: ["…", "not listed"],
};

// The fields of the request show what is sent; the explanation itself has no values of traits.
function traitTable({ traits, request }) {
  if (traits.length === 0) return h("p", { class: "hint" }, "No trait fills a field.");
  const body = request?.body ?? {};
  return h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Traits" },
    h("table", { class: "traits cards" },
      h("caption", null, traitCounts(traits)),
      h("thead", null, h("tr", null, ["Trait", "Fate", "Field", "Value sent", "Why"].map((name) => h("th", { scope: "col" }, name)))),
      h("tbody", null, traits.map((fate) => traitRow(fate, body)))));
}

function traitRow({ trait, fate, field, reason, message }, body) {
  const [sign, word] = FATES[fate] ?? ["?", fate];
  const value = Object.hasOwn(body, field ?? "") ? shortened(inline(body[field])) : "";
  return h("tr", { "data-fate": fate },
    h("th", { scope: "row" }, trait ?? h("span", { class: "hint" }, "no trait")),
    h("td", { class: "fate" }, h("span", { "aria-hidden": "true" }, sign), " ", word),
    h("td", null, field ?? ""),
    h("td", { class: "value" }, value),
    h("td", { class: "why" }, message && capitalised(message), " ", rule(reason)));
}

function traitCounts(traits) {
  const counts = Map.groupBy(traits, ({ fate }) => FATES[fate]?.[1] ?? fate);
  return [...counts].map(([word, list]) => `${list.length} ${word}`).join(" · ");
}
