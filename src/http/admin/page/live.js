// Watches /events/live. The server counts what a slow watcher has lost; the page itself shows a sample of what comes too fast.

// How often the list changes at most, and by how many rows: about what a person can follow.
const PACE = 250;
const AT_ONCE = 10;

// How many events wait at most to be shown: a page in the background is not painted.
const MOST_WAITING = 1000;

class Watcher {
  #source = null;
  #waiting = [];
  #count = 0;
  #lost = 0;
  #timer = null;
  #retry = null;
  #delay = 2000;
  #on;

  // `on.shown` takes the events of one step (the oldest first), how many arrived, and how many were lost; `on.broken` learns why
  // nothing is watched, and `on.opened` that it is again.
  constructor(on) {
    this.#on = on;
  }

  begin(query) {
    this.end();
    const source = (this.#source = new EventSource(here(`/events/live?${query}`)));
    source.addEventListener("open", () => {
      this.#delay = 2000;
      this.#on.opened();
    });
    source.addEventListener("event", ({ data }) => this.#arrived(data));
    source.addEventListener("lost", ({ data }) => this.#hasLost(JSON.parse(data).lost));
    source.addEventListener("error", () => this.#broken(query));
  }

  end() {
    this.#source?.close();
    clearTimeout(this.#timer);
    clearTimeout(this.#retry);
    this.#source = this.#timer = null;
    this.#waiting = [];
    this.#count = this.#lost = 0;
  }

  // The text is kept unparsed: most of a flood is never shown.
  #arrived(data) {
    this.#count += 1;
    this.#waiting.push(data);
    if (this.#waiting.length > MOST_WAITING) this.#waiting.splice(0, MOST_WAITING / 2);
    this.#timer ??= setTimeout(() => requestAnimationFrame(() => this.#flush()), PACE);
  }

  #hasLost(count) {
    this.#lost += count;
    this.#timer ??= setTimeout(() => this.#flush(), PACE);
  }

  #flush() {
    this.#timer = null;
    const [events, count, lost] = [sample(this.#waiting), this.#count, this.#lost];
    this.#waiting = [];
    this.#count = this.#lost = 0;
    this.#on.shown(events.map((text) => parsed(text)), count, lost);
  }

  // A browser opens a broken connection again by itself, and names the last event that it has seen. It gives up for good where
  // the answer is an error.
  #broken(query) {
    if (this.#source?.readyState !== EventSource.CLOSED) {
      this.#on.broken("The connection is interrupted; what is missed follows.");
      return;
    }
    this.#on.broken(`The live list cannot be opened, perhaps because 16 watch already. It is tried again in ${this.#delay / 1000} s.`);
    this.#retry = setTimeout(() => this.begin(query), this.#delay);
    this.#delay = Math.min(2 * this.#delay, 30000);
  }
}

// At most AT_ONCE of a list, evenly, and the last one always.
function sample(list) {
  const stride = list.length / AT_ONCE;
  return stride <= 1 ? list : Array.from({ length: AT_ONCE }, (_, index) => list[Math.ceil((index + 1) * stride) - 1]);
}
