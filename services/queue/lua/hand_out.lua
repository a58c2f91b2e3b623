-- Deliveries into a worker's hands.

-- Turns that one call takes at most while it finds nothing to hand out; the next call goes on.
local most_turns = 1000

-- Deliveries that are read at once, of a lane that no throttle can close between them.
local most_at_once = 64

-- How many deliveries, from the front of the lane, were handed to `take`, at most `most`; and what the lane does
-- now: 'wait' before a gate, 'end' because it is empty, or 'go' on.
local function take_from_lane(class, lane, most, now, take)
  local scope = holding(lane)
  if scope then
    wait_before(scope, nil, class, lane)
    return 0, 'wait'
  end
  local throttles = throttles_of(lane)
  local at_once = #throttles == 0 and most_at_once or 1
  local key = lane_key(class, lane)
  local taken, seen = 0, 0
  while taken < most and seen < most + 50 do
    local deliveries = redis.call('LPOP', key, math.min(most - taken, at_once))
    if not deliveries then return taken, 'end' end
    seen = seen + #deliveries
    if #deliveries > 1 then fetch(deliveries) end
    for _, delivery in ipairs(deliveries) do
      local d, m = load(delivery, true)
      if d and d[PLACE] == 'ready' and d[LANE] == lane and d[CLASS] == class then
        local gate, at = closed_gate(throttles, d[RECIPIENTS], now)
        if gate then
          redis.call('LPUSH', key, delivery)
          wait_before(gate, at, class, lane)
          return taken, 'wait'
        end
        d[BUSY] = pass(throttles, d[RECIPIENTS], now)
        count('r' .. class, -1)
        take(delivery, d, m)
        taken = taken + 1
      end
    end
  end
  if redis.call('EXISTS', key) == 0 then return taken, 'end' end
  -- Not to come back only to find it closed.
  local gate, at = closed_gate(throttles, 1, now)
  if not gate then return taken, 'go' end
  wait_before(gate, at, class, lane)
  return taken, 'wait'
end

-- At most `room` deliveries of a class: accounts take turns, and the lanes of each (SPEC P5).
local function take_class(class, room, now, take)
  local turn = turn_key(class)
  local accounts = redis.call('LLEN', turn)
  for _ = 1, most_turns do
    if room <= 0 or accounts == 0 then return end
    -- Both become the last ones, and are removed from there when they have nothing left that may go.
    local account = redis.call('LMOVE', turn, turn, 'LEFT', 'RIGHT')
    local lanes = lanes_key(class, account)
    local lane = redis.call('LMOVE', lanes, lanes, 'LEFT', 'RIGHT')
    local alone = accounts == 1 and redis.call('LLEN', lanes) == 1
    local taken, state = take_from_lane(class, lane, alone and room or 1, now, take)
    room = room - taken
    if state ~= 'go' then
      if state == 'end' then redis.call('ZREM', heads_key(class), lane) end
      redis.call('RPOP', lanes)
      if redis.call('EXISTS', lanes) == 0 then
        redis.call('RPOP', turn)
        accounts = accounts - 1
      end
    end
  end
end

-- One delivery whose worker died twice, when none such is in a worker's hands: should it kill a third, it is
-- known which one did.
local function take_suspect(now, take)
  if redis.call('EXISTS', suspects_key) == 0 or redis.call('EXISTS', suspect_key) == 1 then return end
  local delivery = redis.call('LPOP', suspects_key)
  local d, m = load(delivery)
  if not d or d[PLACE] ~= 'suspect' then return end
  local highest = highest_waiting()
  local throttles = throttles_of(d[LANE])
  if holding(d[LANE]) or (highest > 0 and d[CLASS] > highest) or closed_gate(throttles, d[RECIPIENTS], now) then
    redis.call('RPUSH', suspects_key, delivery)
    return
  end
  d[BUSY] = pass(throttles, d[RECIPIENTS], now)
  redis.call('SET', suspect_key, delivery)
  take(delivery, d, m)
end

-- The share of a call that goes to lower classes although higher ones wait, in deliveries, and the highest that
-- waits; what is less than one is remembered.
local function floor_share(credits, per_mille)
  if per_mille == 0 then return 0, 0 end
  local highest = highest_waiting()
  if highest == 0 then return 0, 0 end
  local owed = (tonumber(redis.call('HGET', count_key, 'f')) or 0) + credits * per_mille
  local whole = math.min(math.floor(owed / 1000), credits)
  redis.call('HSET', count_key, 'f', owed - whole * 1000)
  return whole, highest
end

-- What a worker can take, from ARGV[7] on: credits, express, lowest class, floor, lease id prefix, lease time
-- (ms), largest content that comes along.
local function want_of_args()
  return { credits = tonumber(ARGV[7]), express = tonumber(ARGV[8]), lowest = tonumber(ARGV[9]),
    floor = tonumber(ARGV[10]), prefix = ARGV[11], lease_time = tonumber(ARGV[12]), largest = tonumber(ARGV[13]) }
end

-- Leases the best deliveries. `want`: credits for any class, express for class 1 alone, the lowest class to
-- hand out, floor (per mille), a prefix for lease ids, lease time (ms), the largest content that comes
-- along. `known` holds messages whose content need not.
-- Returns for each delivery: id, lease id, class, attempts, its event part, the message's event part, content
-- size, chunks, when its content was announced (0: it is not in the second store), accepted, expires, content
-- (empty: too large, known, or in the second store).
local function hand_out(now, want, known)
  local out, leases, holders, contents, owners = {}, {}, {}, {}, {}
  local lease_end = string.format('%.0f', now + want.lease_time)
  local function take(delivery, d, m)
    local lease = want.prefix .. (#out + 1)
    local id = message_of(delivery)
    held[delivery] = cmsgpack.pack({ lease, d[BUSY] })
    holders[#holders + 1], holders[#holders + 2] = delivery, held[delivery]
    leases[#leases + 1], leases[#leases + 2] = lease_end, delivery
    local comes_along = m[CHUNKS] == 0 and not m[AWAY] and m[SIZE] <= want.largest and not known[id]
    local content = comes_along and content_behind(delivery)
    out[#out + 1] = { delivery, lease, d[CLASS], d[ATTEMPTS], d[PART], m[ENVELOPE], m[SIZE], m[CHUNKS],
      m[AWAY] or 0, m[ACCEPTED], d[EXPIRES], content or '' }
    if comes_along and not content then
      contents[#contents + 1], owners[#owners + 1] = content_key(id), out[#out]
    end
  end

  while #out < want.credits do
    local delivery = redis.call('LPOP', expired_key)
    if not delivery then break end
    local d, m = load(delivery)
    if d and d[PLACE] == 'expired' then take(delivery, d, m) end
  end
  if #out < want.credits then take_suspect(now, take) end
  local low, highest = floor_share(want.credits - #out, want.floor)
  for class = 5, highest + 1, -1 do
    local before = #out
    take_class(class, low, now, take)
    low = low - (#out - before)
  end
  take_class(1, want.credits + want.express - #out, now, take)
  for class = 2, want.lowest do
    if #out >= want.credits then break end
    take_class(class, want.credits - #out, now, take)
  end
  if #leases > 0 then
    redis.call('ZADD', lease_key, unpack(leases))
    redis.call('HSET', held_key, unpack(holders))
  end
  if #contents > 0 then
    for k, content in ipairs(redis.call('MGET', unpack(contents))) do
      local owner = owners[k]
      owner[#owner] = content or ''
    end
  end
  return out
end
