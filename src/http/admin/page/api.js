// Asks the admin address. A browser that has been asked for the token sends it along by itself (Basic).

// A path of this address. Where the address of the page names the token, a browser takes no path relative to it.
const here = (path) => location.origin + path;

// The JSON that a path answers. Whatever else comes is thrown in words for a person, with the status if there is one.
async function ask(path, options) {
  let answer;
  let text;
  try {
    answer = await fetch(here(path), options);
    text = await answer.text();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error("The service does not answer at this address. See whether it still runs.");
  }
  if (answer.ok) return parsed(text);
  throw Object.assign(new Error(told(answer, text)), { status: answer.status });
}

function told(answer, text) {
  if (answer.status === 401) return "The service asks for another token than before: load the page again.";
  try {
    const { error } = JSON.parse(text);
    if (typeof error === "string") return capitalised(error);
  } catch {
    // A proxy in between does not answer in JSON; its status is said.
  }
  return `The service answered ${answer.status}.`;
}

// Does something now and then every so many milliseconds, while `isWanted` and while the page can be seen.
function every(milliseconds, isWanted, act) {
  const run = () => {
    if (isWanted() && document.visibilityState === "visible") act();
  };
  setInterval(run, milliseconds);
  document.addEventListener("visibilitychange", run);
  return run;
}
