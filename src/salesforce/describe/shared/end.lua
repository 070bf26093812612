-- Ends the reading of a description.
--
-- KEYS: the description.
-- ARGV: 1 the name of the reading; 2 how it ended ('whole', 'unchanged', 'failed', 'expired'); 3 how long ago it began, in
-- milliseconds; 4 after 'whole' the date, after 'unchanged' when the description was read, in the store's time; 5 the description.
-- Answers with when the description was read, or nothing if the entry is of another version.
local VERSION, KEPT = '1', 24 * 60 * 60 * 1000

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local began = string.format('%.0f', now - tonumber(ARGV[3]))

local version = redis.pcall('HGET', KEYS[1], 'version')
if version and (version.err or version ~= VERSION) then return false end
local function set(...)
  redis.call('HSET', KEYS[1], 'version', VERSION, ...)
  redis.call('PEXPIRE', KEYS[1], KEPT)
end

if redis.call('HGET', KEYS[1], 'reader') == ARGV[1] then redis.call('HDEL', KEYS[1], 'reader', 'until') end
if ARGV[2] == 'whole' then
  set('read', began, 'confirmed', began, 'modified', ARGV[4], 'table', ARGV[5])
  redis.call('HDEL', KEYS[1], 'failed')
elseif ARGV[2] == 'unchanged' then
  if redis.call('HGET', KEYS[1], 'read') == ARGV[4] then set('confirmed', began) end
  redis.call('HDEL', KEYS[1], 'failed')
elseif ARGV[2] == 'failed' then
  set('failed', string.format('%.0f', now))
end
return tonumber(began)
