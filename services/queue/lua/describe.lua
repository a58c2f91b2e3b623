-- What is known of deliveries. ARGV: tag, then deliveries. Returns for each that is there: id, class,
-- attempts, its event part, the message's event part, accepted, expires, state ('ready', 'due',
-- 'leased'), when that ends (0: not by itself). O(deliveries).
local out = {}
for i = 2, #ARGV do
  local delivery = ARGV[i]
  local d = redis.call('HMGET', dlv_key(delivery), 'c', 'a', 'e')
  if d[1] then
    local m = redis.call('HMGET', msg_key(message_of(delivery)), 'e', 't', 'x')
    local state, at = 'ready', 0
    local due = redis.call('ZSCORE', due_key, delivery)
    local lease = redis.call('ZSCORE', lease_key, delivery)
    if due then
      state, at = 'due', tonumber(due)
    elseif lease then
      state, at = 'leased', tonumber(lease)
    end
    out[#out + 1] = { delivery, d[1], d[2], d[3], m[1], m[2], m[3], state, at }
  end
end
return out
