-- Ends creates. KEYS: the entries. ARGV: how long an end is remembered, and for each entry the token of its lease and how it has
-- ended: failed, unsure, or created with the object and the id. Answers for each with 1.
--
-- That a record was created is true whoever holds the lease by now, and whether or not the store has lost it.
local rest = tonumber(ARGV[1])
local answers = {}
for place, name in ipairs(KEYS) do
  local token, ending, object, id = string.match(ARGV[place + 1], '^(%S+) (%a+) ?(%S*) ?(%S*)$')
  local entry = read(name)
  local state = entry and entry.state
  local is_ours = state == 'H' and entry.token == token
  if ending == 'created' then
    if state ~= 'C' and state ~= 'X' then
      write(name, {
        state = 'C', till = now + rest, told = entry and entry.told, since = now, object = object, id = id,
      }, rest)
    end
  elseif ending == 'unsure' then
    if is_ours or not state then
      write(name, { state = 'U', till = now + rest, told = entry and entry.told, since = now }, rest)
    end
  elseif is_ours then
    redis.call('DEL', name)
  end
  answers[place] = '1'
end
return answers
