-- parts: layout records
-- What is to be removed from the second store. ARGV: tag, how long an announcement stands (ms), how long content stays
-- when it is gone (ms), most to look at. Returns names, as in gone:{p}. O(most).
local stands, stays, most = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local now = now_ms()
-- Announced, and no message came: from now on none can.
local old = redis.call('ZRANGEBYSCORE', announced_key, '-inf', now - stands, 'WITHSCORES', 'LIMIT', 0, most)
for k = 1, #old, 2 do
  redis.call('ZREM', announced_key, old[k])
  discard(old[k], old[k + 1])
end
return redis.call('ZRANGEBYSCORE', gone_key, '-inf', now - stays, 'LIMIT', 0, most)
