// Small charts. The shapes are SVG that stretches; the words beside them are HTML, so that they do not.

const ORDER = ["good", "calm", "later", "bad"];

// Draws the verdicts of each minute as stacked bars, and counts them in words.
function drawVerdicts(minutes) {
  const totals = new Map();
  const bars = minutes.map(({ verdicts }) => barOf(verdicts, totals));
  const most = Math.max(1, ...bars.map((bar) => bar.all));
  const width = 600 / Math.max(1, bars.length);
  const shapes = bars.flatMap((bar, index) => stacked(bar, index * width, width, most));
  const counts = [...totals].sort(([, one], [, other]) => other - one);
  const kinds = Map.groupBy(counts, ([verdict]) => kindOfVerdict(verdict));
  const words = counts.map(([verdict, count]) => `${number(count)} ${verdict}`).join(", ") || "no event";
  $("verdict-chart").setAttribute("aria-label", `Verdicts of the last ${minutes.length} minutes: ${words}`);
  show($("verdict-chart"), shapes);
  show($("verdict-legend"), ORDER.filter((kind) => kinds.has(kind)).map((kind) => h("li", { class: kind }, kinds.get(kind).map(countWords))));
  $("chart-most").textContent = totals.size > 0 ? `most: ${number(most)} in a minute` : "";
}

const countWords = ([verdict, count], index) => [index > 0 && " · ", h("b", null, number(count)), " ", verdict];

function barOf(verdicts, totals) {
  const bar = { all: 0, good: 0, calm: 0, later: 0, bad: 0 };
  for (const [verdict, count] of Object.entries(verdicts)) {
    totals.set(verdict, (totals.get(verdict) ?? 0) + count);
    bar[kindOfVerdict(verdict)] += count;
    bar.all += count;
  }
  return bar;
}

function stacked(bar, x, width, most) {
  let y = 60;
  return ORDER.filter((kind) => bar[kind] > 0).map((kind) => {
    // What happened once in a thousand is still to be seen.
    const height = Math.max(1.5, (bar[kind] / most) * 58);
    y -= height;
    return svg("rect", { class: kind, x: x + 1, y, width: width - 2, height });
  });
}

// A line over time, from samples of [time, value]; what is not known leaves a gap.
function line(title, samples) {
  const known = samples.filter(([, value]) => typeof value === "number");
  if (known.length < 2) return null;
  const times = known.map(([time]) => Date.parse(time));
  const values = known.map(([, value]) => value);
  const [begin, end] = [times[0], times.at(-1)];
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const point = (time, value) => `${((time - begin) / (end - begin || 1)) * 300},${most === least ? 20 : 38 - ((value - least) / (most - least)) * 36}`;
  const points = times.map((time, index) => point(time, values[index])).join(" ");
  const label = `${title}: from ${number(values[0])} at ${hour(begin)} to ${number(values.at(-1))} at ${hour(end)}`;
  return h("figure", { class: "line" },
    h("figcaption", null, title, h("span", null, most === least ? number(most) : `${number(least)} to ${number(most)}`)),
    svg("svg", { viewBox: "0 0 300 40", preserveAspectRatio: "none", role: "img", "aria-label": label },
      svg("polyline", { points, "vector-effect": "non-scaling-stroke" })),
    h("p", { class: "axis" }, h("span", null, hour(begin)), h("span", null, hour(end))));
}
