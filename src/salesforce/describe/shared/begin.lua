-- Begins to read the description of an object for one user, or answers with what another replica has read.
--
-- KEYS: the description.
-- ARGV: 1 a name of this reading; 2 how long it may take; 3 how long ago the description may have been confirmed, -1 if only by
-- this replica; 4 how long ago it may have been read; 5 how long nothing is read after a failure; 6 when the description was read
-- that the replica has, in the store's time, or 0. All times are milliseconds.
-- Answers with what to do ('alone', 'use', 'read', 'wait', 'failed'). After 'wait' follows for how long another replica may read.
-- After 'use' and, if there is a description, after 'read' follow: when it was read; how long ago; how long ago it was confirmed;
-- its date; and the description itself unless the replica has it.
local VERSION = '1'

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local arg = function(index) return tonumber(ARGV[index]) end

local names = {'version', 'read', 'confirmed', 'modified', 'failed', 'reader', 'until'}
local values = redis.pcall('HMGET', KEYS[1], unpack(names))
if values.err then return {'alone'} end
local of = {}
for index, name in ipairs(names) do of[name] = values[index] end
if of.version and of.version ~= VERSION then return {'alone'} end
local read, confirmed = tonumber(of.read or nil), tonumber(of.confirmed or nil)

local function answer(what)
  if not read or now - read > arg(4) then return {what} end
  local table = read ~= arg(6) and redis.call('HGET', KEYS[1], 'table') or ''
  return {what, read, now - read, now - confirmed, of.modified or '', table}
end

if read and now - read <= arg(4) and now - confirmed <= arg(3) then return answer('use') end
if of.failed and now - tonumber(of.failed) < math.min(arg(5), arg(4)) then return {'failed'} end
if of.reader and of.reader ~= ARGV[1] and tonumber(of['until']) > now then
  return {'wait', tonumber(of['until']) - now}
end
redis.call('HSET', KEYS[1], 'version', VERSION, 'reader', ARGV[1], 'until', string.format('%.0f', now + arg(2)))
if redis.call('PTTL', KEYS[1]) < arg(2) then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return answer('read')
