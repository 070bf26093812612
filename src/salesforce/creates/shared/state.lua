-- The state of each entry in KEYS; - if there is none. A lease that has expired is U.
local answers = {}
for place, name in ipairs(KEYS) do
  local entry = read(name)
  local state = entry and entry.state or '-'
  if state == 'X' then
    state = 'H'
  elseif state == 'H' and not is_held(entry, '-') then
    state = 'U'
  end
  answers[place] = state
end
return answers
