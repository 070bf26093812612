// Rules, reasons and codes by name. Each name on the page is a button that shows its sentence.

let registry;

// The registry, asked for once it is wanted; a failure is not remembered.
function rules() {
  registry ??= ask("/rules").catch((error) => {
    registry = undefined;
    throw error;
  });
  return registry;
}

const rule = (name) =>
  name ? h("button", { type: "button", class: "rule", "aria-haspopup": "dialog", click: showRule }, name) : null;

async function showRule({ currentTarget: button }) {
  const name = button.textContent;
  const card = $("rule-card");
  show(card, h("h3", { id: "rule-name", tabindex: -1, autofocus: true }, h("code", null, name)), await sentences(name));
  card.showPopover({ source: button });
  place(card, button.getBoundingClientRect());
}

async function sentences(name) {
  try {
    const { rules: all, reasons, codes } = await rules();
    const found = [...all, ...reasons, ...codes].filter((it) => it.name === name);
    if (found.length > 0) return found.map(sentence);
    return h("p", null, "The service has no sentence for it; see docs/behaviour.md.");
  } catch (error) {
    return h("p", { class: "error" }, error.message);
  }
}

const sentence = ({ documented, meaning, stock, remedy }) => [
  documented && h("p", null, marked(documented)),
  meaning && h("p", null, marked(`${capitalised(meaning)}.`)),
  stock && h("p", { class: "hint" }, "With COMPATIBILITY=stock: ", marked(stock)),
  remedy && h("p", null, h("b", null, "What to do: "), marked(remedy)),
];

// `code` of the documentation as elements: every second part stands between two backticks.
const marked = (text) => text.split("`").map((part, index) => (index % 2 === 1 ? h("code", null, part) : part));

// Below its button, or above where there is no room. Scripts may set styles; the policy forbids style attributes.
function place(card, at) {
  const { offsetWidth: width, offsetHeight: height } = card;
  const left = Math.max(8, Math.min(at.left, innerWidth - width - 8));
  const isBelow = at.bottom + height + 12 < innerHeight;
  card.style.left = `${left}px`;
  card.style.top = `${isBelow ? at.bottom + 6 : Math.max(8, at.top - height - 6)}px`;
}
