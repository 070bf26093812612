-- How long ago the records of each entry were asked for, and the records, unless one of them was reported to be gone since they were asked for.
-- KEYS: when records were last gone (sorted set of ids by time), then the entries.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local gone = redis.call('EXISTS', KEYS[1]) == 1
local found = {}
for i = 2, #KEYS do
  local value = redis.pcall('GET', KEYS[i])
  local asked, rows
  if type(value) == 'string' then
    asked, rows = string.match(value, '^1\n(%d+)\n(.*)$')
  end
  if rows and gone then
    for id in string.gmatch(rows, '([^,\n]+)[^\n]*') do
      local at = redis.call('ZSCORE', KEYS[1], string.sub(id, 1, 15))
      if at and tonumber(at) >= tonumber(asked) then
        rows = nil
        break
      end
    end
  end
  found[i - 1] = rows and (string.format('%.0f', now - asked) .. '\n' .. rows) or false
end
return found
