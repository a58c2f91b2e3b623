-- parts: layout records lanes gates
-- How much waits. ARGV: tag. Returns: now, messages, due, leased, paused, aside, expired, suspects, when a worker
-- last asked (0: never), then for each class: ready, and when the oldest of them was accepted, about (0: none);
-- then holds by kind of scope (account, channel, destination, list, lane, all), and closed gates by the first
-- three; at last: messages with content in the second store, and what is announced for it or to be removed from
-- it. O(holds and lanes that moved on, up to a limit), whatever waits.
local now = now_ms()

-- Heads that are looked at for the oldest of a class. Where more than so many lanes have moved on since, it is the
-- oldest of those, and the next call goes on.
local most_heads = 200

-- When the oldest of a class was accepted, by order of expiry, which is that of age but for lifetimes of their own; 0: none
-- is ready.
local function oldest_of(class)
  local oldest = 0
  for _ = 1, most_heads do
    local first = redis.call('ZRANGE', heads_key(class), 0, 0, 'WITHSCORES')
    local lane, at = first[1], tonumber(first[2])
    if not lane or at == math.huge then break end
    local delivery, d, m = look_at_head(class, lane)
    if delivery and (oldest == 0 or m[ACCEPTED] < oldest) then oldest = m[ACCEPTED] end
    if delivery and d[EXPIRES] <= at then break end
  end
  return oldest
end

local counts = {}
local all = redis.call('HGETALL', count_key)
for k = 1, #all, 2 do counts[all[k]] = tonumber(all[k + 1]) end
local out = { now, counts.m or 0, redis.call('ZCARD', due_key), redis.call('ZCARD', lease_key),
  redis.call('ZCARD', paused_key), redis.call('ZCARD', aside_key), redis.call('LLEN', expired_key),
  redis.call('LLEN', suspects_key), tonumber(redis.call('GET', asked_key) or 0) }
for class = 1, 5 do
  out[#out + 1] = counts['r' .. class] or 0
  out[#out + 1] = oldest_of(class)
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
