-- Extends a claim of parts that are still being written.
-- KEYS: the parts. ARGV: the process, the number of the claim, how long it lasts from now on.
local claim = '1c' .. ARGV[1] .. ':' .. ARGV[2]
for i = 1, #KEYS do
  if redis.pcall('GET', KEYS[i]) == claim then
    redis.call('PEXPIRE', KEYS[i], ARGV[3])
  end
end
return #KEYS
