// What goes wrong, the latest first, and what to do about it.

function drawFaults(faults) {
  show($("fault-rows"), faults.map(faultRow));
  say($("faults-empty"), faults.length === 0 && h("p", null, h("b", null, "Nothing has gone wrong"), " in the last 24 hours."));
}

function faultRow({ code, reason, object, field, effect, status, count, recent, last, remedy }) {
  const kind = effect === "not_sent" ? kindOfStatus(status) : "calm";
  return h("tr", null,
    h("td", null, moment(last)),
    h("td", null, h("a", { href: `#events?reason=${encodeURIComponent(code)}` }, code), code !== reason && h("small", null, " ", reason)),
    h("td", null, [object, field].filter(Boolean).join(" · ")),
    h("td", null, effect === "not_sent" ? badge(kind, `not sent ${status}`) : effect.replace("_", " ")),
    h("td", { class: "number", "data-label": "last hour" }, number(recent)),
    h("td", { class: "number", "data-label": "since the start" }, number(count)),
    h("td", { class: "why" }, remedy));
}
