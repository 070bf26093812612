-- Notes that a record is gone, and forgets such notes that are older than any entry.
-- KEYS: when records were last gone (sorted set of ids by time). ARGV: how long that is kept, the id.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZADD', KEYS[1], string.format('%.0f', now), ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now - ARGV[1]))
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -100001)
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 1
