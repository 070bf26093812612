// What a status or a verdict means, by colour, sign and word.

const KINDS = {
  good: { sign: "✓" },
  calm: { sign: "–" },
  later: { sign: "↻" },
  bad: { sign: "✕" },
};

function kindOfStatus(status) {
  if (status === 298) return "calm";
  if (status < 400) return "good";
  return status === 429 || status >= 500 ? "later" : "bad";
}

// The category under which metrics count an event.
const VERDICTS = { request: "good", delivered: "good", filtered: "calm", repeated: "calm", dataValidation: "bad" };
const kindOfVerdict = (verdict) => VERDICTS[verdict] ?? "later";

const OUTCOMES = { sent: ["good", "Sent"], filtered: ["calm", "Not sent"], refused: ["bad", "Refused"], retried: ["later", "Not now"] };

const badge = (kind, ...text) =>
  h("span", { class: `badge ${kind}` }, h("span", { "aria-hidden": "true" }, KINDS[kind].sign), " ", ...text);
