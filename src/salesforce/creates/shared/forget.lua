-- Forgets created records that are gone. KEYS: the entries. ARGV: the id of each record. Answers for each with 1.
local answers = {}
for place, name in ipairs(KEYS) do
  local entry = read(name)
  if entry and entry.state == 'C' and entry.id == ARGV[place] then
    redis.call('DEL', name)
  end
  answers[place] = '1'
end
return answers
