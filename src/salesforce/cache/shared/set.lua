-- Remembers records that a lookup has found. No records: what was known of the key is forgotten.
-- KEYS: the entries. ARGV: how long they are kept, how long ago the lookup began, then the records of each entry.
local time = redis.call('TIME')
local asked = time[1] * 1000 + math.floor(time[2] / 1000) - ARGV[2]
local begin = '1\n' .. string.format('%.0f', asked) .. '\n'
for i = 1, #KEYS do
  local rows = ARGV[i + 2]
  if rows == '' then
    redis.call('DEL', KEYS[i])
  else
    redis.call('SET', KEYS[i], begin .. rows, 'PX', ARGV[1])
  end
end
return #KEYS
