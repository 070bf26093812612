// JSON that keeps the digits of its numbers: 12345678901234567890 must not be shown or copied as 12345678901234567000.

const KEEPS_DIGITS = typeof JSON.rawJSON === "function";

const parsed = (text) => JSON.parse(text, KEEPS_DIGITS ? exact : undefined);

const exact = (_, value, { source }) =>
  typeof value === "number" && String(value) !== source ? JSON.rawJSON(source) : value;

const printed = (value, indent) => JSON.stringify(value, null, indent);

// A value on one line.
const inline = (value) => (typeof value === "string" ? value : printed(value) ?? "");
