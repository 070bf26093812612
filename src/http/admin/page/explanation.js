// An explanation as its steps: gate, record, lookup, mapping, settings, request.

// `id` is for the copy button of the first request on the page.
function explained({ explanations, forecast }) {
  const first = explanations.find((one) => one.verdict.outcome !== "sent") ?? explanations[0];
  const ids = { copy: "copy-curl" };
  if (explanations.length === 1) return eventExplained(first, forecast, ids);
  return [batchFigures(forecast), explanations.map((one) => folded(one, one === first, ids))];
}

// One event of several. What is inside is made once it is opened: a batch may have 200 events of 200 traits.
function folded(explanation, isOpen, ids) {
  const details = h("details", { class: "event", open: isOpen }, h("summary", null, eventTitle(explanation), explanation.verdict.error && h("span", { class: "hint clip" }, marked(capitalised(explanation.verdict.error)))));
  const fill = () => details.childElementCount === 1 && details.append(eventBody(explanation, ids));
  if (isOpen) fill();
  details.addEventListener("toggle", fill);
  return details;
}

const eventExplained = (explanation, forecast, ids) =>
  h("article", { class: "event" }, h("h3", null, eventTitle(explanation)), eventBody(explanation, ids, forecast));

function eventTitle({ verdict, messageId, destination }) {
  const [kind, word] = OUTCOMES[verdict.outcome] ?? ["bad", verdict.outcome];
  return [
    badge(kind, `${word} ${verdict.statusCode}`),
    h("span", { class: "id" }, messageId ?? "without messageId"),
    destination && h("span", { class: "hint" }, `destination ${destination.id} (${destination.definition})`),
  ];
}

function eventBody({ verdict, gate, records, calls }, ids, forecast) {
  const hasFailed = Boolean(verdict.error);
  const several = records.length > 1;
  return h("div", { class: "body" },
    hasFailed && failureNote(verdict, OUTCOMES[verdict.outcome]?.[0]),
    gate && h("ol", { class: "steps" }, gateStep(gate)),
    records.map((record, index) => [
      several && h("h4", null, `Record ${index + 1} of ${records.length}: ${record.object}`),
      recordSteps(record, hasFailed, ids),
    ]),
    calls && h("ol", { class: "steps" }, callsStep(calls, forecast)));
}

// Why something is not sent, and what a person can do about it.
const failureNote = ({ error, remedy, rule: name }, kind = "bad") =>
  h("div", { class: `note ${kind}` },
    h("p", null, marked(capitalised(error)), " ", rule(name)),
    remedy && h("p", { class: "remedy" }, h("b", null, "What to do: "), remedy));

const step = (name, title, ...content) =>
  h("li", { "data-step": name }, h("span", { class: "name" }, title), h("div", { class: "what" }, content));

function gateStep({ path, value, because, passes, rule: name }) {
  const decided = path && [h("code", null, path), value === undefined ? ": " : [" is ", h("code", null, inline(value)), ": "]];
  return step("gate", "Gate",
    h("p", null, badge(passes ? "good" : "calm", passes ? "passes" : "does not pass"), " ", decided, because, " ", rule(name)));
}

function recordSteps(record, hasFailed, ids) {
  const cases = record.cases.map((one) => caseSteps(one, hasFailed, ids));
  const isSupposed = record.cases.some((one) => one.if);
  return [
    h("ol", { class: "steps" },
      step("record", "Object", h("p", null, h("b", null, record.object), ": ", record.because, " ", rule(record.rule))),
      (record.key || record.lookup) && lookupStep(record),
      !isSupposed && cases),
    isSupposed && record.cases.map((one, index) =>
      h("details", { class: "case", open: index === 0 },
        h("summary", null, "If ", one.if),
        h("ol", { class: "steps" }, cases[index]))),
  ];
}

function lookupStep({ key, lookup }) {
  return step("lookup", "Lookup",
    key && h("p", null, h("code", null, key.field), " = ", h("b", null, key.value), ", from ", h("code", null, key.from),
      key.hash && [" · ", h("a", { href: `#events?key=${key.hash}` }, "events of this record")]),
    lookup && h("p", null, foundWords(lookup), lookup.because, " ", rule(lookup.rule)),
    lookup?.soql && h("pre", null, lookup.soql));
}

function foundWords({ found, soql }) {
  if (found !== undefined) return [h("b", null, `${plural(found, "record")} found`), ": "];
  return soql ? [h("b", null, "not asked"), ": "] : null;
}

function caseSteps(one, hasFailed, ids) {
  return [
    (one.target || one.traits.length > 0) && mappingStep(one),
    one.policies.length > 0 && settingsStep(one.policies),
    one.request && requestStep(one.request, ids),
    // The failure of the only record is that of the event, which is shown above.
    one.failure && (one.if || !hasFailed) && step("failure", "Not sent", failureNote(one.failure)),
  ];
}

function mappingStep(one) {
  const { target } = one;
  return step("mapping", "Fields",
    target && h("p", null, h("b", null, `${capitalised(target.operation)} ${target.object}`), target.id && [" ", h("code", null, target.id)], ": ",
      target.because, " ", rule(target.rule)),
    traitTable(one));
}

const settingsStep = (policies) =>
  step("settings", "Settings",
    h("dl", { class: "settings" }, policies.map(({ setting, effect, rule: name }) =>
      [h("dt", null, h("code", null, setting)), h("dd", null, effect, " ", rule(name))])));

function requestStep(request, ids) {
  const text = curl(request);
  const source = h("pre", null, text);
  const { copy } = ids;
  ids.copy = undefined;
  return step("request", "Request",
    h("p", { class: "row" }, h("span", { class: "grow" }, h("b", null, request.method), " ", request.url.replace(/^https?:\/\/[^/]+/, "")),
      copyButton(text, source, { id: copy, class: "quiet" })),
    source);
}

// The calls of one event, and in a batch of its own what they are of the day's limit.
function callsStep({ lookup, lookupSharedBy, writeDescriptor, writeInline, writeInlineSharedBy }, forecast) {
  const shared = (calls, events, what) =>
    `${calls === 0 ? `no ${what}` : plural(calls, what)}${calls > 0 && events > 1 ? ` shared by ${number(events)} events` : ""}`;
  const writes = writeDescriptor === 0
    ? "no write"
    : `${plural(writeDescriptor, "request")} by rudder-server, or inline ${shared(writeInline, writeInlineSharedBy, "call")}`;
  return step("calls", "Calls",
    h("p", null, `${shared(lookup, lookupSharedBy, "lookup")}; ${writes}`),
    forecast && h("dl", { class: "figures forecast" }, callFigures(forecast)));
}

// What the events of a batch become and cost together.
function batchFigures(forecast) {
  return h("dl", { class: "figures forecast of-batch" },
    figure("events", number(forecast.events)),
    outcomes(forecast).map(([count, word]) => figure(word, number(count))),
    figure("requests", number(forecast.requests)),
    callFigures(forecast));
}

const outcomes = ({ sent, filtered, refused, retried }) =>
  [[sent, "sent"], [filtered, "not sent"], [refused, "refused"], [retried, "not now"]].filter(([count]) => count > 0);

const verdictWords = (forecast) => outcomes(forecast).map(([count, word]) => `${count} ${word}`).join(", ");

// To two digits. A number such as 1.0 is kept as its text (json.js).
const rounded = (percent) => Math.round(100 * Number(printed(percent))) / 100;

function callFigures({ calls, limit }) {
  const share = (percent) => limit && ` ${rounded(percent)} % of the day’s ${number(limit.allowed)}`;
  return [
    figure("calls, sent by rudder-server", number(calls.descriptor), share(limit?.descriptorPercent)),
    figure("calls, inline", number(calls.inline), share(limit?.inlinePercent)),
    figure("of which lookups", number(calls.lookup)),
    figure("descriptions", number(calls.describe)),
  ];
}

const figure = (name, value, ...more) => h("div", null, h("dt", null, name), h("dd", null, value, h("small", null, more)));
