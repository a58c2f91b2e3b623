-- parts: layout records lanes gates
-- Opens and closes gates. ARGV: tag, keep, channel to wake, waker, action, scope, text, event to publish (empty: none).
--   hold      the scope waits until it is released; text: since (ms, 0: now), space, why
--   release   no longer; returns 0 when it was not held
--   throttle  text holds the limits; empty: none any more. Who waits is looked at again
-- O(lanes that waited).
local action, scope, text = ARGV[5], ARGV[6], ARGV[7]
local now = now_ms()
local changed = 1
write_although_full()
if action == 'hold' then
  local since, why = string.match(text, '^(%d+) (.*)$')
  redis.call('HSET', hold_key, scope, string.format('%.0f', since == '0' and now or since) .. ' ' .. why)
elseif action == 'release' then
  changed = redis.call('HDEL', hold_key, scope)
  local classes, released = classes_that_wait(), { {}, {}, {}, {}, {} }
  release(scope, math.huge, classes, released)
  for _, class in ipairs(classes) do activate(class, released[class]) end
  write_gates()
else
  if text == '' then
    changed = redis.call('HDEL', throttle_key, scope)
  else
    redis.call('HSET', throttle_key, scope, text)
  end
  for _, waiting in ipairs(redis.call('ZRANGE', gates_key, 0, -1)) do
    redis.call('ZADD', gates_key, now, waiting)
  end
end
if changed == 1 and ARGV[8] ~= '' then publish(ARGV[2], ARGV[8]) end
tell(outlook(now))
return changed
