-- parts: layout records
-- Keeps leases. ARGV: tag, lease time (ms), then delivery and lease id in turn. Returns the highest
-- class that waits and the leases that were lost before. O(leases).
local until_ms = now_ms() + tonumber(ARGV[2])
local lost = {}
write_although_full()
for i = 3, #ARGV, 2 do
  local delivery, lease = ARGV[i], ARGV[i + 1]
  if lease_of(delivery) == lease then
    redis.call('ZADD', lease_key, until_ms, delivery)
  else
    lost[#lost + 1] = lease
  end
end
return { highest_waiting(), lost }
