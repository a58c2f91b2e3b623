-- Where deliveries wait for a worker: lanes, by turn of their accounts (SPEC P5).

-- The lanes are not empty and no gate holds them: each gets its turn.
local function activate(class, lanes)
  local accounts, lanes_of = {}, {}
  for _, lane in ipairs(lanes) do
    local account = account_of(lane)
    if not lanes_of[account] then
      accounts[#accounts + 1], lanes_of[account] = account, {}
    end
    table.insert(lanes_of[account], lane)
  end
  for _, account in ipairs(accounts) do
    local its = lanes_of[account]
    for first = 1, #its, most_arguments do
      local last = math.min(#its, first + most_arguments - 1)
      local now_there = redis.call('RPUSH', lanes_key(class, account), unpack(its, first, last))
      if now_there == last - first + 1 then redis.call('RPUSH', turn_key(class), account) end
    end
  end
end

-- Puts a delivery into its lane; `push` is RPUSH, or LPUSH for one that was taken out of it and comes back;
-- d is saved by the caller. A lane has its turn, or waits before a gate, exactly while it stands in heads, which is
-- told of each new first one.
local function make_ready(delivery, d, push)
  d[PLACE], d[LEASE], d[DUE] = 'ready', '', 0
  count('r' .. d[CLASS], 1)
  local length = redis.call(push or 'RPUSH', lane_key(d[CLASS], d[LANE]), delivery)
  if (length == 1 or push == 'LPUSH')
    and redis.call('ZADD', heads_key(d[CLASS]), 'LT', d[EXPIRES], d[LANE]) == 1 then
    activate(d[CLASS], { d[LANE] })
  end
end

-- The first of a lane and its records, if that one is ready there, and heads has its time then; nil: it was not, and
-- is not there any more, or there is none. A Redis that takes no writes (full, without its replicas) still tells.
local function look_at_head(class, lane)
  local key = lane_key(class, lane)
  local delivery = redis.call('LINDEX', key, 0)
  local d, m
  if delivery then d, m = load(delivery) end
  if d and d[PLACE] == 'ready' and d[LANE] == lane and d[CLASS] == class then
    redis.pcall('ZADD', heads_key(class), d[EXPIRES], lane)
    return delivery, d, m
  elseif delivery then
    redis.pcall('LPOP', key)
  else
    -- Its turn, which it still has, will find it empty.
    redis.pcall('ZADD', heads_key(class), '+inf', lane)
  end
  return nil
end

-- It waits until `at`; d is saved by the caller. Lanes are in order of expiry only as long as nothing comes
-- back, so that from now on the delivery stands in the deadlines itself.
local function make_due(delivery, d, at)
  d[PLACE], d[LEASE], d[DUE] = 'due', '', at
  redis.call('ZADD', due_key, at, delivery)
  redis.call('ZADD', deadline_key, d[EXPIRES], delivery)
end

-- Nobody touches it until an operator does or it expires. What is set aside after that stays there: a worker that
-- has to report its end dies of it as well. d is saved by the caller.
local function put_by(place, delivery, d, now)
  d[PLACE], d[LEASE] = place, ''
  redis.call('ZADD', place .. ':' .. tag, now, delivery)
  if place == 'aside' and d[EXPIRES] <= now then
    redis.call('ZREM', deadline_key, delivery)
  else
    redis.call('ZADD', deadline_key, d[EXPIRES], delivery)
  end
end

-- Its time is over: a worker only has to report it; d is saved by the caller.
local function make_expired(delivery, d)
  d[PLACE], d[LEASE], d[DUE] = 'expired', '', 0
  redis.call('ZREM', deadline_key, delivery)
  redis.call('RPUSH', expired_key, delivery)
end

-- Deaths of workers after which a delivery goes alone, and after which it is set aside.
local kills_until_suspect, kills_until_aside = 2, 3

-- Its lease is over without an outcome: it is the first of its lane again, unless its workers keep dying. d is
-- saved by the caller. Returns whether it is set aside.
local function come_back(delivery, d, now)
  if d[KILLS] >= kills_until_aside then
    put_by('aside', delivery, d, now)
    return true
  end
  if d[KILLS] >= kills_until_suspect then
    d[PLACE], d[LEASE] = 'suspect', ''
    redis.call('RPUSH', suspects_key, delivery)
    redis.call('ZADD', deadline_key, d[EXPIRES], delivery)
  elseif d[EXPIRES] <= now then
    make_expired(delivery, d)
  else
    redis.call('ZADD', deadline_key, d[EXPIRES], delivery)
    make_ready(delivery, d, 'LPUSH')
  end
  return false
end

-- Takes a delivery that is neither leased nor expired out of its place. In lanes it stays behind, and is skipped there.
local function leave_place(delivery, d)
  if d[PLACE] == 'ready' then
    count('r' .. d[CLASS], -1)
  elseif d[PLACE] == 'suspect' then
    redis.call('LREM', suspects_key, 1, delivery)
  else
    redis.call('ZREM', d[PLACE] .. ':' .. tag, delivery)
    if d[PLACE] == 'paused' then redis.call('HDEL', why_key, delivery) end
  end
end
