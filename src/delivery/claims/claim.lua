-- Claims parts of jobs: 0 is claimed now, 1 was written, 2 is claimed by another process.
-- KEYS: the parts. ARGV: the process, the number of the claim, how long it lasts.
-- A value begins with the format's version and the state, which means the same in every version: c is claimed, w was written. A part in
-- an unknown state is left to whoever has put it there.
local mine = '1c' .. ARGV[1] .. ':'
local states = {}
for i = 1, #KEYS do
  -- An error is a table.
  local value = redis.pcall('GET', KEYS[i])
  if type(value) == 'table' then
    if not string.find(value.err, 'WRONGTYPE', 1, true) then
      return value
    end
    -- Another version keeps something else there.
    states[i] = 2
  elseif value and string.sub(value, 2, 2) == 'w' then
    states[i] = 1
  elseif value and string.sub(value, 1, #mine) ~= mine then
    states[i] = 2
  else
    redis.call('SET', KEYS[i], mine .. ARGV[2], 'PX', ARGV[3])
    states[i] = 0
  end
end
return states
