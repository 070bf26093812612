-- Prolongs leases. KEYS: the entries. ARGV: the length of a lease, how long its end is remembered, and the token of each entry.
-- Answers for each with 1, or with 0 if the caller no longer holds it.
local lease, rest = tonumber(ARGV[1]), tonumber(ARGV[2])
local answers = {}
for place, name in ipairs(KEYS) do
  local entry = read(name)
  local is_ours = entry and entry.state == 'H' and entry.token == ARGV[place + 2]
  if is_ours then
    entry.till = now + lease
    write(name, entry, lease + rest)
  end
  answers[place] = is_ours and '1' or '0'
end
return answers
