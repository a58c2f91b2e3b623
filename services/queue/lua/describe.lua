-- parts: layout records lanes gates
-- What is known of deliveries, and why they are still here (SPEC Q6). ARGV: tag, then deliveries. Returns: now,
-- when a worker last asked (0: never), the highest class that may go (0: none), and for each delivery that is there: id, class, attempts, its event
-- part, the message's event part, accepted, expires, place, since or until when (0: unknown), lease id, kills,
-- lane, and, when it is ready: what it waits for, as reason and scope, until when (0: unknown), its place in
-- the lane from 0 (-1: not among the first 10,000; what has left it may still be counted), and why it is paused. Reasons: hold, throttle, class (the scope is the class
-- that goes first), turn. When it is due later or suspect, the hold that it meets then. O(deliveries) but for the place in the lane.
local now = now_ms()

-- The hold that the lane is under, as reason, scope and since when; without one the reason is empty.
local function hold_of(lane)
  local scope = holding(lane)
  if scope then return 'hold', scope, tonumber(string.match(redis.call('HGET', hold_key, scope), '^%d+')) end
  return '', '', 0
end

local function reason_of(d)
  local reason, scope, since = hold_of(d[LANE])
  if reason ~= '' then return reason, scope, since end
  local gate, at = closed_gate(throttles_of({ d[LANE] })[d[LANE]], d[RECIPIENTS], now)
  if gate then return 'throttle', gate, at == math.huge and 0 or at end
  local highest = highest_waiting()
  if highest > 0 and highest < d[CLASS] then return 'class', tostring(highest), 0 end
  return 'turn', '', 0
end

local out = {}
for k = 2, #ARGV do
  local delivery = ARGV[k]
  local d, m = load(delivery)
  if d then
    local at, reason, scope, reason_until, place_in_lane, paused_why = 0, '', '', 0, -1, ''
    if d[PLACE] == 'ready' then
      reason, scope, reason_until = reason_of(d)
      place_in_lane = redis.call('LPOS', lane_key(d[CLASS], d[LANE]), delivery, 'MAXLEN', 10000) or -1
    else
      local index = d[PLACE] == 'leased' and lease_key or d[PLACE] .. ':' .. tag
      if d[PLACE] ~= 'suspect' and d[PLACE] ~= 'expired' then
        at = tonumber(redis.call('ZSCORE', index, delivery) or 0)
      end
      if d[PLACE] == 'due' or d[PLACE] == 'suspect' then reason, scope, reason_until = hold_of(d[LANE]) end
      if d[PLACE] == 'paused' then paused_why = redis.call('HGET', why_key, delivery) or '' end
    end
    out[#out + 1] = { delivery, d[CLASS], d[ATTEMPTS], d[PART], m[ENVELOPE], m[ACCEPTED], d[EXPIRES], d[PLACE], at,
      d[LEASE], d[KILLS], d[LANE], reason, scope, reason_until, place_in_lane, paused_why }
  end
end
return { now, tonumber(redis.call('GET', asked_key) or 0), highest_waiting(), out }
