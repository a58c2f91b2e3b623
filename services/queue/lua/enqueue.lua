-- Queues messages. ARGV: tag, keep, channel to wake, waker, number of messages, and each as
-- create_message wants it. O(messages and their deliveries).
local keep, count = ARGV[2], tonumber(ARGV[5])
local now = now_ms()
local i = 6
for _ = 1, count do i = create_message(i, now, keep) end
redis.call('PUBLISH', ARGV[3], ARGV[4])
return count
