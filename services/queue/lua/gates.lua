-- What a lane must pass before its next delivery goes: holds of operators and throttles (SPEC Q4, Q5).
--
-- A scope is "all", "account:<n>", "list:<account>/<list>", "channel:<name>", "destination:<domain>" or
-- "lane:<lane>"; throttles are for accounts, channels and destinations, and "account:*" and so on for each
-- that has none of its own. A lane that meets a closed gate waits in the scope's list and has no turn until
-- the gate opens, so that waiting costs nothing, however much waits.

-- Looked up when first asked for.
local function whether_there(key)
  local known
  return function()
    if known == nil then known = redis.call('EXISTS', key) == 1 end
    return known
  end
end
local any_hold, any_throttle = whether_there(hold_key), whether_there(throttle_key)

-- A throttle, stored as numbers with spaces between: INTERVAL ms between messages (0: any), BURST messages at
-- once, DAILY recipients in 24 hours (0: any), CONCURRENT deliveries in workers' hands (0: any). What
-- follows is for listing.
local INTERVAL, BURST, DAILY, CONCURRENT = 1, 2, 3, 4

local hour_ms = 3600000

local function parts_of(lane) return string.match(lane, '^([^/]*)/([^/]*)/([^/]*)/(.*)$') end

local function kind_of(scope) return string.match(scope, '^[^:]+') end

-- The scope that holds the lane; nil: none.
local function holding(lane)
  if not any_hold() then return nil end
  local account, list, channel, destination = parts_of(lane)
  local scopes = { 'account:' .. account, 'channel:' .. channel, 'destination:' .. destination,
    'list:' .. account .. '/' .. list, 'lane:' .. lane, 'all' }
  local found = redis.call('HMGET', hold_key, unpack(scopes))
  for k, scope in ipairs(scopes) do
    if found[k] then return scope end
  end
  return nil
end

-- What was read of throttles in this script: limits by name (false: none), those found for a scope, and for a scope
-- with a rate when its next message is due if it keeps to it. What write_gates writes at the script's end: for scopes that messages have
-- passed, when the next is due, for gates that close, when they open, and which ones were open in between.
local limits_named, found_limits, expected = {}, {}, {}
local passed, closing, was_open = {}, {}, {}

local function parse_limits(text)
  if not text then return false end
  local interval, burst, daily, concurrent = string.match(text, '^(%S+) (%S+) (%S+) (%S+)')
  return { tonumber(interval), tonumber(burst), tonumber(daily), tonumber(concurrent) }
end

local function read_limits(name)
  if limits_named[name] == nil then limits_named[name] = parse_limits(redis.call('HGET', throttle_key, name)) end
  return limits_named[name]
end

-- The limits of a scope: its own, or those of all of its kind; false: none.
local function limits_of(scope)
  if found_limits[scope] == nil then
    found_limits[scope] = any_throttle() and (read_limits(scope) or read_limits(kind_of(scope) .. ':*'))
  end
  return found_limits[scope]
end

local function expected_at(scope, limits, now)
  expected[scope] = expected[scope] or tonumber(redis.call('ZSCORE', rates_key, scope)) or 0
  -- Further ahead than a whole burst: it was set under narrower limits, and the present ones count.
  if expected[scope] > now + limits[BURST] * limits[INTERVAL] + 1 then return now end
  return math.max(now, expected[scope])
end

-- Reads for many scopes at once what the functions above would read one by one.
local function read_ahead(scopes)
  local unknown = {}
  for _, scope in ipairs(scopes) do
    if not expected[scope] then unknown[#unknown + 1], expected[scope] = scope, 0 end
  end
  if #unknown == 0 then return end
  local times = redis.call('ZMSCORE', rates_key, unpack(unknown))
  local limits = redis.call('HMGET', throttle_key, unpack(unknown))
  for k, scope in ipairs(unknown) do
    expected[scope], limits_named[scope] = tonumber(times[k]) or 0, parse_limits(limits[k])
  end
end

local function day_key(scope) return 'day:' .. tag .. ':' .. scope end

-- Recipients of the last 24 hours, and of the rest of the hour before them; and when the first of them do not count
-- any more. Forgets older ones.
local function used_today(scope, now)
  local key = day_key(scope)
  local hours, used, first = redis.call('HGETALL', key), 0, nil
  for k = 1, #hours, 2 do
    local hour = tonumber(hours[k])
    if (hour + 25) * hour_ms <= now then
      redis.call('HDEL', key, hours[k])
    else
      used = used + tonumber(hours[k + 1])
      if not first or hour < first then first = hour end
    end
  end
  return used, first and (first + 25) * hour_ms or now
end

-- How many messages of `recipients` each may pass the throttle now, and, when none may, from when on
-- (math.huge: when one that is under way ends).
local function room_in(scope, limits, recipients, now)
  local room, at = math.huge, 0
  if limits[INTERVAL] > 0 then
    local slack = (limits[BURST] - 1) * limits[INTERVAL] - (expected_at(scope, limits, now) - now)
    room = math.max(0, math.floor(slack / limits[INTERVAL]) + 1)
    if room == 0 then at = math.ceil(now - slack) end
  end
  if room > 0 and limits[DAILY] > 0 then
    local used, free_at = used_today(scope, now)
    -- One message with more recipients than a whole day's must not wait for ever.
    local left = used == 0 and 1 or math.floor((limits[DAILY] - used) / recipients)
    room = math.min(room, math.max(left, 0))
    if room == 0 then at = free_at end
  end
  if room > 0 and limits[CONCURRENT] > 0 then
    room = math.min(room, limits[CONCURRENT] - (tonumber(redis.call('HGET', busy_key, scope)) or 0))
    if room <= 0 then room, at = 0, math.huge end
  end
  return room, at
end

-- The throttles that the lanes are under, as scope and limits, by lane.
local function throttles_of(lanes)
  local found, scopes = {}, {}
  for _, lane in ipairs(lanes) do found[lane] = {} end
  if not any_throttle() then return found end
  for _, lane in ipairs(lanes) do
    local account, _, channel, destination = parts_of(lane)
    local n = #scopes
    scopes[n + 1], scopes[n + 2], scopes[n + 3] =
      'account:' .. account, 'channel:' .. channel, 'destination:' .. destination
  end
  read_ahead(scopes)
  for k, scope in ipairs(scopes) do
    local limits = limits_of(scope)
    if limits then table.insert(found[lanes[math.ceil(k / 3)]], { scope, limits }) end
  end
  return found
end

-- The first of the throttles that a message of so many recipients may not pass now, and from when on it may.
local function closed_gate(throttles, recipients, now)
  for _, throttle in ipairs(throttles) do
    local room, at = room_in(throttle[1], throttle[2], recipients, now)
    if room == 0 then return throttle[1], at end
  end
  return nil
end

-- A message with so many recipients passes. Returns what it uses: "<scope>" where it counts as under way,
-- "day:<hour>:<scope>" where its recipients count, "rate:<scope>" where it counts itself.
local function pass(throttles, recipients, now)
  local uses = {}
  for _, throttle in ipairs(throttles) do
    local scope, limits = throttle[1], throttle[2]
    if limits[INTERVAL] > 0 then
      expected[scope] = expected_at(scope, limits, now) + limits[INTERVAL]
      passed[scope] = expected[scope]
      uses[#uses + 1] = 'rate:' .. scope
    end
    if limits[DAILY] > 0 then
      local key, hour = day_key(scope), math.floor(now / hour_ms)
      redis.call('HINCRBY', key, hour, recipients)
      redis.call('PEXPIRE', key, 26 * hour_ms)
      uses[#uses + 1] = 'day:' .. hour .. ':' .. scope
    end
    if limits[CONCURRENT] > 0 then
      redis.call('HINCRBY', busy_key, scope, 1)
      uses[#uses + 1] = scope
    end
  end
  return uses
end

-- Ends one use; of rates and days, which stay used, only what was not sent, so many recipients. Returns the scope that has
-- more room now; nil: none.
local function end_use(use, unsent)
  local hour, daily = string.match(use, '^day:(%d+):(.*)$')
  local rated = string.match(use, '^rate:(.*)$')
  if hour and unsent > 0 then
    local key = day_key(daily)
    if redis.call('HINCRBY', key, hour, -unsent) <= 0 then redis.call('HDEL', key, hour) end
    return daily
  elseif rated and unsent > 0 then
    local limits = limits_of(rated)
    if limits then redis.call('ZADD', rates_key, 'XX', 'INCR', -limits[INTERVAL], rated) end
    return rated
  elseif not hour and not rated then
    if redis.call('HINCRBY', busy_key, use, -1) <= 0 then redis.call('HDEL', busy_key, use) end
    return use
  end
  return nil
end

-- A delivery that used this left its worker's hands; `unsent`: so many recipients, because nothing was tried. Returns
-- whether a gate may open for it.
local function give_up(uses, now, unsent)
  local may_open = false
  for _, use in ipairs(uses) do
    local scope = end_use(use, unsent)
    if scope then
      redis.call('ZADD', gates_key, 'XX', now, scope)
      may_open = true
    end
  end
  return may_open
end

-- Lanes that go on and were the only ones before their gate, by the list: most will wait there again before the script
-- ends, and so stay in it. The others leave it in write_gates.
local only = {}

-- The lane waits until the scope's gate opens; `at` is nil for a hold, which its release opens.
local function wait_before(scope, at, class, lane)
  local key = wait_key(class, scope)
  if only[key] == lane then
    only[key] = nil
  else
    redis.call('RPUSH', key, lane)
  end
  if at then closing[scope] = math.min(at, closing[scope] or math.huge) end
end

-- Writes what was gathered of throttles and gates; before write_rest.
local function write_gates()
  for key in pairs(only) do redis.call('LPOP', key) end
  local rates, moved, gone, closed = {}, {}, {}, {}
  for scope, at in pairs(passed) do rates[#rates + 1], rates[#rates + 2] = at, scope end
  for scope in pairs(was_open) do
    if not closing[scope] then
      gone[#gone + 1] = scope
      count('g:' .. kind_of(scope), -1)
    end
  end
  for scope, at in pairs(closing) do
    local its = moved
    if not was_open[scope] then
      local kind = kind_of(scope)
      closed[kind] = closed[kind] or {}
      its = closed[kind]
    end
    its[#its + 1], its[#its + 2] = at == math.huge and '+inf' or at, scope
  end
  in_pieces(rates, function(...) return redis.call('ZADD', rates_key, ...) end)
  in_pieces(gone, function(...) return redis.call('ZREM', gates_key, ...) end)
  in_pieces(moved, function(...) return redis.call('ZADD', gates_key, ...) end)
  for kind, its in pairs(closed) do
    count('g:' .. kind, in_pieces(its, function(...) return redis.call('ZADD', gates_key, 'LT', ...) end))
  end
end

-- Forgets rates that their scopes have kept to since, at most `most`.
local function forget_rates(now, most)
  local kept = redis.call('ZRANGEBYSCORE', rates_key, '-inf', now, 'LIMIT', 0, most)
  if #kept > 0 then redis.call('ZREM', rates_key, unpack(kept)) end
end

-- The classes in which lanes may wait before gates: such a lane stands in heads.
local function classes_that_wait()
  local classes = {}
  for class = 1, 5 do
    if redis.call('EXISTS', heads_key(class)) == 1 then classes[#classes + 1] = class end
  end
  return classes
end

-- Takes up to `most` lanes of the classes from before the scope, the highest class first; each class's are added to
-- released[class], to be activated. Returns whether others wait there.
local function release(scope, most, classes, released)
  for _, class in ipairs(classes) do
    local key, found = wait_key(class, scope), released[class]
    local first, second = unpack(redis.call('LRANGE', key, '0', '1'))
    if first and most == 0 then return true end
    if first and not second then
      only[key] = first
      found[#found + 1] = first
      most = most - 1
    elseif first then
      repeat
        local lanes = redis.call('LPOP', key, math.min(most, most_arguments)) or {}
        for _, lane in ipairs(lanes) do found[#found + 1] = lane end
        most = most - #lanes
      until most == 0 or #lanes < most_arguments
      if most == 0 and redis.call('EXISTS', key) == 1 then return true end
    end
  end
  return false
end

-- Gates that one script opens at most.
local most_gates = 200

-- Opens gates whose time has come, as many as there is room for: what was read of a gate is read again in the next call.
-- Where several classes wait the highest may be behind any of them. Returns the lowest class that may be handed out then.
local function open_gates(now, room_for)
  local function due(most) return redis.call('ZRANGEBYSCORE', gates_key, '-inf', now, 'LIMIT', 0, most) end
  local most = math.min(most_gates, room_for)
  local scopes = due(most)
  if #scopes == 0 then return 5 end
  local classes, released = classes_that_wait(), { {}, {}, {}, {}, {} }
  if #scopes == most and #classes > 1 then
    most = most_gates
    scopes = due(most)
  end
  read_ahead(scopes)
  local is_held = any_hold() and redis.call('HMGET', hold_key, unpack(scopes)) or {}
  for k, scope in ipairs(scopes) do
    was_open[scope] = true
    local limits = limits_of(scope)
    local room, at = math.huge, 0
    if limits then room, at = room_in(scope, limits, 1, now) end
    -- Where an operator holds the scope as well, all wait for its release.
    if not is_held[k] and release(scope, room, classes, released) then
      -- As many as there is room for go; when they turn out to have nothing left, the next follow soon.
      if room > 0 then at = now + math.max(1, math.min(1000, limits[INTERVAL] > 0 and limits[INTERVAL] or 1000)) end
      closing[scope] = at
    end
  end
  for _, class in ipairs(classes) do activate(class, released[class]) end
  return #scopes == most and classes[1] or 5
end

-- What waits now: the highest class (0: none), and the time (ms) until something changes by itself (-1: never).
local function outlook(now)
  local wait = -1
  for _, key in ipairs({ due_key, lease_key, gates_key }) do
    local at = tonumber(redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')[2])
    if at and at < math.huge and (wait < 0 or at - now < wait) then wait = math.max(0, math.ceil(at - now)) end
  end
  return highest_waiting(), wait
end

-- Tells the other replicas what waits now, as "<waker> <class> <ms>". ARGV[3] is the channel, ARGV[4] the waker.
local function tell(highest, wait)
  redis.call('PUBLISH', ARGV[3], string.format('%s %d %.0f', ARGV[4], highest, wait))
end
