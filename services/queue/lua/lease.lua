-- parts: layout records lanes gates hand_out
-- Hands out deliveries. ARGV: tag, keep, most to move in one call, change to publish for a lease that ran out,
-- change for a delivery that is set aside, 1 to look for what has expired, then as in enqueue.lua: credits,
-- express, lowest class, floor, lease id prefix, lease time (ms), largest content that comes along.
-- Returns: now, the time (ms) until something changes by itself (-1: never), the highest class that still
-- waits, and the deliveries as hand_out gives them. O(deliveries moved or handed out).
local keep, most = ARGV[2], tonumber(ARGV[3])
local lost_change, aside_change = ARGV[4], ARGV[5]
local now = now_ms()
write_although_full()

-- What has become due is ready.
local due = redis.call('ZRANGEBYSCORE', due_key, '-inf', now, 'LIMIT', 0, most)
fetch(due)
for _, delivery in ipairs(due) do
  redis.call('ZREM', due_key, delivery)
  local d = load(delivery)
  if d then
    if d[EXPIRES] <= now then make_expired(delivery, d) else make_ready(delivery, d) end
    save(delivery, d)
  end
end

-- A lease that ran out: its worker died or lost us, and nobody knows how far it came.
for _, delivery in ipairs(redis.call('ZRANGEBYSCORE', lease_key, '-inf', now, 'LIMIT', 0, most)) do
  local d, m = load(delivery)
  local _, uses = lease_of(delivery)
  end_lease(delivery)
  give_up(uses or {}, now, 0)
  if redis.call('GET', suspect_key) == delivery then redis.call('DEL', suspect_key) end
  if d then
    d[USES] = {}
    d[ATTEMPTS], d[KILLS] = d[ATTEMPTS] + 1, d[KILLS] + 1
    publish(keep, m[ENVELOPE] .. d[PART] .. lost_change)
    if come_back(delivery, d, now) then publish(keep, m[ENVELOPE] .. d[PART] .. aside_change) end
    save(delivery, d)
  end
end
write_ended()

-- Expiry in every place (SPEC Q3): by the deadlines, and by the heads of the lanes, which are in order.
if ARGV[6] == '1' then
  redis.call('SET', asked_key, now)
  forget_rates(now, most_arguments)
  for _, delivery in ipairs(redis.call('ZRANGEBYSCORE', deadline_key, '-inf', now, 'LIMIT', 0, most)) do
    local d = load(delivery)
    if not d or d[PLACE] == 'expired' then
      redis.call('ZREM', deadline_key, delivery)
    elseif d[PLACE] == 'leased' then
      redis.call('ZADD', deadline_key, now + 10000, delivery)
    else
      leave_place(delivery, d)
      make_expired(delivery, d)
      save(delivery, d)
    end
  end
  for class = 1, 5 do
    for _ = 1, most do
      local lane = redis.call('ZRANGEBYSCORE', heads_key(class), '-inf', now, 'LIMIT', 0, 1)[1]
      if not lane then break end
      local delivery, d = look_at_head(class, lane)
      if delivery and d[EXPIRES] <= now then
        redis.call('LPOP', lane_key(class, lane))
        leave_place(delivery, d)
        make_expired(delivery, d)
        save(delivery, d)
      end
    end
  end
end

local out = hand_out(now, want_of_args(), {})
write_gates()
write_rest()
local highest, wait = outlook(now)
return { now, wait, highest, out }
