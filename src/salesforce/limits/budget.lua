-- The API calls of one org, as all replicas know them: counts the calls that a replica tells of, keeps the latest report of
-- Salesforce, and decides about a call. `exchange.rs` says what the numbers mean.
--
-- KEYS: the org's budget.
-- ARGV: 1 whether a call is wanted; 2 the replica; 3 its calls in flight; 4 how long a call may take; 5 its epoch; 6 its calls;
-- 7 the reserve ('10%', '5000', or '' for none); 8 the age at which a report is probed. If it has a report: 9 used; 10 allowed;
-- 11, 12 number and included in its epoch; 13, 14 the same in any other one; 15 the age; 16 the age of its call.
-- All times are milliseconds.
local VERSION, KEPT = '1', 24 * 60 * 60 * 1000

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local arg = function(index) return tonumber(ARGV[index]) end

local org, entries = {}, redis.pcall('HGETALL', KEYS[1])
if entries.err then return false end
for index = 1, #entries, 2 do org[entries[index]] = entries[index + 1] end
if org.version and org.version ~= VERSION then return false end

local epoch = tonumber(org.epoch) or (time[1] * 1000000 + time[2])
local calls = (tonumber(org.calls) or 0) + arg(6)
local is_known = arg(5) == epoch
local probed = tonumber(org.probed)

local function used(report)
  return report.used + math.max(0, calls - report.included)
end

-- As `QuotaReport::and`.
local function both(one, other)
  local earlier, later = one, other
  if one.sent > other.sent or (one.sent == other.sent and one.number > other.number) then
    earlier, later = other, one
  end
  if earlier.at > later.sent then
    local surplus = math.max(0, used(later) - used(earlier))
    later.included = math.min(later.number, later.included + surplus)
  end
  return later
end

local report
if org.used then
  report = {}
  for _, name in ipairs({'used', 'allowed', 'number', 'included', 'at', 'sent'}) do
    report[name] = tonumber(org[name])
  end
end
if ARGV[9] then
  local place = is_known and 11 or 13
  local told = {
    used = arg(9), allowed = arg(10), number = arg(place), included = arg(place + 1),
    at = now - arg(15), sent = now - arg(16),
  }
  report = report and both(report, told) or told
end

-- The calls in flight of the other replicas. A replica that has ended does not say so.
local others = 0
for name, value in pairs(org) do
  if name:sub(1, 10) == 'in_flight:' then
    local count, at = value:match('^(%d+) (%d+)$')
    if not count or tonumber(at) + arg(4) <= now then
      redis.call('HDEL', KEYS[1], name)
    elseif name ~= 'in_flight:' .. ARGV[2] then
      others = others + tonumber(count)
    end
  end
end

local function reserve_of(allowed)
  local percent = ARGV[7]:match('^(%d+)%%$')
  if percent then return math.floor(allowed * tonumber(percent) / 100) end
  return math.min(tonumber(ARGV[7]), allowed)
end

local verdict, detail, in_flight = 0, 0, arg(3)
if ARGV[1] == '1' then
  verdict = 1
  if report and ARGV[7] ~= '' then
    local reserve = reserve_of(report.allowed)
    if used(report) >= report.allowed - reserve then
      if now - math.max(report.at, probed or 0) >= arg(8) then
        probed = now
      else
        verdict, detail = 2, reserve
      end
    end
  end
end
if verdict == 1 then
  calls = calls + 1
  detail = calls - in_flight - others
  in_flight = in_flight + 1
end

local values = {}
local function set(name, value)
  values[#values + 1] = name
  values[#values + 1] = type(value) == 'number' and string.format('%.0f', value) or value
end
set('version', VERSION)
set('epoch', epoch)
set('calls', calls)
set('in_flight:' .. ARGV[2], string.format('%.0f %.0f', in_flight, now))
if probed then set('probed', probed) end
if report then for name, value in pairs(report) do set(name, value) end end
redis.call('HSET', KEYS[1], unpack(values))
redis.call('PEXPIRE', KEYS[1], KEPT)

local answer = {verdict, detail, epoch, calls, others, probed and now - probed or -1}
if report then
  for _, value in ipairs({
    report.used, report.allowed, report.number, report.included, now - report.at, now - report.sent,
  }) do answer[#answer + 1] = value end
end
return answer
