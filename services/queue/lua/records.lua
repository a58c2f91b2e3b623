-- Records are arrays in MessagePack: a string costs less memory than a hash, and most messages are one string.

-- A delivery. PLACE, exactly one of (invariant I2): ready (in its lane), due, leased, paused, aside, suspect,
-- expired. LEASE is its lease id while leased; DUE when it becomes ready, while due or paused before; KILLS how
-- many workers died with it; BUSY the scopes whose concurrency it counts for. MESSAGE is the message's record
-- when this is its only delivery, else missing.
local PLACE, LANE, CLASS, ATTEMPTS, KILLS, LEASE, PART, RECIPIENTS, EXPIRES, DUE, BUSY, MESSAGE =
  1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12

-- A message. LEFT counts deliveries that are not finished, MADE those it began with; CHUNKS is 0 when the
-- content is in one piece. AWAY is when its content was announced (ms) if that is in the second store, else
-- missing.
local ENVELOPE, ACCEPTED, SIZE, CHUNKS, LEFT, MADE, AWAY = 1, 2, 3, 4, 5, 6, 7

-- The delivery's record and its message's; nil when it is finished. An unreadable record counts as
-- finished: it must not stop the others.
local function load(delivery)
  local raw = redis.call('GET', dlv_key(delivery))
  if not raw then return nil end
  local readable, d = pcall(cmsgpack.unpack, raw)
  if not readable or type(d) ~= 'table' then return nil end
  if d[MESSAGE] then return d, d[MESSAGE] end
  raw = redis.call('GET', msg_key(message_of(delivery)))
  if not raw then return nil end
  local m
  readable, m = pcall(cmsgpack.unpack, raw)
  if not readable or type(m) ~= 'table' then return nil end
  return d, m
end

-- The record of a message; nil when it is finished, or unreadable.
local function find_message(id)
  local raw = redis.call('GET', msg_key(id))
  if not raw then
    local _, m = load(id .. '.0')
    return m
  end
  local readable, m = pcall(cmsgpack.unpack, raw)
  if readable and type(m) == 'table' then return m end
  return nil
end

local function save(delivery, d) redis.call('SET', dlv_key(delivery), cmsgpack.pack(d)) end

-- Changes of the counters, and members of sorted sets that are removed: gathered, and written once by write_rest
-- at a script's end. No script puts a member back that it has removed so.
local counted, removed = {}, {}
local function count(field, by) counted[field] = (counted[field] or 0) + by end
local function remove(key, member)
  removed[key] = removed[key] or {}
  table.insert(removed[key], member)
end
local function write_rest()
  for field, by in pairs(counted) do
    if by ~= 0 and redis.call('HINCRBY', count_key, field, by) == 0 then redis.call('HDEL', count_key, field) end
  end
  for key, members in pairs(removed) do redis.call('ZREM', key, unpack(members)) end
end

-- No message has this content in the second store any more, or ever will: it is to be removed.
local function discard(id, announced)
  redis.call('ZADD', gone_key, now_ms(), string.format('%s:%.0f', id, announced))
end

-- The end of a delivery; the last one takes message and content along. Returns whether it was the last.
local function finish(delivery, d, m)
  local id = message_of(delivery)
  remove(deadline_key, delivery)
  m[LEFT] = m[LEFT] - 1
  if m[LEFT] > 0 then
    redis.call('DEL', dlv_key(delivery))
    redis.call('SET', msg_key(id), cmsgpack.pack(m))
    return false
  end
  if m[AWAY] then
    redis.call('DEL', dlv_key(delivery), msg_key(id))
    discard(id, m[AWAY])
    count('a', -1)
  else
    redis.call('DEL', dlv_key(delivery), msg_key(id), content_key(id))
    for n = 0, m[CHUNKS] - 1 do redis.call('DEL', content_key(id) .. ':' .. n) end
  end
  count('m', -1)
  return true
end
