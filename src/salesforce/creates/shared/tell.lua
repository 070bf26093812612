-- Decides which job is told to create each record. KEYS: the entries. ARGV: the length of a window, how long ago the lookups began
-- that have not found the records, and for each entry the digests of its jobs in order, separated by commas (- for a job without a
-- name). Answers for each with the position of the job from 0, or -1 if somebody else was told, and for how long that holds.
local window, age = tonumber(ARGV[1]), tonumber(ARGV[2])

local function again(entry, jobs)
  local place = 0
  for job in string.gmatch(jobs, '[^,]+') do
    if job == entry.told and job ~= '-' then
      return place
    end
    place = place + 1
  end
  return -1
end

local answers = {}
for place, name in ipairs(KEYS) do
  local jobs = ARGV[place + 2]
  local entry = read(name)
  local told, left = 0, window
  if entry then
    left = math.max(0, entry.till - now)
    local is_vacant = entry.state == 'F' or entry.state == 'U' or entry.state == 'H' and not is_held(entry, '-')
    -- A lookup that began before the record was found, or before its create had ended somehow, may have missed it.
    local since = entry.state == 'H' and entry.till or entry.since
    if is_vacant and since >= now - age then
      told = -1
    else
      told = again(entry, jobs)
      if told < 0 and is_vacant then
        told, left, entry = 0, window, nil
      end
    end
  end
  if not entry then
    write(name, { state = 'T', till = now + window, told = string.match(jobs, '^[^,]+') }, window)
  end
  answers[place] = string.format('%d %.0f', told, left)
end
return answers
