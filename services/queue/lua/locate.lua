-- parts: layout records
-- Where a message's content is. ARGV: tag, message id. Returns when it was announced (ms) if it is in the second
-- store, else 0; and the content if it stands behind a record, else nothing. O(1).
local m = find_message(ARGV[2])
return { m and m[AWAY] or 0, content_behind(ARGV[2] .. '.0') or '' }
