// The view Orgs: calls, sessions, and what is held back.

let isOrgsShown = false;
let drawOrgsNow;

function beginOrgs() {
  drawOrgsNow = every(10000, () => isOrgsShown, drawOrgs);
}

function showOrgs() {
  isOrgsShown = true;
  drawOrgsNow();
}

function hideOrgs() {
  isOrgsShown = false;
}

async function drawOrgs() {
  try {
    const [{ orgs, refusedLogins }, { faults }] = await Promise.all([ask("/orgs"), ask("/faults")]);
    show($("org-list"), orgs.length === 0 ? noOrg() : orgs.map(orgCard));
    show($("refused-logins"), refusedLogins.length > 0 && refusedTable(refusedLogins));
    drawFaults(faults);
    tellOrgs("");
  } catch (error) {
    tellOrgs(error.message);
  }
}

// Says what is wrong, if anything; what is shown is then of before.
function tellOrgs(wrong) {
  $("orgs-state").textContent = wrong;
  $("org-list").classList.toggle("stale", wrong !== "");
}

const noOrg = () =>
  h("div", { class: "empty" },
    h("p", null, h("b", null, "No org has been called yet.")),
    h("p", null, "An org appears here with the first event that is looked up or delivered there. ", h("code", null, "salesforce-transformer check"), " tests a login without one."));

function orgCard(org) {
  const history = org.history ?? [];
  const since = (name) => history.map((sample) => [sample.time, sample[name]]);
  const lines = [line("Calls used in 24 h", since("used")), line("Calls spendable", since("spendable")), line("Calls saved since the start", since("saved"))];
  return h("article", { class: "org" },
    h("h3", null, org.org, " ", orgState(org)),
    h("div", { class: "columns" },
      h("div", null, gauge(org), calls(org)),
      h("div", { class: "lines" }, lines.some(Boolean) ? lines : h("p", { class: "hint" }, "A line follows once there are two samples, one a minute."))),
    h("div", { class: "columns" }, sessions(org), describes(org)));
}

function orgState({ throttling, heldBack }) {
  const held = [heldBack.creates && "creates", heldBack.updates && "updates"].filter(Boolean);
  if (held.length === 0 && !throttling) return badge("good", "nothing held back");
  return [
    throttling && badge("later", "throttling: events are answered 429"),
    throttling && held.length > 0 && " ",
    held.length > 0 && badge("later", `${held.join(" and ")} held back: the calls that are left are reserved`),
  ];
}

// Used, spendable and reserved calls of the day's limit.
function gauge({ used, allowed, spendable, observedAt }) {
  if (typeof used !== "number") {
    return h("p", { class: "hint" }, "The org has not stated its usage yet; it does with its first answer.");
  }
  const kept = Math.max(0, allowed - used - spendable);
  const parts = [["used", used], ["spendable", spendable], ["reserve", kept]];
  let x = 0;
  const bars = parts.map(([name, calls]) => {
    const width = allowed > 0 ? (calls / allowed) * 1000 : 0;
    const bar = svg("rect", { class: name, x, y: 0, width, height: 10 });
    x += width;
    return bar;
  });
  const label = `${number(used)} of ${number(allowed)} calls used, ${number(spendable)} spendable, ${number(kept)} reserved`;
  return h("div", { class: "gauge" },
    h("p", { class: "big" }, h("b", null, number(used)), ` of ${number(allowed)} calls in 24 h`,
      h("span", { class: "hint" }, " as of ", moment(observedAt))),
    svg("svg", { viewBox: "0 0 1000 10", preserveAspectRatio: "none", role: "img", "aria-label": label }, bars),
    h("ul", { class: "legend" },
      parts.map(([name, calls]) => h("li", { class: name }, h("b", null, number(calls)), " ", name === "reserve" ? "reserved for other systems" : name))));
}

function calls({ calls: made, events, described, callsSaved }) {
  return h("dl", { class: "figures" },
    figure("events", number(events)),
    figure("saved calls", number(callsSaved)),
    figure("lookups", number(made.query)),
    figure("writes", number(made.write)),
    figure("collections", number(made.collections)),
    figure("logins", number(made.token)),
    figure("requests described", number(described)));
}

const sessions = ({ org, sessions: list }) =>
  small("Sessions", ["Destination", "Flow", "State"], "The service has opened no session itself; OAuth destinations bring theirs.",
    list.map(({ destination, flow, accepted }) =>
      [destination, flow, accepted ? badge("good", "accepted") : badge("calm", "not used yet")]), org);

const describes = ({ org, describes: list }) =>
  small("Described objects", ["Object", "Fields", "Confirmed"], "No object is described yet.",
    list.map(({ object, fields, confirmedSecondsAgo }) =>
      [object, fields === null ? badge("later", "not known") : number(fields), confirmedSecondsAgo === null ? "–" : ago(confirmedSecondsAgo)]), org);

const refusedTable = (list) =>
  h("article", { class: "org" },
    small("Refused logins", ["Destination", "Flow", "Reason", "What to do"], "",
      list.map(({ destination, flow, reason, remedy }) => [destination, flow, rule(reason), remedy])));

// A small table with its title, or why it is empty. It keeps the focus while it is drawn anew, by its title and its org.
function small(title, names, empty, rows, org = "") {
  if (rows.length === 0) return h("div", null, h("h4", null, title), h("p", { class: "hint" }, empty));
  return h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": title, "data-focus": `${title} ${org}` },
    h("table", { class: "cards" },
      h("caption", null, title),
      h("thead", null, h("tr", null, names.map((name) => h("th", { scope: "col" }, name)))),
      h("tbody", null, rows.map(([first, ...rest]) => h("tr", null, h("th", { scope: "row" }, first), rest.map((cell, index) => h("td", { "data-label": names[index + 1] }, cell)))))));
}
