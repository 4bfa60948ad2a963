package redisregistry

import "github.com/redis/go-redis/v9"

// The keys of a cluster are in one slot:
//
//	{NAME}:members  hash: a member's ID, and what it has announced, as JSON
//	{NAME}:leases   sorted set: members' IDs by the milliseconds of Unix time at which their leases end, by Redis's clock
//	{NAME}:map      hash: a shard's number and the ID of its holder; and version
//	{NAME}:pins     hash: a shard's number and the name of a node
//
// The version is a number that grows with each change, and nine digits that are drawn for each: the number is at least the
// seconds of Unix time. A Redis that has lost changes, because it was emptied, or is a replica that was promoted without
// them, may count the next changes with the same numbers; the digits tell those versions from the ones that were lost, but
// for one in a thousand million. So who knows a version knows what was there, whatever Redis has been through, and a version
// that comes back with a replica means what it meant before. No script could know of a failover, and no script need.

// prelude begins every script. With "#!lua" Redis looks before it starts one whether it may write at all (enough memory, a
// disk that works, not a replica) and refuses it as a whole. A script reads before it writes, from each key: then nothing that
// it does after its checks can fail, because Redis does not take back what a failing script has written. The first argument is
// eighteen random digits, with which the answer begins.
const prelude = `#!lua
local members, leases, map, pins = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local version = redis.call('HGET', map, 'version')
local count = 0
if version then
  count = tonumber(string.match(version, '^(%d+)%d%d%d%d%d%d%d%d%d$'))
  if not count then
    return redis.error_reply('ERR the version in ' .. map .. ' is none')
  end
end
local another = string.format('%.0f', math.max(count + 1, tonumber(time[1]))) .. string.sub(ARGV[1], -9)
local function ends(id)
  return tonumber(redis.call('ZSCORE', leases, id) or 0)
end
local function lives(id)
  return ends(id) > now
end
`

// renewScript announces a member and says how all stand. Arguments, behind the first: the ID, what is announced, the lease in
// milliseconds, and the version that the caller knows. It answers with the version and the members, each with its ID, what it
// has announced, and what is left of its lease in milliseconds; and, if the caller knows another version, the map and the pins.
// Where there is no version yet there is one afterwards: that of a map in which nobody holds anything. It forgets some of the
// members who are long gone, and tells of none.
var renewScript = redis.NewScript(prelude + `
local id = ARGV[2]
redis.call('HEXISTS', members, id)
redis.call('ZCARD', leases)
redis.call('HLEN', pins)
redis.call('HSET', members, id, ARGV[3])
redis.call('ZADD', leases, string.format('%.0f', now + tonumber(ARGV[4])), id)
local past = string.format('%.0f', now - 60000)
for _, gone in ipairs(redis.call('ZRANGEBYSCORE', leases, '-inf', past, 'LIMIT', 0, 100)) do
  redis.call('HDEL', members, gone)
  redis.call('ZREM', leases, gone)
end
if not version then
  version = another
  redis.call('HSET', map, 'version', version)
end
local standing = {}
local left = redis.call('ZRANGEBYSCORE', leases, '(' .. past, '+inf', 'WITHSCORES')
for i = 1, #left, 2 do
  local announced = redis.call('HGET', members, left[i])
  if announced then
    standing[#standing + 1] = left[i]
    standing[#standing + 1] = announced
    standing[#standing + 1] = string.format('%.0f', tonumber(left[i + 1]) - now)
  end
end
if ARGV[5] == version then
  return {ARGV[1], version, standing}
end
return {ARGV[1], version, standing, redis.call('HGETALL', map), redis.call('HGETALL', pins)}
`)

// claimScript makes a member the holder of what nobody alive holds. Arguments, behind the first: the ID, and the shards. It
// answers OK with those of the shards that the member holds then, or NOMEMBER.
var claimScript = redis.NewScript(prelude + `
local id = ARGV[2]
if not lives(id) then
  return {ARGV[1], 'NOMEMBER'}
end
local answer, changed, alive = {ARGV[1], 'OK'}, false, {}
for i = 3, #ARGV do
  local holder = redis.call('HGET', map, ARGV[i])
  if holder and alive[holder] == nil then
    alive[holder] = lives(holder)
  end
  if not holder or not alive[holder] then
    redis.call('HSET', map, ARGV[i], id)
    holder, changed = id, true
  end
  if holder == id then
    answer[#answer + 1] = ARGV[i]
  end
end
if changed then
  redis.call('HSET', map, 'version', another)
end
return answer
`)

// passScript makes another member the holder of a shard. Arguments, behind the first: the shard, whom it is from, and whom it
// goes to. It answers OK, also where that is so already, NOTHOLDER or NOMEMBER.
var passScript = redis.NewScript(prelude + `
local shard, from, to = ARGV[2], ARGV[3], ARGV[4]
local holder = redis.call('HGET', map, shard)
if holder == to then
  return {ARGV[1], 'OK'}
end
if holder ~= from then
  return {ARGV[1], 'NOTHOLDER'}
end
if not lives(to) then
  return {ARGV[1], 'NOMEMBER'}
end
redis.call('HSET', map, shard, to, 'version', another)
return {ARGV[1], 'OK'}
`)

// withdrawScript takes a member out. Argument, behind the first: the ID.
var withdrawScript = redis.NewScript(prelude + `
redis.call('ZREM', leases, ARGV[2])
redis.call('HDEL', members, ARGV[2])
return {ARGV[1], 'OK'}
`)

// pinScript pins a shard. Arguments, behind the first: the shard, and the name of a node; empty: none.
var pinScript = redis.NewScript(prelude + `
local shard, name = ARGV[2], ARGV[3]
if (redis.call('HGET', pins, shard) or '') ~= name then
  if name == '' then
    redis.call('HDEL', pins, shard)
  else
    redis.call('HSET', pins, shard, name)
  end
  redis.call('HSET', map, 'version', another)
end
return {ARGV[1], 'OK'}
`)
