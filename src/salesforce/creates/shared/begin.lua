-- Begins to create records. KEYS: the org's mark, and the entries. ARGV: the epoch that the caller knows (- for none), a new one,
-- whether the caller has been on its own since (1), the token, the length of a lease, how long its end is remembered, and for each
-- entry how long ago the caller began to look the record up (-1 if that is not known). Answers with the epoch, and for each entry:
-- begun, unsure (begun, but the record must be looked up), busy, or created with the object and the id.
--
-- The mark tells whether the store has lost entries. If it has, or if a replica has been on its own, creates may be under way, or
-- have ended, that no entry tells: for as long as a lease lasts, records are looked up first.
local known, new, alone, token = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local lease, rest = tonumber(ARGV[5]), tonumber(ARGV[6])

local mark = redis.call('GET', KEYS[1])
local epoch, doubt = string.match(mark or '', '^1 (%S+) (%d+)$')
doubt = tonumber(doubt or 0)
if alone == '1' or known ~= '-' and known ~= epoch then
  doubt = math.max(doubt, now + lease)
end
epoch = epoch or new
redis.call('SET', KEYS[1], string.format('1 %s %.0f', epoch, doubt), 'PX', 86400000)

local answers = { epoch }
for place = 2, #KEYS do
  local entry = read(KEYS[place]) or {}
  local age = tonumber(ARGV[place + 5])
  local is_newer = entry.state == 'C' and (age < 0 or entry.since >= now - age)
  if is_newer then
    answers[place] = 'created ' .. entry.object .. ' ' .. entry.id
  elseif entry.state and is_held(entry, token) then
    answers[place] = 'busy'
  else
    local is_again = entry.state == 'H' and entry.token == token
    local is_unsure = doubt > now or entry.state == 'U' or entry.state == 'H' and not is_again
      or is_again and entry.since == 1
    write(KEYS[place], {
      state = 'H', till = now + lease, token = token, told = entry.told, since = is_unsure and 1 or 0,
    }, lease + rest)
    answers[place] = is_unsure and 'unsure' or 'begun'
  end
end
return answers
