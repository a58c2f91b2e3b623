-- Records are arrays in MessagePack: a string costs less memory than a hash, and most messages are one string.

-- A delivery. PLACE, exactly one of (invariant I2): ready (in its lane), due, leased, paused, aside, suspect,
-- expired. DUE is when it becomes ready, while due or paused before; KILLS how many workers died with it; MESSAGE
-- the message's record when this is its only delivery, else missing or false. A lease is not written here but into
-- held:{p}, and outranks the record: PLACE, LEASE, its id, and USES, what it counts for (gates.lua). REROUTED is the
-- event part of an operator's channel, missing when there is none. LEASE is false in a record that is as it was made: its delivery has stood in its lane once and nowhere
-- else, and whoever takes it from there need not ask whether it is leased.
local PLACE, LANE, CLASS, ATTEMPTS, KILLS, LEASE, PART, RECIPIENTS, EXPIRES, DUE, USES, MESSAGE, REROUTED =
  1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13

-- A message. LEFT counts deliveries that are not finished, MADE those it began with; CHUNKS is 0 when the
-- content is in one piece. AWAY is when its content was announced (ms) if that is in the second store, else
-- missing.
local ENVELOPE, ACCEPTED, SIZE, CHUNKS, LEFT, MADE, AWAY = 1, 2, 3, 4, 5, 6, 7

-- Content up to so many bytes, as it is stored, stands behind the record of its message's only delivery, until that
-- is written anew.
local most_behind = 4096

-- What was read, or is to be written at the script's end, by delivery: records, and leases in force (false: it
-- has none); and content behind a record, as the string and where the content begins in it.
local records, held, behind = {}, {}, {}

-- Reads for many deliveries at once what load would read one by one.
local function fetch_records(deliveries)
  if #deliveries == 0 then return end
  local keys = {}
  for k, delivery in ipairs(deliveries) do keys[k] = dlv_key(delivery) end
  for k, raw in ipairs(redis.call('MGET', unpack(keys))) do
    if records[deliveries[k]] == nil then records[deliveries[k]] = raw end
  end
end
local function fetch(deliveries)
  if #deliveries == 0 then return end
  fetch_records(deliveries)
  for k, lease in ipairs(redis.call('HMGET', held_key, unpack(deliveries))) do
    if held[deliveries[k]] == nil then held[deliveries[k]] = lease end
  end
end

local function unpacked(raw)
  local readable, next_at, record = pcall(cmsgpack.unpack_one, raw)
  if readable and type(record) == 'table' then return record, next_at end
  return nil
end

-- The id of the delivery's lease, and what it uses; nil: it has none.
local function lease_of(delivery)
  local lease = held[delivery]
  if lease == nil then lease = redis.call('HGET', held_key, delivery) end
  if lease then return unpack(cmsgpack.unpack(lease)) end
  return nil
end

-- The delivery's record and its message's; nil when it is finished. An unreadable record counts as
-- finished: it must not stop the others. `is_taken`: it was just taken out of its lane.
local function load(delivery, is_taken)
  local raw = records[delivery]
  if raw == nil then raw = redis.call('GET', dlv_key(delivery)) end
  if not raw then return nil end
  records[delivery] = nil
  local d, next_at = unpacked(raw)
  if not d then return nil end
  if next_at > 0 then behind[delivery] = { raw, next_at + 1 } end
  local is_untouched = d[LEASE] == false
  d[LEASE] = d[LEASE] or ''
  if not (is_taken and is_untouched) then
    local lease, uses = lease_of(delivery)
    if lease then d[PLACE], d[LEASE], d[USES] = 'leased', lease, uses end
  end
  if d[MESSAGE] then return d, d[MESSAGE] end
  raw = redis.call('GET', msg_key(message_of(delivery)))
  local m = raw and unpacked(raw)
  if not m then return nil end
  return d, m
end

-- Of a delivery that was loaded; nil: its content is elsewhere.
local function content_behind(delivery)
  local at = behind[delivery]
  return at and string.sub(at[1], at[2])
end

-- The record of a message; nil when it is finished, or unreadable.
local function find_message(id)
  local raw = redis.call('GET', msg_key(id))
  if raw then return unpacked(raw) end
  local _, m = load(id .. '.0')
  return m
end

local function save(delivery, d)
  local content = content_behind(delivery)
  if content then
    redis.call('SET', content_key(message_of(delivery)), content)
    behind[delivery] = nil
  end
  redis.call('SET', dlv_key(delivery), cmsgpack.pack(d))
end

-- Changes of the counters, members of sorted sets that are removed, keys that are deleted and leases that end:
-- gathered, and written once by write_rest at a script's end. No script puts back what it has removed so, but
-- a lease, which is written by write_ended before.
local counted, removed, deleted, ended = {}, {}, {}, {}
local function count(field, by) counted[field] = (counted[field] or 0) + by end
local function remove(key, member)
  removed[key] = removed[key] or {}
  table.insert(removed[key], member)
end
local function end_lease(delivery)
  held[delivery] = false
  ended[#ended + 1] = delivery
end
local function write_ended()
  if #ended == 0 then return end
  redis.call('ZREM', lease_key, unpack(ended))
  redis.call('HDEL', held_key, unpack(ended))
  ended = {}
end
local function write_rest()
  for field, by in pairs(counted) do
    if by ~= 0 and redis.call('HINCRBY', count_key, field, by) == 0 then redis.call('HDEL', count_key, field) end
  end
  for key, members in pairs(removed) do in_pieces(members, function(...) return redis.call('ZREM', key, ...) end) end
  in_pieces(deleted, function(...) return redis.call('DEL', ...) end)
  write_ended()
end

-- No message has this content in the second store any more, or ever will: it is to be removed.
local function discard(id, announced)
  redis.call('ZADD', gone_key, now_ms(), string.format('%s:%.0f', id, announced))
end

-- The end of a delivery that was loaded; the last one takes message and content along.
local function finish(delivery, d, m)
  local id = message_of(delivery)
  remove(deadline_key, delivery)
  records[delivery] = false
  deleted[#deleted + 1] = dlv_key(delivery)
  m[LEFT] = m[LEFT] - 1
  if m[LEFT] > 0 then
    redis.call('SET', msg_key(id), cmsgpack.pack(m))
    return
  end
  if not d[MESSAGE] then deleted[#deleted + 1] = msg_key(id) end
  if m[AWAY] then
    discard(id, m[AWAY])
    count('a', -1)
  elseif m[CHUNKS] > 0 then
    for n = 0, m[CHUNKS] - 1 do deleted[#deleted + 1] = content_key(id) .. ':' .. n end
  elseif not behind[delivery] then
    deleted[#deleted + 1] = content_key(id)
  end
  count('m', -1)
end
