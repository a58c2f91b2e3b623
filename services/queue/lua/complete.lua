-- parts: layout records lanes gates create
-- Ends leases. ARGV: tag, keep, channel to wake, waker, budget of class-1 messages a minute, event part beyond
-- it, number of completions, and for each: delivery, lease id, what becomes of it ('done', 'retry', 'back',
-- 'aside'), wait (ms), event part of what is left, recipients left, number of changes and each change to
-- publish, 0 or 1 bounces and the bounce as create_message wants it.
-- Returns the leases that were lost before, and those the content of whose bounce is not there any more: nothing
-- was changed for their deliveries, and their bounce was not queued; and, when something is left to do, the highest class that waits and the time (ms) until something
-- changes by itself (-1: never). O(completions).
local keep = ARGV[2]
local now = now_ms()
write_although_full()
local lost = {}
local work_is_left = false

-- Where each completion begins, and its end: where its bounce does, or would.
local begins, bounces, deliveries = {}, {}, {}
local from = 8
for k = 1, tonumber(ARGV[7]) do
  local bounce = from + 8 + tonumber(ARGV[from + 6])
  begins[k], bounces[k], deliveries[k] = from, bounce, ARGV[from]
  from = ARGV[bounce - 1] == '1' and behind_message(bounce) or bounce
end
fetch(deliveries)

for k, i in ipairs(begins) do
  local delivery, lease, fate = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  local wait, left, recipients = tonumber(ARGV[i + 3]), ARGV[i + 4], tonumber(ARGV[i + 5])
  local bounce = bounces[k]
  local has_bounce = ARGV[bounce - 1] == '1'

  local d, m = load(delivery)
  if not d or d[LEASE] ~= lease or (has_bounce and not has_content(bounce)) then
    lost[#lost + 1] = lease
  else
    end_lease(delivery)
    local may_open = give_up(d[USES], now, fate == 'back' and d[RECIPIENTS] or 0)
    work_is_left = work_is_left or has_bounce or fate ~= 'done' or may_open
    d[USES] = {}
    if d[KILLS] > 0 and redis.call('GET', suspect_key) == delivery then redis.call('DEL', suspect_key) end
    for change = i + 7, bounce - 2 do publish(keep, m[ENVELOPE] .. ARGV[change]) end
    if has_bounce then create_message(bounce, now, keep, tonumber(ARGV[5]), ARGV[6]) end
    if fate == 'done' then
      finish(delivery, d, m)
    else
      if fate == 'retry' then
        d[ATTEMPTS], d[KILLS], d[RECIPIENTS] = d[ATTEMPTS] + 1, 0, recipients
        d[PART] = left .. (d[REROUTED] or '')
        make_due(delivery, d, math.min(now + wait, d[EXPIRES]))
      elseif fate == 'back' then
        come_back(delivery, d, now)
      else
        put_by('aside', delivery, d, now)
      end
      save(delivery, d)
    end
  end
end
write_gates()
write_rest()
if not work_is_left then return { lost } end
local highest, wait = outlook(now)
tell(highest, wait)
return { lost, highest, wait }
