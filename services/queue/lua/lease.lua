-- Hands out deliveries. ARGV: tag, keep, credits, lease time (ms), lease id prefix, largest content
-- that comes along, change to publish for a lease that ran out, most to move in one call.
-- Returns: now, the next moment at which something changes by itself (0: none), highest class that
-- still waits, and for each delivery: id, lease id, class, attempts, its event part, the message's event
-- part, content size, accepted, expires, content (empty: too large).
-- O(deliveries moved or handed out).
local keep, credits, lease_time = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local prefix, largest, lost_change, most = ARGV[5], tonumber(ARGV[6]), ARGV[7], tonumber(ARGV[8])
local now = now_ms()

-- What has become due is ready.
local due = redis.call('ZRANGEBYSCORE', due_key, '-inf', now, 'LIMIT', 0, most)
for _, delivery in ipairs(due) do
  redis.call('ZREM', due_key, delivery)
  local d = redis.call('HMGET', dlv_key(delivery), 'l', 'c')
  make_ready(d[2], d[1], delivery)
end

-- A lease that ran out: its worker died or lost us, and nobody knows how far it came.
local lost = redis.call('ZRANGEBYSCORE', lease_key, '-inf', now, 'LIMIT', 0, most)
for _, delivery in ipairs(lost) do
  redis.call('ZREM', lease_key, delivery)
  local d = redis.call('HMGET', dlv_key(delivery), 'l', 'c', 'e')
  redis.call('HDEL', dlv_key(delivery), 'i')
  redis.call('HINCRBY', dlv_key(delivery), 'a', 1)
  make_ready(d[2], d[1], delivery)
  publish(keep, redis.call('HGET', msg_key(message_of(delivery)), 'e') .. d[3] .. lost_change)
end

-- The highest class first; inside a class one delivery from each lane by turn.
local taken = {}
for class = 1, 5 do
  local turn = turn_key(class)
  while #taken < credits do
    local lane = redis.call('LPOP', turn)
    if not lane then break end
    local key = lane_key(class, lane)
    local alone = redis.call('EXISTS', turn) == 0
    for _, delivery in ipairs(redis.call('LPOP', key, alone and credits - #taken or 1)) do
      taken[#taken + 1] = delivery
    end
    if redis.call('EXISTS', key) == 1 then redis.call('RPUSH', turn, lane) end
  end
  if #taken == credits then break end
end

local out, leases = {}, {}
for k, delivery in ipairs(taken) do
  local id = message_of(delivery)
  local lease = prefix .. k
  local d = redis.call('HMGET', dlv_key(delivery), 'c', 'a', 'e')
  local m = redis.call('HMGET', msg_key(id), 'e', 's', 't', 'x')
  local content = ''
  if tonumber(m[2]) <= largest then content = redis.call('GET', content_key(id)) end
  redis.call('HSET', dlv_key(delivery), 'i', lease)
  leases[#leases + 1] = now + lease_time
  leases[#leases + 1] = delivery
  out[k] = { delivery, lease, d[1], d[2], d[3], m[1], m[2], m[3], m[4], content }
end
if #leases > 0 then redis.call('ZADD', lease_key, unpack(leases)) end

local next_change = 0
for _, key in ipairs({ due_key, lease_key }) do
  local first = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')
  if first[2] then
    local at = tonumber(first[2])
    if next_change == 0 or at < next_change then next_change = at end
  end
end
return { now, next_change, highest_waiting(), out }
