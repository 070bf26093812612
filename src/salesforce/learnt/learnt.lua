-- What replicas have learnt about one org: adds the lessons of one of them, and answers with those that it does not have.
--
-- KEYS: the org's lessons.
-- ARGV: 1 the replica; 2 the id of the last lesson that it has; 3… its own new lessons.
-- Answers with a list: for each lesson its id, its age in milliseconds, the replica that has learnt it, and the lesson.
local KEPT, MOST, AT_ONCE = 24 * 60 * 60 * 1000, 5000, 2000

local kind = redis.call('TYPE', KEYS[1]).ok
if kind ~= 'none' and kind ~= 'stream' then return {} end
for index = 3, #ARGV do
  redis.call('XADD', KEYS[1], 'MAXLEN', '~', MOST, '*', ARGV[1], ARGV[index])
end
if #ARGV > 2 then redis.call('PEXPIRE', KEYS[1], KEPT) end

local read = redis.call('XREAD', 'COUNT', AT_ONCE, 'STREAMS', KEYS[1], ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local answer = {}
if read then
  for _, entry in ipairs(read[1][2]) do
    local id, fields = entry[1], entry[2]
    answer[#answer + 1] = id
    answer[#answer + 1] = math.max(0, now - tonumber(id:match('^%d+')))
    answer[#answer + 1] = fields[1]
    answer[#answer + 1] = fields[2]
  end
end
return answer
