// Numbers, times and texts as people read them.

const NUMBER = new Intl.NumberFormat("en-US");
const CLOCK = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const HOUR = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });

const number = (value) => (typeof value === "number" ? NUMBER.format(value).replace("-", "−") : "–");
const plural = (count, one, many = `${one}s`) => `${number(count)} ${count === 1 ? one : many}`;
const clock = (time) => CLOCK.format(new Date(time));
const hour = (time) => HOUR.format(new Date(time));

// A moment as <time>, whose title has the whole of it. One of another day says which.
const moment = (time) => h("time", { datetime: time, title: time }, isOfToday(time) ? "" : `${DAY.format(new Date(time))} `, clock(time));
const isOfToday = (time) => new Date(time).toDateString() === new Date().toDateString();

// How long ago, in the largest unit.
function ago(seconds) {
  if (seconds < 90) return `${Math.round(seconds)} s ago`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min ago`;
  if (seconds < 129600) return `${Math.round(seconds / 3600)} h ago`;
  return `${Math.round(seconds / 86400)} days ago`;
}

// The beginning of a long text, without half a character at its end.
const shortened = (text) => (text.length > 160 ? `${/^[^]{0,120}/u.exec(text)[0]}… (${number(text.length)} characters)` : text);

const capitalised = (text) => text.charAt(0).toUpperCase() + text.slice(1);
