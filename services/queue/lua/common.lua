-- Shared by all scripts; put in front of each when the program is built.
--
-- Every key of a partition has its hash tag {p}, so each script runs in one slot and is atomic.
-- ARGV[1] is the tag with braces, "{0}".
--
--   msg:{p}:<id>            hash: e event part, n deliveries left, d deliveries made, s content size,
--                           t accepted (ms), x expires (ms)
--   content:{p}:<id>        string: a zstd frame with checksum
--   dlv:{p}:<id>.<k>        hash: l lane, c class, a attempts, e event part, i lease id while leased
--   lane:{p}:<class>:<lane> list of deliveries that are ready, first in, first out
--   turn:{p}:<class>        list of the lanes that are not empty, each once, by turn
--   due:{p}                 sorted set: delivery -> when it becomes ready (ms)
--   lease:{p}               sorted set: delivery -> when its lease ends (ms)
--   events:{p}              stream: field e, a serialised Event
--   messages:{p}            how many messages are not finished
--
-- An "event part" is a serialised Event with some fields set: the message's (id, envelope, class),
-- the delivery's (recipients left, last reply), the change's (type, reply, ...). Serialised protobuf
-- messages that are put one behind the other parse as their merge, which is how an event is made here.
--
-- A delivery is, at every moment, in exactly one of: a lane, due, lease (invariant I2).

local tag = ARGV[1]

local function now_ms()
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end

local function msg_key(id) return 'msg:' .. tag .. ':' .. id end
local function content_key(id) return 'content:' .. tag .. ':' .. id end
local function dlv_key(delivery) return 'dlv:' .. tag .. ':' .. delivery end
local function lane_key(class, lane) return 'lane:' .. tag .. ':' .. class .. ':' .. lane end
local function turn_key(class) return 'turn:' .. tag .. ':' .. class end
local due_key = 'due:' .. tag
local lease_key = 'lease:' .. tag
local events_key = 'events:' .. tag
local messages_key = 'messages:' .. tag

-- Message ids have no dot: the id is what stands before the first one.
local function message_of(delivery) return string.match(delivery, '^[^.]+') end

local function make_ready(class, lane, delivery)
  if redis.call('RPUSH', lane_key(class, lane), delivery) == 1 then
    redis.call('RPUSH', turn_key(class), lane)
  end
end

local function publish(keep, event)
  redis.call('XADD', events_key, 'MAXLEN', '~', keep, '*', 'e', event)
end

-- The highest class with something ready; 0: none.
local function highest_waiting()
  for class = 1, 5 do
    if redis.call('EXISTS', turn_key(class)) == 1 then return class end
  end
  return 0
end

-- Creates a message from ARGV[i] on: id, event part, change, content, content size, class, wait (ms),
-- lifetime (ms), number of deliveries, and for each: lane, event part. Returns the index behind.
-- One that is there already is left as it is: the same request came twice.
local function create_message(i, now, keep)
  local id, part, change, content = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]
  local size, class = ARGV[i + 4], ARGV[i + 5]
  local wait, lifetime = tonumber(ARGV[i + 6]), tonumber(ARGV[i + 7])
  local count = tonumber(ARGV[i + 8])
  i = i + 9
  local key = msg_key(id)
  if redis.call('EXISTS', key) == 1 then return i + 2 * count end
  redis.call('HSET', key, 'e', part, 'n', count, 'd', count, 's', size, 't', now, 'x', now + lifetime)
  redis.call('SET', content_key(id), content)
  redis.call('INCR', messages_key)
  for k = 0, count - 1 do
    local delivery, lane = id .. '.' .. k, ARGV[i]
    redis.call('HSET', dlv_key(delivery), 'l', lane, 'c', class, 'a', 0, 'e', ARGV[i + 1])
    if wait > 0 then
      redis.call('ZADD', due_key, now + math.min(wait, lifetime), delivery)
    else
      make_ready(class, lane, delivery)
    end
    i = i + 2
  end
  publish(keep, part .. change)
  return i
end
