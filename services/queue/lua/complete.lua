-- Ends leases. ARGV: tag, keep, channel to wake, waker, number of completions, and for each: delivery,
-- lease id, what becomes of it ('done', 'retry', 'back'), wait (ms), event part of what is left, number
-- of changes and each change to publish, 0 or 1 bounces and the bounce as create_message wants it.
-- Returns the deliveries whose lease was lost before: nothing was changed for these, and their bounce
-- was not queued. O(completions).
local keep, count = ARGV[2], tonumber(ARGV[5])
local now = now_ms()
local i = 6
local lost = {}
local wake = false

-- The index behind the message that begins at ARGV[from].
local function behind_message(from) return from + 9 + 2 * tonumber(ARGV[from + 8]) end

for _ = 1, count do
  local delivery, lease, fate = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  local wait, left, changes = tonumber(ARGV[i + 3]), ARGV[i + 4], tonumber(ARGV[i + 5])
  local first_change = i + 6
  local bounce = first_change + changes + 1
  i = bounce
  if ARGV[bounce - 1] == '1' then i = behind_message(bounce) end

  local key = dlv_key(delivery)
  local d = redis.call('HMGET', key, 'i', 'l', 'c')
  if d[1] ~= lease then
    lost[#lost + 1] = delivery
  else
    redis.call('ZREM', lease_key, delivery)
    local id = message_of(delivery)
    local m = redis.call('HMGET', msg_key(id), 'e', 'n', 'x')
    for k = first_change, first_change + changes - 1 do publish(keep, m[1] .. ARGV[k]) end
    if ARGV[bounce - 1] == '1' then
      create_message(bounce, now, keep)
      wake = true
    end
    if fate == 'done' then
      redis.call('DEL', key)
      if m[2] == '1' then
        redis.call('DEL', msg_key(id), content_key(id))
        redis.call('DECR', messages_key)
      else
        redis.call('HINCRBY', msg_key(id), 'n', -1)
      end
    elseif fate == 'retry' then
      redis.call('HDEL', key, 'i')
      redis.call('HINCRBY', key, 'a', 1)
      redis.call('HSET', key, 'e', left)
      redis.call('ZADD', due_key, math.min(now + wait, tonumber(m[3])), delivery)
      wake = true
    else
      redis.call('HDEL', key, 'i')
      make_ready(d[3], d[2], delivery)
      wake = true
    end
  end
end
if wake then redis.call('PUBLISH', ARGV[3], ARGV[4]) end
return lost
