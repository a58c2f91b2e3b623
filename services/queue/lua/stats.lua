-- parts: layout records
-- How much waits. ARGV: tag. Returns: now, messages, due, leased, paused, aside, expired, suspects, closed gates,
-- holds, when a worker last asked (0: never), then for each class: ready, and when the oldest of them was
-- accepted, about (0: none). O(1).
local now = now_ms()
local counts = {}
local all = redis.call('HGETALL', count_key)
for k = 1, #all, 2 do counts[all[k]] = tonumber(all[k + 1]) end
local out = { now, counts.m or 0, redis.call('ZCARD', due_key), redis.call('ZCARD', lease_key),
  redis.call('ZCARD', paused_key), redis.call('ZCARD', aside_key), redis.call('LLEN', expired_key),
  redis.call('LLEN', suspects_key), redis.call('ZCARD', gates_key), redis.call('HLEN', hold_key),
  tonumber(redis.call('GET', asked_key) or 0) }
for class = 1, 5 do
  out[#out + 1] = counts['r' .. class] or 0
  local oldest = 0
  -- The lane whose first one expires first; lanes are in order.
  local lane = redis.call('ZRANGE', heads_key(class), 0, 0)[1]
  local delivery = lane and redis.call('LINDEX', lane_key(class, lane), 0)
  if delivery then
    local _, m = load(delivery)
    if m then oldest = m[ACCEPTED] end
  end
  out[#out + 1] = oldest
end
return out
