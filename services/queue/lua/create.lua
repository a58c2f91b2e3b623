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
local function behind_message(from) return from + 12 + 3 * tonumber(ARGV[from + 11]) end

-- Creates a message from ARGV[i] on: id, event part, change, content, content size, chunks, class, wait (ms),
-- lifetime (ms), 1 when the lifetime is its own, digest of its idempotency key (or empty), number of
-- deliveries, and for each: lane, event part, recipients. `urgent` is the budget, `demoted` the event part
-- of a message beyond it.
-- Returns the index behind, the id that is queued (empty: a chunk of its content is missing) and its class.
-- One that is there already is left as it is: the same request came twice.
local function create_message(i, now, keep, urgent, demoted)
  local id, part, change, content = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]
  local size, chunks, class = tonumber(ARGV[i + 4]), tonumber(ARGV[i + 5]), tonumber(ARGV[i + 6])
  local wait, lifetime, own_lifetime = tonumber(ARGV[i + 7]), tonumber(ARGV[i + 8]), ARGV[i + 9] == '1'
  local digest, made = ARGV[i + 10], tonumber(ARGV[i + 11])
  local first, behind = i + 12, behind_message(i)

  if redis.call('EXISTS', dlv_key(id .. '.0'), msg_key(id)) > 0 then return behind, id, class end
  local idem_key = 'idem:' .. tag .. ':' .. digest
  if digest ~= '' then
    local before = redis.call('GET', idem_key)
    if before then return behind, before, class end
  end
  for n = 0, chunks - 1 do
    if redis.call('EXISTS', content_key(id) .. ':' .. n) == 0 then return behind, '', class end
  end
  for n = 0, chunks - 1 do redis.call('PERSIST', content_key(id) .. ':' .. n) end

  if class == 1 and not urgent_fits(account_of(ARGV[first]), urgent, now) then
    class, part = 2, part .. demoted
  end
  if digest ~= '' then redis.call('SET', idem_key, id, 'PX', day_ms) end
  local m = { part, now, size, chunks, made, made }
  local keys = {}
  local function keep_at(key, value)
    keys[#keys + 1], keys[#keys + 2] = key, value
  end
  if chunks == 0 then keep_at(content_key(id), content) end
  if made > 1 then keep_at(msg_key(id), cmsgpack.pack(m)) end
  for k = 0, made - 1 do
    local at = first + 3 * k
    local delivery = id .. '.' .. k
    local d = { '', ARGV[at], class, 0, 0, '', ARGV[at + 1], tonumber(ARGV[at + 2]), now + lifetime, 0, {} }
    if made == 1 then d[MESSAGE] = m end
    if wait > 0 then
      make_due(delivery, d, now + wait)
    else
      make_ready(delivery, d)
      if own_lifetime then redis.call('ZADD', deadline_key, d[EXPIRES], delivery) end
    end
    keep_at(dlv_key(delivery), cmsgpack.pack(d))
  end
  redis.call('MSET', unpack(keys))
  count('m', 1)
  publish(keep, part .. change)
  return behind, id, class
end
