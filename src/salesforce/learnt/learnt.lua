-- What replicas have learnt about one org: adds the lessons of one of them, and answers with those that it does not have.
--
-- KEYS: the org's lessons.
-- ARGV: 1 the replica; 2 the id of the last lesson that it has; 3, 4, … how long ago it has learnt a new lesson, in milliseconds,
-- and the lesson.
-- Answers with a list: for each lesson its id, its age in milliseconds, the replica that has learnt it, and the lesson.
local KEPT, MOST, AT_ONCE = 24 * 60 * 60 * 1000, 5000, 2000

local kind = redis.call('TYPE', KEYS[1]).ok
if kind ~= 'none' and kind ~= 'stream' then return {} end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
for index = 3, #ARGV, 2 do
  local at = string.format('%.0f', now - tonumber(ARGV[index]))
  redis.call('XADD', KEYS[1], 'MAXLEN', '~', MOST, '*', 'replica', ARGV[1], 'at', at, 'lesson', ARGV[index + 1])
end
if #ARGV > 2 then redis.call('PEXPIRE', KEYS[1], KEPT) end

local read = redis.call('XREAD', 'COUNT', AT_ONCE, 'STREAMS', KEYS[1], ARGV[2])
local answer = {}
if read then
  for _, entry in ipairs(read[1][2]) do
    local of = {}
    for index = 1, #entry[2], 2 do of[entry[2][index]] = entry[2][index + 1] end
    answer[#answer + 1] = entry[1]
    answer[#answer + 1] = of.at and math.max(0, now - tonumber(of.at)) or 0
    answer[#answer + 1] = of.replica or ''
    answer[#answer + 1] = of.lesson or ''
  end
end
return answer
