-- parts: layout
-- Announces content for the second store. ARGV: tag, then message ids. Returns for each since when it is announced
-- (ms): longer than now when that was done before and no message has come of it. O(ids).
-- Its name there never comes twice, whatever the clock does.
local at = math.max(now_ms(), tonumber(redis.call('GET', named_key) or 0) + 1)
redis.call('SET', named_key, string.format('%.0f', at))
local members = {}
for k = 2, #ARGV do
  members[#members + 1], members[#members + 2] = at, ARGV[k]
end
redis.call('ZADD', announced_key, 'NX', unpack(members))
return redis.call('ZMSCORE', announced_key, unpack(ARGV, 2))
