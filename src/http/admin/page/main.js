// Shows the view that the address names: #explain, #events, #events?status=4xx, #events/<messageId>, #orgs.

const VIEWS = {
  explain: { title: "Explain", show: () => {}, hide: () => {} },
  events: { title: "Events", show: showEvents, hide: hideEvents },
  orgs: { title: "Orgs", show: showOrgs, hide: hideOrgs },
};

let current = null;

// The view of the address, and what stands behind it.
function address() {
  const [, name, separator, rest] = /^#?([a-z]*)([?/]?)(.*)$/s.exec(location.hash) ?? [];
  return { view: Object.hasOwn(VIEWS, name) ? name : "explain", separator, rest };
}

function route() {
  const { view, separator, rest } = address();
  const message = separator === "/" ? messageOf(location.hash) : null;
  if (view !== current) change(view, separator === "?" ? new URLSearchParams(rest) : undefined);
  else if (view === "events" && separator === "?") showEvents(new URLSearchParams(rest));
  if (message) openMessage(message);
  else closePanel();
}

function change(view, query) {
  if (current) VIEWS[current].hide();
  current = view;
  reveal(view);
  VIEWS[view].show(query);
}

function reveal(view) {
  for (const name of Object.keys(VIEWS)) {
    $(name).hidden = name !== view;
    const link = document.querySelector(`nav a[href="#${name}"]`);
    if (name === view) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.title = `${VIEWS[view].title} · salesforce-transformer`;
}

// The fragment of the address names a view, and not where to skip to.
$("skip").addEventListener("click", (click) => {
  click.preventDefault();
  $("main").focus();
});
beginExplain();
beginEvents();
beginOrgs();
addEventListener("hashchange", route);
addEventListener("keydown", ({ key }) => {
  if (key === "Escape" && !$("event-panel").hidden && !$("rule-card").matches(":popover-open")) leavePanel();
});
// The view is painted before anything is asked for it.
reveal(address().view);
requestAnimationFrame(() => setTimeout(route));
