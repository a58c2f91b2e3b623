-- parts: layout records lanes gates create hand_out
-- Queues messages, and hands out to a worker that waits. ARGV: tag, keep, channel to wake, waker, budget of
-- class-1 messages a minute, event part beyond it, credits, express (both 0: nobody waits), lowest class, floor,
-- lease id prefix, lease time (ms), largest content that comes along, number of messages, and each as
-- create_message wants it.
-- Returns for each message the queued id (empty: refused, its content is not there) and its class; then as lease.lua.
-- O(messages, their deliveries, deliveries handed out).
local now = now_ms()
local queued, known = {}, {}
local i = 15
for k = 1, tonumber(ARGV[14]) do
  local id, class
  known[ARGV[i]] = true
  i, id, class = create_message(i, now, ARGV[2], tonumber(ARGV[5]), ARGV[6])
  queued[2 * k - 1], queued[2 * k] = id, class
end
local out = {}
if ARGV[7] ~= '0' or ARGV[8] ~= '0' then out = hand_out(now, want_of_args(), known) end
write_gates()
write_rest()
local highest, wait = outlook(now)
if highest > 0 then tell(highest, wait) end
return { queued, now, wait, highest, out }
