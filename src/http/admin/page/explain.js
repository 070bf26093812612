// The view Explain: an event is pasted, and the service says what becomes of it.

const EXAMPLE = {
  type: "identify",
  messageId: "example-1",
  userId: "ada",
  traits: {
    name: "Ada King Lovelace",
    email: "ada@lovelace.example",
    company: { name: "Analytical Engines" },
    phone: "+44 20 7946 0000",
    plan: "pro",
    tags: ["poet", "programmer"],
    createdAt: "2026-11-28T14:22:00Z",
  },
  integrations: { Salesforce: true },
};

const DESTINATION = {
  ID: "try",
  DestinationDefinition: { Name: "SALESFORCE", DisplayName: "Salesforce" },
  Config: { mapProperties: true, useContactId: false },
};

let running;

function beginExplain() {
  show($("explanation"), emptyExplanation());
  $("explain-form").addEventListener("submit", (submitted) => {
    submitted.preventDefault();
    explain();
  });
  $("explain-example").addEventListener("click", () => fillEvent(EXAMPLE));
  $("explain-format").addEventListener("click", formatEvent);
  $("event").addEventListener("keydown", (key) => {
    if (key.key === "Enter" && (key.ctrlKey || key.metaKey)) explain();
  });
  $("explain-form").addEventListener("change", () => {
    $("destination-box").hidden = !$("destination-given").checked;
    $("destination").value ||= printed(DESTINATION, 2);
  });
}

const emptyExplanation = () =>
  h("div", { class: "empty" },
    h("p", null, h("b", null, "Why does an event become what it becomes?")),
    h("p", null, "Paste an event on the left and choose Explain: each step is shown, from the gate to the request, and what is changed or left out on the way. Nothing is written to Salesforce."),
    h("p", null, "Or open an event that was answered under ", h("a", { href: "#events" }, "Events"), ", and choose ", h("i", null, "Explain this event"), "."),
    !KEEPS_DIGITS && h("p", null, "This browser cannot keep the digits of numbers above 9,007,199,254,740,991: what is shown of such a number is rounded."));

function fillEvent(event) {
  $("event").value = printed(event, 2);
  explain();
}

function useOwnDestination() {
  $("destination-own").checked = true;
  $("destination-box").hidden = true;
}

function formatEvent() {
  try {
    $("event").value = printed(parsed($("event").value), 2);
    say($("event-error"));
  } catch {
    // The service says where the text is broken.
    explain();
  }
}

// Explains what is in the form. A later run takes the place of one that is not answered yet.
async function explain() {
  const text = $("event").value;
  if (text.trim() === "") {
    say($("event-error"), "Paste an event first, or choose Example.");
    $("event").focus();
    return;
  }
  running?.abort();
  const own = (running = new AbortController());
  // Whoever gets an answer within 200 ms sees no sign of waiting.
  const waiting = setTimeout(() => $("explanation").classList.add("waiting"), 200);
  try {
    const answer = await ask(`/explain?live=${$("live").checked}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: withDestination(text),
      signal: own.signal,
    });
    say($("event-error"));
    show($("explanation"), explained(answer));
    bringIntoView($("explanation"));
    $("explain-state").textContent = `Explained: ${plural(answer.explanations.length, "event")}, ${verdictWords(answer.forecast)}`;
  } catch (error) {
    if (error.name === "AbortError") return;
    show($("explanation"), emptyExplanation());
    say($("event-error"), h("p", null, error.message), ...goTo(error));
  } finally {
    clearTimeout(waiting);
    if (running === own) $("explanation").classList.remove("waiting");
  }
}

// On a small screen the explanation begins below what can be seen.
function bringIntoView(element) {
  if (element.getBoundingClientRect().top > 0.7 * innerHeight) element.scrollIntoView();
}

// The events with the destination of the form. Without one, the text goes as it is, and so does one that is broken: the service
// says where.
function withDestination(text) {
  if (!$("destination-given").checked) return text;
  const destination = parsedDestination();
  let body;
  try {
    body = parsed(text);
  } catch {
    return text;
  }
  return printed(entries(body).map((entry) => ({ ...entry, destination })));
}

function parsedDestination() {
  try {
    return parsed($("destination").value);
  } catch (error) {
    $("destination").focus();
    throw new Error(`The destination is no JSON: ${error.message}`);
  }
}

// The entries in any form that the service takes; what is none stays, and the service says so.
function entries(body) {
  const isEntry = (value) => typeof value === "object" && value !== null && "message" in value;
  const list = Array.isArray(body) ? body : body?.input ?? body?.batch ?? [body];
  return [list].flat().map((value) => (isEntry(value) ? value : { message: value }));
}

// A button to the place that the service names in the event. An error without a status may be one of the destination's JSON.
function goTo({ message, status }) {
  const at = status && /line (\d+) column (\d+)/.exec(message);
  if (!at) return [];
  const [line, column] = [Number(at[1]), Number(at[2])];
  return [h("button", { type: "button", class: "quiet", click: () => select(line, column) }, `Go to line ${line}, column ${column}`)];
}

// Selects a character of the event. The service counts columns in bytes of UTF-8.
function select(line, column) {
  const area = $("event");
  const lines = area.value.split("\n");
  const before = lines.slice(0, line - 1).reduce((length, text) => length + text.length + 1, 0);
  const bytes = new TextEncoder().encode(lines[line - 1] ?? "").slice(0, Math.max(0, column - 1));
  const at = before + new TextDecoder().decode(bytes).length;
  area.focus();
  area.setSelectionRange(at, at + 1);
}
