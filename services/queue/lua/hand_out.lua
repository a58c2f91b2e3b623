-- Deliveries into a worker's hands.

-- Lanes, and deliveries that are not ready any more, that one call looks at; the next call goes on.
local most_looked_at = 1000

-- Hands to `take` from the front of the lane, at most `most`; the first ones, `deliveries`, were taken out of it
-- already. Returns how many it took, how many it saw, and what is known of the lane then: 'wait' before a gate, 'end'
-- because it is empty, nil: nothing.
local function take_from_lane(class, lane, deliveries, most, throttles, now, take)
  local key, is_throttled = lane_key(class, lane), #throttles > 0
  local taken, seen = 0, 0
  while deliveries do
    seen = seen + #deliveries
    for _, delivery in ipairs(deliveries) do
      local d, m = load(delivery, true)
      if d and d[PLACE] == 'ready' and d[LANE] == lane and d[CLASS] == class then
        local gate, at = closed_gate(throttles, d[RECIPIENTS], now)
        if gate then
          redis.call('LPUSH', key, delivery)
          wait_before(gate, at, class, lane)
          return taken, seen, 'wait'
        end
        d[USES] = pass(throttles, d[RECIPIENTS], now)
        count('r' .. class, -1)
        take(delivery, d, m)
        taken = taken + 1
      end
    end
    if taken == most or seen >= most + 50 then return taken, seen, nil end
    deliveries = redis.call('LPOP', key, is_throttled and '1' or most - taken)
  end
  return taken, seen, 'end'
end

-- Which of the lanes have something.
local function not_empty(class, lanes)
  local keys, is_there = {}, {}
  for k, lane in ipairs(lanes) do keys[k] = lane_key(class, lane) end
  local there = #keys == 0 and 0 or redis.call('EXISTS', unpack(keys))
  for k, lane in ipairs(lanes) do
    is_there[lane] = there == #keys or (there > 0 and redis.call('EXISTS', keys[k]) == 1)
  end
  return is_there
end

-- Whose turn it is (SPEC P5): each account, of as many as there is room for, with lanes up to its equal share of the
-- room. They have no turn until give_back. Also the lanes, an account's first, then another's first and so on, and how many
-- deliveries each may give: an equal part of its account's share.
local function next_turns(class, room)
  local accounts = redis.call('LPOP', turn_key(class), room) or {}
  local share = math.floor(room / #accounts)
  local turns, longest = {}, 0
  for k, account in ipairs(accounts) do
    local its = redis.call('LPOP', lanes_key(class, account), share) or {}
    turns[k] = { account = account, lanes = its, has_more = #its == share }
    longest = math.max(longest, #its)
  end
  local lanes, parts = {}, {}
  for j = 1, longest do
    for _, turn in ipairs(turns) do
      local lane = turn.lanes[j]
      if lane then lanes[#lanes + 1], parts[#parts + 1] = lane, math.floor(share / #turn.lanes) end
    end
  end
  return turns, lanes, parts
end

-- What goes on is last in its order from now on.
local function give_back(class, turns, goes_on)
  local accounts = {}
  for _, turn in ipairs(turns) do
    local key, lanes = lanes_key(class, turn.account), {}
    for _, lane in ipairs(turn.lanes) do
      if goes_on[lane] then lanes[#lanes + 1] = lane end
    end
    if #lanes > 0 then redis.call('RPUSH', key, unpack(lanes)) end
    if #lanes > 0 or (turn.has_more and redis.call('EXISTS', key) == 1) then accounts[#accounts + 1] = turn.account end
  end
  if #accounts > 0 then redis.call('RPUSH', turn_key(class), unpack(accounts)) end
end

-- At most `room` deliveries of a class to `take`, in one round of turns. Returns how many they were, and how many
-- lanes and deliveries were looked at beside them.
local function take_round(class, room, now, take)
  local turns, lanes, parts = next_turns(class, room)
  local throttles = throttles_of(lanes)
  local firsts, all = {}, {}
  for k, lane in ipairs(lanes) do
    local scope = holding(lane)
    if scope then
      wait_before(scope, nil, class, lane)
    else
      firsts[k] = redis.call('LPOP', lane_key(class, lane), #throttles[lane] > 0 and '1' or parts[k]) or {}
      for _, delivery in ipairs(firsts[k]) do all[#all + 1] = delivery end
    end
  end
  fetch_records(all)

  local taken, skipped, perhaps_more = 0, 0, {}
  for k, lane in ipairs(lanes) do
    if firsts[k] then
      local its, seen, state = take_from_lane(class, lane, firsts[k], parts[k], throttles[lane], now, take)
      taken, skipped = taken + its, skipped + seen - its
      if state == 'end' then remove(heads_key(class), lane) end
      if not state then perhaps_more[#perhaps_more + 1] = lane end
    end
  end

  local is_there, goes_on = not_empty(class, perhaps_more), {}
  for _, lane in ipairs(perhaps_more) do
    -- Not to come back only to find it closed.
    local gate, at = closed_gate(throttles[lane], 1, now)
    if not is_there[lane] then
      remove(heads_key(class), lane)
    elseif gate then
      wait_before(gate, at, class, lane)
    else
      goes_on[lane] = true
    end
  end
  give_back(class, turns, goes_on)
  return taken, #lanes + skipped
end

-- At most `room` deliveries of a class. Returns whether there may be more, for which there was room.
local function take_class(class, room, now, take)
  local looked_at = 0
  while room > 0 do
    if looked_at >= most_looked_at then return true end
    local taken, others = take_round(class, math.min(room, most_arguments), now, take)
    if others == 0 then return false end
    room, looked_at = room - taken, looked_at + others
  end
  return false
end

-- One delivery whose worker died twice, when none such is in a worker's hands: should it kill a third, it is
-- known which one did.
local function take_suspect(lowest, now, take)
  if redis.call('EXISTS', suspects_key) == 0 or redis.call('EXISTS', suspect_key) == 1 then return end
  local delivery = redis.call('LPOP', suspects_key)
  local d, m = load(delivery)
  if not d or d[PLACE] ~= 'suspect' then return end
  local highest = highest_waiting()
  if highest > 0 then lowest = math.min(lowest, highest) end
  local throttles = throttles_of({ d[LANE] })[d[LANE]]
  if d[CLASS] > lowest or holding(d[LANE]) or closed_gate(throttles, d[RECIPIENTS], now) then
    redis.call('RPUSH', suspects_key, delivery)
    return
  end
  d[USES] = pass(throttles, d[RECIPIENTS], now)
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

-- Opens the gates whose time has come, and leases the best deliveries. `want`: credits for any class, express for
-- class 1 alone, the lowest class to hand out, floor (per mille), a prefix for lease ids, lease time (ms), the largest content that comes
-- along. `known` holds messages whose content need not.
-- Returns for each delivery: id, lease id, class, attempts, its event part, the message's event part, content
-- size, chunks, when its content was announced (0: it is not in the second store), accepted, expires, 1 when it goes
-- by the floor's share, content (empty: too large, known, or in the second store).
local function hand_out(now, want, known)
  local out, leases, holders, contents, owners = {}, {}, {}, {}, {}
  local by_floor = 0
  local lease_end = string.format('%.0f', now + want.lease_time)
  local function take(delivery, d, m)
    local lease = want.prefix .. (#out + 1)
    local id = message_of(delivery)
    held[delivery] = cmsgpack.pack({ lease, d[USES] })
    holders[#holders + 1], holders[#holders + 2] = delivery, held[delivery]
    leases[#leases + 1], leases[#leases + 2] = lease_end, delivery
    local comes_along = m[CHUNKS] == 0 and not m[AWAY] and m[SIZE] <= want.largest and not known[id]
    local content = comes_along and content_behind(delivery)
    out[#out + 1] = { delivery, lease, d[CLASS], d[ATTEMPTS], d[PART], m[ENVELOPE], m[SIZE], m[CHUNKS],
      m[AWAY] or 0, m[ACCEPTED], d[EXPIRES], by_floor, content or '' }
    if comes_along and not content then
      contents[#contents + 1], owners[#owners + 1] = content_key(id), out[#out]
    end
  end

  local lowest = math.min(want.lowest, open_gates(now, want.credits + want.express))
  while #out < want.credits do
    local delivery = redis.call('LPOP', expired_key)
    if not delivery then break end
    local d, m = load(delivery)
    if d and d[PLACE] == 'expired' then take(delivery, d, m) end
  end
  if #out < want.credits then take_suspect(lowest, now, take) end
  local low, highest = floor_share(want.credits - #out, want.floor)
  by_floor = 1
  for class = 5, highest + 1, -1 do
    local before = #out
    take_class(class, low, now, take)
    low = low - (#out - before)
  end
  by_floor = 0
  local perhaps_more = take_class(1, want.credits + want.express - #out, now, take)
  for class = 2, lowest do
    if perhaps_more or #out >= want.credits then break end
    perhaps_more = take_class(class, want.credits - #out, now, take)
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
