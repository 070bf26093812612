-- The entry of a create under way is a text of eight words:
--   1 the version of the format
--   2 its state: T told, F found, H held (a lease), C created, U unsure; in every version, H is a lease
--   3 until when, in ms of the store's clock: the end of its window, or of the lease
--   4 the token of the lease
--   5 the digest of the job that was told
--   6 since when it is found, created or unsure; for a lease, whether the record must be looked up (1)
--   7 the object of the record that was created, and 8 its id
-- A word that does not apply is -, or 0 for a time. An entry of another version does not count, unless it is a lease: that holds
-- until it expires (state X).
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function read(name)
  local text = redis.call('GET', name)
  if not text then
    return nil
  end
  local state, till, token, told, since, object, id =
    string.match(text, '^1 ([TFHCU]) (%d+) (%S+) (%S+) (%d+) (%S+) (%S+)$')
  if state then
    return {
      state = state, till = tonumber(till), token = token, told = told,
      since = tonumber(since), object = object, id = id,
    }
  end
  if string.match(text, '^%d+ H ') then
    return { state = 'X', till = now + redis.call('PTTL', name), told = '-' }
  end
  return nil
end

local function write(name, entry, keep)
  local text = string.format('1 %s %.0f %s %s %.0f %s %s', entry.state, entry.till, entry.token or '-',
    entry.told or '-', entry.since or 0, entry.object or '-', entry.id or '-')
  redis.call('SET', name, text, 'PX', math.max(1, keep))
end

-- Whether somebody else is creating the record.
local function is_held(entry, token)
  return entry.state == 'X' or entry.state == 'H' and entry.token ~= token and entry.till > now
end

