// One kept event: what became of it and of its deliveries, and what to do about it.

let openedFrom = null;

// An answer that comes when the address names something else already is dropped.
async function openMessage(message) {
  try {
    const { events } = await ask(`/events/${encodeURIComponent(message)}`);
    if (messageOf(location.hash) !== message) return;
    openEvents(events, null, message);
  } catch (error) {
    if (messageOf(location.hash) !== message) return;
    showPanel(message, h("p", { class: "error" }, error.message));
  }
}

// Opens what is known of one message, the newest first.
function openEvents(events, from, message) {
  openedFrom = from;
  const [newest] = events;
  const kept = events.find((it) => it.event !== undefined);
  const name = message ?? (newest.job === undefined ? newest.id : `job ${newest.job}`);
  showPanel(name,
    kept ? keptValues(kept) : h("p", { class: "hint" },
      "The values of events are not kept, so that this one cannot be explained here: set ",
      h("code", null, "ADMIN_SHOW_VALUES=true"), " to keep them, or paste the event itself under ", h("a", { href: "#explain" }, "Explain"), "."),
    events.map((event) => keptEvent(event)));
}

function showPanel(name, ...content) {
  const panel = $("event-panel");
  panel.hidden = false;
  $("events-split").classList.add("open");
  show(panel,
    h("div", { class: "title" },
      h("h3", { id: "panel-title", tabindex: -1 }, name),
      h("button", { type: "button", class: "quiet", click: leavePanel, "aria-label": "Close" }, "✕")),
    content);
  $("panel-title").focus();
}

function closePanel() {
  $("event-panel").hidden = true;
  $("events-split").classList.remove("open");
}

// Closes the panel, and goes back to the row that it was opened from.
function leavePanel() {
  const message = messageOf(location.hash);
  closePanel();
  const query = String(filters());
  history.replaceState(null, "", query ? `#events?${query}` : "#events");
  const links = [...$("event-rows").querySelectorAll("a")];
  const from = openedFrom?.isConnected ? openedFrom : links.find((link) => messageOf(link.hash) === message);
  (from ?? $("event-list")).focus();
}

const messageOf = (hash) => {
  try {
    return hash.startsWith("#events/") ? decodeURIComponent(hash.slice("#events/".length)) : null;
  } catch {
    // Somebody has typed a percent sign that encodes nothing.
    return hash.slice("#events/".length);
  }
};

function keptEvent(event) {
  const kind = kindOfStatus(event.status);
  return h("article", { class: "kept" },
    h("h4", null, badge(kind, event.status), h("span", null, event.verdict), h("span", { class: "hint" }, event.route, " ", moment(event.time))),
    event.remedy && h("div", { class: `note ${kind}` },
      h("p", null, event.code && [h("code", null, event.code), " "], rule(event.reason), event.fields && ` ${event.fields.join(", ")}`),
      h("p", { class: "remedy" }, h("b", null, "What to do: "), event.remedy)),
    h("dl", { class: "pairs" },
      pair("Objects", event.objects?.join(", ")),
      pair("Destination", event.destination && h("a", { href: `#events?destination=${encodeURIComponent(event.destination)}` }, event.destination)),
      pair("Job", event.job),
      pair("Record", event.key && h("a", { href: `#events?key=${event.key}` }, "all events of it"))),
    event.changes && changeTable(event.changes));
}

const pair = (name, value) => (value === undefined || value === "" ? null : h("div", null, h("dt", null, name), h("dd", null, value)));

const changeTable = (changes) =>
  h("table", { class: "changes" },
    h("caption", null, "Not sent as they came"),
    h("thead", null, h("tr", null, ["Trait or field", "What", "Why and what to do"].map((name) => h("th", { scope: "col" }, name)))),
    h("tbody", null, changes.map(({ trait, field, kind, reason, remedy }) =>
      h("tr", null,
        h("th", { scope: "row" }, [trait, field].filter(Boolean).join(" → ")),
        h("td", null, kind.replace("_", " ")),
        h("td", { class: "why" }, rule(reason), " ", remedy)))));

function keptValues({ event }) {
  const explainIt = () => {
    location.hash = "#explain";
    useOwnDestination();
    fillEvent(event);
  };
  return [
    h("p", { class: "row" },
      h("button", { type: "button", class: "primary", id: "explain-kept", click: explainIt }, "Explain this event"),
      h("span", { class: "hint" }, "with the service’s own login: the destination’s settings are not kept")),
    h("details", null, h("summary", null, "The event (personal data)"), h("pre", null, printed(event, 2))),
  ];
}
