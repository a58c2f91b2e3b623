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

local function scopes_of(lane)
  local account, list, channel, destination = string.match(lane, '^([^/]*)/([^/]*)/([^/]*)/(.*)$')
  return 'account:' .. account, 'channel:' .. channel, 'destination:' .. destination,
    'list:' .. account .. '/' .. list, 'lane:' .. lane, 'all'
end

local function kind_of(scope) return string.match(scope, '^[^:]+') end

-- The scope that holds the lane; nil: none.
local function holding(lane)
  if not any_hold() then return nil end
  local scopes = { scopes_of(lane) }
  local found = redis.call('HMGET', hold_key, unpack(scopes))
  for k, scope in ipairs(scopes) do
    if found[k] then return scope end
  end
  return nil
end

-- The limits of a scope: its own, or those of all of its kind; nil: none.
local function limits_of(scope)
  local found = redis.call('HMGET', throttle_key, scope, kind_of(scope) .. ':*')
  local text = found[1] or found[2]
  if not text then return nil end
  local interval, burst, daily, concurrent = string.match(text, '^(%S+) (%S+) (%S+) (%S+)')
  return { tonumber(interval), tonumber(burst), tonumber(daily), tonumber(concurrent) }
end

-- Recipients of the last 24 hours, and when the first of them do not count any more. Forgets older ones.
local function used_today(scope, now)
  local key = 'day:' .. tag .. ':' .. scope
  local hours, used, first = redis.call('HGETALL', key), 0, nil
  for k = 1, #hours, 2 do
    local hour = tonumber(hours[k])
    if (hour + 24) * hour_ms <= now then
      redis.call('HDEL', key, hours[k])
    else
      used = used + tonumber(hours[k + 1])
      if not first or hour < first then first = hour end
    end
  end
  return used, first and (first + 24) * hour_ms or now
end

-- How many messages of `recipients` each may pass the throttle now, and, when none may, from when on
-- (math.huge: when one that is under way ends).
local function room_in(scope, limits, recipients, now)
  local room, at = math.huge, 0
  if limits[INTERVAL] > 0 then
    local expected = math.max(now, tonumber(redis.call('GET', 'rate:' .. tag .. ':' .. scope)) or 0)
    local slack = (limits[BURST] - 1) * limits[INTERVAL] - (expected - now)
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

-- The throttles that a lane is under: scope and limits in turn.
local function throttles_of(lane)
  local found = {}
  if any_throttle() then
    local account, channel, destination = scopes_of(lane)
    for _, scope in ipairs({ account, channel, destination }) do
      local limits = limits_of(scope)
      if limits then found[#found + 1] = { scope, limits } end
    end
  end
  return found
end

-- A message with so many recipients passes: what it uses up. Returns the scopes that count it as busy.
local function pass(throttles, recipients, now)
  local busy = {}
  for _, throttle in ipairs(throttles) do
    local scope, limits = throttle[1], throttle[2]
    if limits[INTERVAL] > 0 then
      local key = 'rate:' .. tag .. ':' .. scope
      local expected = math.max(now, tonumber(redis.call('GET', key)) or 0) + limits[INTERVAL]
      redis.call('SET', key, string.format('%.3f', expected), 'PX', math.max(1, math.ceil(expected - now)))
    end
    if limits[DAILY] > 0 then
      local key = 'day:' .. tag .. ':' .. scope
      redis.call('HINCRBY', key, math.floor(now / hour_ms), recipients)
      redis.call('PEXPIRE', key, 25 * hour_ms)
    end
    if limits[CONCURRENT] > 0 then
      redis.call('HINCRBY', busy_key, scope, 1)
      busy[#busy + 1] = scope
    end
  end
  return busy
end

-- A delivery left its worker's hands; d is saved by the caller.
local function leave_busy(d, now)
  for _, scope in ipairs(d[BUSY]) do
    if redis.call('HINCRBY', busy_key, scope, -1) <= 0 then redis.call('HDEL', busy_key, scope) end
    redis.call('ZADD', gates_key, 'XX', now, scope)
  end
  d[BUSY] = {}
end

-- The lane waits until the scope's gate opens; `at` is nil for a hold, which its release opens.
local function wait_before(scope, at, class, lane)
  redis.call('RPUSH', wait_key(class, scope), lane)
  if at and redis.call('ZADD', gates_key, 'LT', at == math.huge and '+inf' or at, scope) == 1 then
    count('g:' .. kind_of(scope), 1)
  end
end

local function waits_before(scope)
  return redis.call('EXISTS', wait_key(1, scope), wait_key(2, scope), wait_key(3, scope), wait_key(4, scope),
    wait_key(5, scope)) > 0
end

-- Gives up to `most` lanes that wait before the scope their turn again, the highest class first.
local function release(scope, most)
  for class = 1, 5 do
    while most > 0 do
      local lane = redis.call('LPOP', wait_key(class, scope))
      if not lane then break end
      activate(class, lane)
      most = most - 1
    end
  end
end

-- Opens the gates whose time has come, at most `most`.
local function open_gates(now, most)
  for _, scope in ipairs(redis.call('ZRANGEBYSCORE', gates_key, '-inf', now, 'LIMIT', 0, most)) do
    redis.call('ZREM', gates_key, scope)
    count('g:' .. kind_of(scope), -1)
    local limits = limits_of(scope)
    local room, at = math.huge, 0
    if limits then room, at = room_in(scope, limits, 1, now) end
    release(scope, room)
    if waits_before(scope) then
      -- As many as there is room for go; when they turn out to have nothing left, the next follow soon.
      if room > 0 then at = now + math.max(1, math.min(1000, limits[INTERVAL] > 0 and limits[INTERVAL] or 1000)) end
      redis.call('ZADD', gates_key, at == math.huge and '+inf' or at, scope)
      count('g:' .. kind_of(scope), 1)
    end
  end
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
