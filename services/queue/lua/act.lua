-- parts: layout records lanes gates
-- What operators do to deliveries (SPEC Q5). ARGV: tag, keep, channel to wake, waker, action (pause, resume,
-- send_now, cancel, expire, reroute), why (may be empty), the change to publish for each, for reroute the new channel
-- and the event part that says so, then deliveries. Deliveries in a worker's hands and those that are expired are left
-- alone, and so is what the action does not fit. Returns those that were changed. O(deliveries).
local keep, action, why, change, channel, rerouted = ARGV[2], ARGV[5], ARGV[6], ARGV[7], ARGV[8], ARGV[9]
local now = now_ms()
write_although_full()

-- Whether the action fits a place.
local fits = {
  pause = { ready = true, due = true, suspect = true },
  resume = { paused = true, aside = true },
  send_now = { due = true, paused = true, aside = true },
  cancel = { ready = true, due = true, suspect = true, paused = true, aside = true },
  expire = { ready = true, due = true, suspect = true, paused = true, aside = true },
  reroute = { ready = true, due = true, suspect = true, paused = true, aside = true },
}

-- Another channel is another lane. Only what stands in a lane has to move.
local function reroute(delivery, d)
  if d[PLACE] == 'ready' then leave_place(delivery, d) end
  d[LANE] = string.gsub(d[LANE], '^([^/]*/[^/]*/)[^/]*', function(front) return front .. channel end)
  d[MESSAGE] = d[MESSAGE] or false  -- an array has no holes
  d[PART], d[REROUTED] = d[PART] .. rerouted, rerouted
  if d[PLACE] == 'ready' then come_back(delivery, d, now) end
end

local changed = {}
for k = 10, #ARGV do
  local delivery = ARGV[k]
  local d, m = load(delivery)
  if d and fits[action][d[PLACE]] then
    publish(keep, m[ENVELOPE] .. d[PART] .. change)
    if action ~= 'reroute' then leave_place(delivery, d) end
    if action == 'reroute' then
      reroute(delivery, d)
    elseif action == 'pause' then
      put_by('paused', delivery, d, now)
      if why ~= '' then redis.call('HSET', why_key, delivery, why) end
    elseif action == 'cancel' then
      finish(delivery, d, m)
    elseif action == 'expire' then
      d[EXPIRES] = now
      make_expired(delivery, d)
    else
      d[KILLS] = 0
      if action == 'resume' and d[DUE] > now then
        make_due(delivery, d, d[DUE])
      else
        redis.call('ZADD', deadline_key, d[EXPIRES], delivery)
        make_ready(delivery, d)
      end
    end
    if action ~= 'cancel' then save(delivery, d) end
    changed[#changed + 1] = delivery
  end
end
write_rest()
if #changed > 0 then tell(outlook(now)) end
return changed
