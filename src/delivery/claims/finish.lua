-- Remembers the parts that were written, and gives up the claims of the others.
-- KEYS: the parts. ARGV: how long to remember them, the process, then for each part the number of its claim, or nothing if it was written.
for i = 1, #KEYS do
  local number = ARGV[i + 2]
  if number == '' then
    redis.call('SET', KEYS[i], '1w', 'PX', ARGV[1])
  elseif redis.pcall('GET', KEYS[i]) == '1c' .. ARGV[2] .. ':' .. number then
    redis.call('DEL', KEYS[i])
  end
end
return #KEYS
