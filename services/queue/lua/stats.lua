-- parts: layout records lanes gates
-- How much waits. ARGV: tag. Returns: now, messages, due, leased, paused, aside, expired, suspects, when a worker
-- last asked (0: never), then for each class: ready, and when the oldest of them was accepted, about (0: none);
-- then holds by kind of scope (account, channel, destination, list, lane, all), and closed gates by the first
-- three; at last: messages with content in the second store, and what is announced for it or to be removed from
-- it. O(holds), whatever waits.
local now = now_ms()
local counts = {}
local all = redis.call('HGETALL', count_key)
for k = 1, #all, 2 do counts[all[k]] = tonumber(all[k + 1]) end
local out = { now, counts.m or 0, redis.call('ZCARD', due_key), redis.call('ZCARD', lease_key),
  redis.call('ZCARD', paused_key), redis.call('ZCARD', aside_key), redis.call('LLEN', expired_key),
  redis.call('LLEN', suspects_key), tonumber(redis.call('GET', asked_key) or 0) }
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
local held = {}
for _, scope in ipairs(redis.call('HKEYS', hold_key)) do
  local kind = kind_of(scope)
  held[kind] = (held[kind] or 0) + 1
end
for _, kind in ipairs({ 'account', 'channel', 'destination', 'list', 'lane', 'all' }) do
  out[#out + 1] = held[kind] or 0
end
for _, kind in ipairs({ 'account', 'channel', 'destination' }) do out[#out + 1] = counts['g:' .. kind] or 0 end
out[#out + 1] = counts.a or 0
out[#out + 1] = redis.call('ZCARD', announced_key) + redis.call('ZCARD', gone_key)
return out
