local day_ms = 24 * hour_ms

-- Whether one more class-1 message of the account fits its budget of so many a minute (SPEC P4); 0: any number.
local function urgent_fits(account, per_minute, now)
  if per_minute == 0 then return true end
  local scope, limits = 'urgent:' .. account, { 60000 / per_minute, per_minute, 0, 0 }
  if room_in(scope, limits, 1, now) == 0 then return false end
  pass({ { scope, limits } }, 1, now)
  return true
end

-- The index behind the message that begins at ARGV[from].
local function behind_message(from) return from + 13 + 3 * tonumber(ARGV[from + 12]) end

local function is_announced(id, announced)
  return tonumber(redis.call('ZSCORE', announced_key, id)) == announced
end

-- Whether the content of the message at ARGV[i] is where it should be.
local function has_content(i)
  local id, chunks, announced = ARGV[i], tonumber(ARGV[i + 5]), tonumber(ARGV[i + 6])
  if announced > 0 then return is_announced(id, announced) end
  for n = 0, chunks - 1 do
    if redis.call('EXISTS', content_key(id) .. ':' .. n) == 0 then return false end
  end
  return true
end

-- The content of the message at ARGV[i] is of no use, unless the same request has made that message before.
local function turn_away(i)
  local id, announced = ARGV[i], tonumber(ARGV[i + 6])
  if announced == 0 then return end
  local m = find_message(id)
  if m and m[AWAY] == announced then return end
  if is_announced(id, announced) then redis.call('ZREM', announced_key, id) end
  discard(id, announced)
end

-- Creates a message from ARGV[i] on: id, event part, change, content, content size, chunks, when its content was
-- announced (0: it is not in the second store; else `content` is empty), class, when it is ready (ms; the past: at once), lifetime from then on (ms), 1 when the lifetime is its own, digest of its idempotency key (or empty), number of
-- deliveries, and for each: lane, event part, recipients. `urgent` is the budget, `demoted` the event part
-- of a message beyond it.
-- Returns the index behind, the id that is queued (empty: its content is not there) and its class.
-- One that is there already is left as it is: the same request came twice.
local function create_message(i, now, keep, urgent, demoted)
  local id, part, change, content = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]
  local size, chunks, announced = tonumber(ARGV[i + 4]), tonumber(ARGV[i + 5]), tonumber(ARGV[i + 6])
  local class, ready_at, lifetime = tonumber(ARGV[i + 7]), tonumber(ARGV[i + 8]), tonumber(ARGV[i + 9])
  local own_lifetime, digest, made = ARGV[i + 10] == '1', ARGV[i + 11], tonumber(ARGV[i + 12])
  local first, behind = i + 13, behind_message(i)

  if redis.call('EXISTS', dlv_key(id .. '.0'), msg_key(id)) > 0 then
    turn_away(i)
    return behind, id, class
  end
  local idem_key = 'idem:' .. tag .. ':' .. digest
  if digest ~= '' then
    local before = redis.call('GET', idem_key)
    if before then
      turn_away(i)
      return behind, before, class
    end
  end
  if not has_content(i) then
    turn_away(i)
    return behind, '', class
  end

  if class == 1 and not urgent_fits(account_of(ARGV[first]), urgent, now) then
    class, part = 2, part .. demoted
  end
  if digest ~= '' then redis.call('SET', idem_key, id, 'PX', day_ms) end
  local m = { part, now, size, chunks, made, made }
  if announced > 0 then
    m[AWAY] = announced
    redis.call('ZREM', announced_key, id)
    count('a', 1)
  else
    for n = 0, chunks - 1 do redis.call('PERSIST', content_key(id) .. ':' .. n) end
  end
  local expires = math.max(now, ready_at) + lifetime
  local keys = {}
  local function keep_at(key, value)
    keys[#keys + 1], keys[#keys + 2] = key, value
  end
  local is_behind = made == 1 and #content <= most_behind
  if chunks == 0 and announced == 0 and not is_behind then keep_at(content_key(id), content) end
  if made > 1 then keep_at(msg_key(id), cmsgpack.pack(m)) end
  for k = 0, made - 1 do
    local at = first + 3 * k
    local delivery = id .. '.' .. k
    local d = { '', ARGV[at], class, 0, 0, '', ARGV[at + 1], tonumber(ARGV[at + 2]), expires, 0, {} }
    if made == 1 then d[MESSAGE] = m end
    if ready_at > now then
      make_due(delivery, d, ready_at)
    else
      make_ready(delivery, d)
      d[LEASE] = false
      if own_lifetime then redis.call('ZADD', deadline_key, d[EXPIRES], delivery) end
    end
    keep_at(dlv_key(delivery), cmsgpack.pack(d) .. (is_behind and content or ''))
  end
  in_pieces(keys, function(...) return redis.call('MSET', ...) and 0 end)
  count('m', 1)
  publish(keep, part .. change)
  return behind, id, class
end
