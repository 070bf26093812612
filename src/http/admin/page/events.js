// The view Events: what arrives, as it arrives.

const MOST_ROWS = 250;
const FILTERS = ["status", "object", "reason", "message", "destination", "key", "since"];

const list = {
  isShown: false,
  // The ids of the events in the list, so that none is there twice.
  ids: new Set(),
  // Of those that have arrived since the list was loaded: how many there were, how many are shown, and how many were lost.
  arrived: 0,
  shown: 0,
  lost: 0,
  // The same since it was last told.
  lately: { arrived: 0, shown: 0 },
  // Until when the pointer is taken to aim at a row, which must not move away then.
  heldUntil: 0,
  held: [],
};

const watcher = new Watcher({
  shown: addEvents,
  opened() {
    list.said = null;
    $("watch").classList.remove("broken");
    tellSample();
    if (list.isToBeLoaded) load();
    else if (list.isToCatchUp) catchUp();
  },
  broken(why) {
    list.said = why;
    list.isToCatchUp = true;
    $("watch").classList.add("broken");
    tellSample();
  },
});

function beginEvents() {
  const filter = debounced(300, applyFilters);
  $("filters").addEventListener("input", filter);
  $("filters").addEventListener("submit", (submitted) => {
    submitted.preventDefault();
    applyFilters();
  });
  $("filters").addEventListener("reset", () => setTimeout(applyFilters));
  $("watch").addEventListener("click", toggleWatch);
  $("event-rows").addEventListener("click", openRow);
  $("event-rows").addEventListener("pointermove", () => (list.heldUntil = performance.now() + 1200));
  document.addEventListener("visibilitychange", leaveWhileHidden);
  every(5000, () => list.isShown, drawCounts);
  setInterval(addHeld, 250);
  every(1000, () => list.isShown, tellSample);
}

// Few may watch at a time: a tab that nobody has seen for 5 minutes watches no longer, and loads again once it is seen.
function leaveWhileHidden() {
  clearTimeout(list.leaving);
  if (document.visibilityState === "hidden") list.leaving = setTimeout(leave, 5 * 60000);
  else if (list.hasLeft) comeBack();
}

function leave() {
  if (!list.isShown || !isWatching()) return;
  watcher.end();
  list.hasLeft = true;
}

function comeBack() {
  list.hasLeft = false;
  if (list.isShown) load();
}

function debounced(milliseconds, act) {
  let timer;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(act, milliseconds);
  };
}

// The view is shown, with the filters of its address if there are any.
function showEvents(query) {
  list.isShown = true;
  if (query !== undefined) {
    for (const name of FILTERS) $(`filter-${name}`).value = query.get(name) ?? "";
  }
  drawCounts();
  suggestReasons();
  return load();
}

// Offers the names of reasons and codes where one is typed.
async function suggestReasons() {
  if ($("reasons").childElementCount > 0) return;
  try {
    const { reasons, codes } = await rules();
    show($("reasons"), [...reasons, ...codes].map(({ name }) => h("option", { value: name })));
  } catch {
    // The filter works without them.
  }
}

function hideEvents() {
  list.isShown = false;
  watcher.end();
}

const filters = () => new URLSearchParams(FILTERS.map((name) => [name, $(`filter-${name}`).value.trim()]).filter(([, value]) => value));

const isWatching = () => $("watch").getAttribute("aria-pressed") === "true";

function toggleWatch() {
  $("watch").setAttribute("aria-pressed", String(!isWatching()));
  load();
}

function applyFilters() {
  const query = String(filters());
  history.replaceState(null, "", query ? `#events?${query}` : "#events");
  closePanel();
  load();
}

// Lists the last events, and watches from then on. Once the watch has begun, what fell between the two is added.
async function load() {
  const query = String(filters());
  Object.assign(list, { ids: new Set(), arrived: 0, shown: 0, lost: 0, lately: { arrived: 0, shown: 0 }, held: [], isToBeLoaded: false, isToCatchUp: isWatching(), query });
  $("event-rows").replaceChildren();
  if (isWatching()) watcher.begin(query);
  else watcher.end();
  try {
    const { events, leftOff } = await ask(`/events?limit=200&${query}`);
    if (list.query !== query) return;
    say($("filter-error"));
    // What has come by the watch meanwhile is newer.
    addRows(events.reverse(), "append");
    list.leftOff = leftOff;
  } catch (error) {
    if (list.query !== query) return;
    say($("filter-error"), error.message);
    list.isToBeLoaded = error.status === undefined;
    // A filter that is none stays none; a service that does not answer is watched for.
    if (!list.isToBeLoaded) watcher.end();
    list.said = null;
  }
  tellEmpty();
  tellSample();
}

// The events of one step of the watch, of so many that arrived.
function addEvents(events, arrived, lost) {
  list.arrived += arrived;
  list.shown += events.length;
  list.lost += lost;
  list.lately.arrived += arrived;
  list.lately.shown += events.length;
  if (performance.now() < list.heldUntil) list.held = [...list.held, ...events].slice(-MOST_ROWS);
  else addRows([...list.held.splice(0), ...events], "prepend");
}

function addHeld() {
  if (list.held.length === 0 || performance.now() < list.heldUntil) return;
  addRows(list.held.splice(0), "prepend");
}

// Adds what was answered while the connection was away: a watch that was begun anew is told of nothing before it. What the
// service has repeated by itself is in the list already, by its id.
async function catchUp() {
  const { query } = list;
  list.isToCatchUp = false;
  try {
    const { events } = await ask(`/events?limit=200&${query}`);
    if (list.query === query) addRows(events.reverse(), "prepend");
  } catch {
    // The service is gone again; the watch says so, and catches up when it is back.
  }
}

// Adds events, the oldest first, above or below those that are there.
function addRows(events, where) {
  const fresh = events.filter(({ id }) => !list.ids.has(id));
  for (const { id } of fresh) list.ids.add(id);
  $("event-rows")[where](...fresh.reverse().map(eventRow));
  const rows = $("event-rows").rows;
  while (rows.length > MOST_ROWS) {
    list.ids.delete(rows[rows.length - 1].dataset.id);
    rows[rows.length - 1].remove();
  }
  if (fresh.length > 0) $("events-empty").hidden = true;
}

function eventRow(event) {
  const kind = kindOfStatus(event.status);
  const row = h("tr", { "data-id": event.id, class: kind },
    h("td", null, moment(event.time)),
    h("td", null, badge(kind, event.status)),
    h("td", { title: event.verdict === "request" && "handed to rudder-server, which sends it" }, event.verdict, h("small", null, ` ${event.route}`)),
    h("td", null, (event.objects ?? []).join(", ")),
    h("td", { class: "why" }, whyWords(event)),
    h("td", null, opener(event)),
    h("td", null, event.destination ?? ""));
  row.event = event;
  return row;
}

function whyWords({ code, reason, fields, changes }) {
  const failed = code ?? reason;
  const of = fields ? ` ${fields.join(", ")}` : "";
  const changed = changes?.map((change) => `${change.kind.replace("_", " ")}: ${change.field ?? change.trait ?? change.reason}`).join(", ");
  return [failed && h("code", null, failed), of, changed && h("span", { class: "changes" }, failed ? " · " : "", changed)];
}

// rudder-server tells the proxy jobs and no messages: such an event is opened by its job.
const opener = ({ message, job }) =>
  message
    ? h("a", { href: `#events/${encodeURIComponent(message)}` }, message)
    : h("button", { type: "button", class: "link" }, job === undefined ? "without id" : `job ${job}`);

// A click anywhere on a row opens its event.
function openRow(click) {
  const row = click.target.closest("tr");
  if (!row || click.ctrlKey || click.metaKey || click.shiftKey || getSelection().type === "Range") return;
  const { event } = row;
  if (!event.message) openEvents([event], row.querySelector("button"));
  else if (!click.target.closest("a")) location.hash = `#events/${encodeURIComponent(event.message)}`;
}

// Says what the list does not show; every second, so that a screen reader is not told of each step.
function tellSample() {
  const { arrived, shown: seen, lately, lost, held, said } = list;
  const rate = lately.arrived > lately.shown ? lately.arrived / lately.shown : 1;
  list.lately = { arrived: 0, shown: 0 };
  const parts = [
    said,
    rate > 1 && `Showing 1 of ${number(Math.round(rate))}: too many arrive to read them all.`,
    !(rate > 1) && arrived > seen && `Showed ${number(seen)} of ${number(arrived)} that arrived.`,
    lost > 0 && `${plural(lost, "event")} lost: more than this page could take.`,
    held.length > 0 && `${number(held.length)} more wait while you point at the list.`,
  ];
  const text = parts.filter(Boolean).join(" ");
  if ($("sampled").textContent !== text) $("sampled").textContent = text;
}

function tellEmpty() {
  if ($("event-rows").rows.length > 0 || !$("filter-error").hidden) return say($("events-empty"));
  const isFiltered = String(filters()) !== "";
  say($("events-empty"),
    h("p", null, h("b", null, isFiltered ? "No event fits the filters." : "No event yet.")),
    h("p", null, isFiltered
      ? "Clear a filter, or wait: events that fit appear here as they are answered."
      : "Events appear here as they are answered. Send one to /transform, or connect rudder-server (DEST_TRANSFORM_URL)."));
}

async function drawCounts() {
  try {
    const { minutes } = await ask("/events/counts");
    drawVerdicts(minutes);
  } catch {
    // The list says what is wrong with the service; the chart stays as it was.
  }
}
