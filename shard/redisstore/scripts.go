package redisstore

import "github.com/redis/go-redis/v9"

// The scripts begin with "#!lua": then Redis looks before it starts one whether it may write at all (enough memory, a disk
// that works, not a replica) and refuses it as a whole. Nothing that a script does after its checks can fail, because Redis
// does not take back what a failing script has written.

// commitScript makes a batch durable. Keys: owner, head, journal, live, expiry, and the snapshots'. Arguments: epoch, owner,
// batch, the head expected, the head to be, time, the first position that may not be forgotten (0: as before), the entries (empty: none), and for
// each snapshot its actor, whether it is resident, when it expires (0: never), and its value. It answers OK, DUP, FENCED or
// HEAD, with the batch, and for HEAD with the head. Where it says DUP it writes what is there already: Redis promises that WAIT
// waits for what its own connection has written, and no more.
var commitScript = redis.NewScript(`#!lua
local owner = redis.call('HMGET', KEYS[1], 'epoch', 'owner')
if owner[1] ~= ARGV[1] or owner[2] ~= ARGV[2] then
  return {'FENCED', ARGV[3]}
end
local head = redis.call('HMGET', KEYS[2], 'n', 'batch', 'first')
if head[2] == ARGV[3] then
  redis.call('HSET', KEYS[2], 'batch', ARGV[3])
  return {'DUP', ARGV[3]}
end
local n = head[1] or '0'
if n ~= ARGV[4] then
  return {'HEAD', ARGV[3], n}
end
if ARGV[8] ~= '' then
  redis.call('XADD', KEYS[3], ARGV[5] .. '-0', 'b', ARGV[8])
end
local first = head[3] or '1'
if tonumber(ARGV[7]) > tonumber(first) then
  first = ARGV[7]
  redis.call('XTRIM', KEYS[3], 'MINID', first)
end
redis.call('HSET', KEYS[2], 'n', ARGV[5], 'batch', ARGV[3], 'at', ARGV[6], 'first', first)
local at = 9
for i = 6, #KEYS do
  local actor, resident, expires = ARGV[at], ARGV[at + 1], ARGV[at + 2]
  redis.call('SET', KEYS[i], ARGV[at + 3])
  if resident == '1' then
    redis.call('SADD', KEYS[4], actor)
  else
    redis.call('SREM', KEYS[4], actor)
  end
  if expires == '0' then
    redis.call('ZREM', KEYS[5], actor)
  else
    redis.call('ZADD', KEYS[5], expires, actor)
  end
  at = at + 4
end
return {'OK', ARGV[3]}
`)

// acquireScript makes somebody the owner and returns the epoch, or 0 if there is no shard and none may be begun. Key: owner.
// Arguments: the owner's id, and 1 if one may.
var acquireScript = redis.NewScript(`#!lua
if ARGV[2] ~= '1' and redis.call('EXISTS', KEYS[1]) == 0 then
  return 0
end
local epoch = redis.call('HINCRBY', KEYS[1], 'epoch', 1)
redis.call('HSET', KEYS[1], 'owner', ARGV[1])
return epoch
`)

// beginScript notes that a shard has had an owner. Key: begun. Argument: its number.
var beginScript = redis.NewScript(`#!lua
return redis.call('SADD', KEYS[1], ARGV[1])
`)

// forgetScript drops actors whose time has run out, unless the journal has grown since the caller looked: he has seen that it
// has no entries of theirs. Keys: head, live, expiry, and the snapshots'. Arguments: the head that he saw, the time, and the
// actors. It returns how many it has dropped, or -1.
var forgetScript = redis.NewScript(`#!lua
if (redis.call('HGET', KEYS[1], 'n') or '0') ~= ARGV[1] then
  return -1
end
local count = 0
for i = 4, #KEYS do
  local actor = ARGV[i - 1]
  local expires = redis.call('ZSCORE', KEYS[3], actor)
  if expires and tonumber(expires) <= tonumber(ARGV[2]) then
    redis.call('DEL', KEYS[i])
    redis.call('SREM', KEYS[2], actor)
    redis.call('ZREM', KEYS[3], actor)
    count = count + 1
  end
end
return count
`)

// foundScript returns what the cluster is, and writes it down where there is none yet, if it may. Key: cluster. Arguments:
// format version, shards, incarnation, and 1 if it may.
var foundScript = redis.NewScript(`#!lua
if redis.call('EXISTS', KEYS[1]) == 0 then
  if ARGV[4] ~= '1' then
    return {}
  end
  redis.call('HSET', KEYS[1], 'format', ARGV[1], 'shards', ARGV[2], 'incarnation', ARGV[3])
end
local got = redis.call('HMGET', KEYS[1], 'format', 'shards', 'incarnation')
return {got[1] or '', got[2] or '', got[3] or ''}
`)
