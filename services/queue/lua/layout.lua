-- How the queue lies in Redis. The parts (layout, records, lanes, gates, create, hand_out) are put in front of
-- the scripts when the program is built; a script names the parts that it wants in its first line.
--
-- Every key of a partition has its hash tag {p}, so each script runs in one slot and is atomic.
-- ARGV[1] is the tag with braces, "{0}".
--
--   dlv:{p}:<id>.<k>            a delivery, packed (records.lua); with its message when that has no other, and
--                               then small content, too, until the record changes
--   msg:{p}:<id>                a message with several deliveries, packed (records.lua)
--   content:{p}:<id>            zstd frame with checksum; content:{p}:<id>:<n> when it came in chunks
--   announced:{p}               sorted set: message whose content goes into the second store -> since (ms)
--   named:{p}                   the last time (ms) that an announcement was given
--   gone:{p}                    sorted set: content to remove there, "<id>:<announced>" -> since (ms)
--   lane:{p}:<class>:<lane>     list of deliveries that are ready, first in, first out. What is not ready any
--                               more, or is ready elsewhere, is skipped when its turn comes
--   turn:{p}:<class>            list of the accounts with a lane below, each once, by turn
--   turn:{p}:<class>:<account>  list of its lanes that may go, each once, by turn
--   heads:{p}:<class>           sorted set: lane that is not empty -> no earlier does its first one expire (ms);
--                               +inf: it was found empty
--   wait:{p}:<class>:<scope>    list of lanes that wait before a gate (gates.lua)
--   gates:{p}                   sorted set: throttled scope with waiting lanes -> when it opens (ms)
--   hold:{p}                    hash: scope that an operator holds -> since (ms), space, why
--   throttle:{p}                hash: scope -> its limits (gates.lua)
--   rates:{p}                   sorted set: scope -> when its next message is due if it keeps to its rate (ms)
--   day:{p}:<scope>             hash: hour -> recipients of messages that were handed out in it
--   busy:{p}                    hash: scope with a limit of concurrency -> deliveries in workers' hands
--   due:{p}                     sorted set: delivery -> when it becomes ready (ms)
--   lease:{p}                   sorted set: delivery -> when its lease ends (ms)
--   held:{p}                    hash: delivery with a lease -> the lease's id and what it counts for, packed
--   paused:{p}, aside:{p}       sorted sets: delivery -> since (ms)
--   why:{p}                     hash: delivery that is paused -> why, when the operator said so
--   suspects:{p}                list of deliveries whose worker died twice: they go one at a time
--   suspect:{p}                 the one that is in a worker's hands
--   expired:{p}                 list of deliveries whose time is over and has not been reported
--   deadline:{p}                sorted set: delivery that heads: cannot speak for -> when it expires (ms)
--   count:{p}                   hash: r1…r5 ready by class, m messages, a those with content in the second
--                               store, f share owed to low classes, g:<kind> those in gates by kind of scope
--   asked:{p}                   when a worker last asked for deliveries (ms)
--   idem:{p}:<digest>           the message that a user's idempotency key made
--   events:{p}                  stream: field e, a serialised Event
--
-- In the second store, where there is one (second_store.h):
--
--   content:{p}:<id>:<announced>  hash: number of the chunk, 0 when it is in one piece -> zstd frame
--
-- That store and this one have no common step. Content there is announced here before it is written, and its
-- name bears the time of that: <announced>, in ms, no two the same. From then on it is in exactly one of announced:{p}, a message's
-- record, gone:{p}; the step that makes the message ends the announcement, the one that ends the message, or the
-- announcement when no message comes, puts the name into gone:{p}. What is gone is never used again: a second try
-- with the same message id has another name. So whoever removes it may come as late as he likes.
--
-- A lane is "<account>/<list>/<channel>/<destination>".
--
-- An "event part" is a serialised Event with some fields set: the message's (id, envelope, class),
-- the delivery's (recipients left, last reply), the change's (type, reply, ...). Serialised protobuf
-- messages that are put one behind the other parse as their merge, which is how an event is made here.

local tag = ARGV[1]

local function now_ms()
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end

local function msg_key(id) return 'msg:' .. tag .. ':' .. id end
local function content_key(id) return 'content:' .. tag .. ':' .. id end
local function dlv_key(delivery) return 'dlv:' .. tag .. ':' .. delivery end

-- A number takes long to become a string, so constant arguments of commands are strings, and these keys,
-- "<name>:{p}:<class>", are made once for each class.
local function keys_of_classes(name)
  local keys = {}
  return function(class)
    keys[class] = keys[class] or name .. ':' .. tag .. ':' .. class
    return keys[class]
  end
end
local turn_key, heads_key = keys_of_classes('turn'), keys_of_classes('heads')
local lanes_of_class, waits_of_class = keys_of_classes('lane'), keys_of_classes('wait')
local function lane_key(class, lane) return lanes_of_class(class) .. ':' .. lane end
local function lanes_key(class, account) return turn_key(class) .. ':' .. account end
local function wait_key(class, scope) return waits_of_class(class) .. ':' .. scope end

local gates_key = 'gates:' .. tag
local hold_key = 'hold:' .. tag
local throttle_key = 'throttle:' .. tag
local rates_key = 'rates:' .. tag
local busy_key = 'busy:' .. tag
local due_key = 'due:' .. tag
local lease_key = 'lease:' .. tag
local held_key = 'held:' .. tag
local paused_key = 'paused:' .. tag
local aside_key = 'aside:' .. tag
local why_key = 'why:' .. tag
local suspects_key = 'suspects:' .. tag
local suspect_key = 'suspect:' .. tag
local expired_key = 'expired:' .. tag
local deadline_key = 'deadline:' .. tag
local count_key = 'count:' .. tag
local announced_key = 'announced:' .. tag
local gone_key = 'gone:' .. tag
local named_key = 'named:' .. tag
local asked_key = 'asked:' .. tag
local events_key = 'events:' .. tag

-- A full Redis (maxmemory) refuses a script's writes, unless one that takes no memory came before them. For scripts that
-- give more memory back than they take: without them it would stay full.
local function write_although_full() redis.call('DEL', 'nothing:' .. tag) end

-- Of one command: Lua's stack has an end.
local most_arguments = 1000

-- Calls `run` with all of the list, in pieces of so many. Returns the sum of the results.
local function in_pieces(list, run)
  local sum = 0
  for first = 1, #list, most_arguments do
    sum = sum + run(unpack(list, first, math.min(#list, first + most_arguments - 1)))
  end
  return sum
end

-- Message ids have no dot: the id is what stands before the first one.
local function message_of(delivery) return string.match(delivery, '^[^.]+') end

local function account_of(lane) return string.match(lane, '^[^/]+') end

local function publish(keep, event)
  redis.call('XADD', events_key, 'MAXLEN', '~', keep, '*', 'e', event)
end

-- The highest class with something that may go; 0: none. What has expired counts as the lowest.
local function highest_waiting()
  if redis.call('EXISTS', turn_key(1), turn_key(2), turn_key(3), turn_key(4), turn_key(5), expired_key) == 0 then
    return 0
  end
  for class = 1, 4 do
    if redis.call('EXISTS', turn_key(class)) == 1 then return class end
  end
  return 5
end
