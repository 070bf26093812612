// A request as curl. The token is a variable of the shell, so that no text with a token is ever copied.

// A text that a POSIX shell takes as it is, whatever it contains.
const quoted = (text) => `'${text.replaceAll("'", `'\\''`)}'`;

function curl({ method, url, headers, body }) {
  // curl reads brackets and braces of a URL as patterns.
  const plain = /[[\]{}]/.test(url) ? " --globoff" : "";
  const lines = [`curl${plain} -X ${method} ${quoted(url)}`, `-H "Authorization: Bearer $SF_TOKEN"`];
  for (const [name, value] of Object.entries(headers)) lines.push(`-H ${quoted(`${name}: ${value}`)}`);
  // Unlike -d, --data-raw takes a leading @ as it is.
  if (body !== null && body !== undefined) lines.push(`--data-raw ${quoted(printed(body))}`);
  return lines.join(" \\\n  ");
}

function copyButton(text, source, attributes) {
  const said = h("span", { role: "status", class: "hint" });
  const click = async () => {
    said.textContent = (await copied(text, source)) ? "Copied" : "Selected: press Ctrl+C";
  };
  return [h("button", { ...attributes, type: "button", click }, "Copy"), said];
}

// Browsers give the clipboard to https and loopback only. Elsewhere the text is selected for the person to copy.
async function copied(text, source) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    getSelection().selectAllChildren(source);
    return false;
  }
}
