-- Asks for one subject after another: arguments are the path up to a number, the path after it, the first number, and
-- how many numbers there are. At the end writes one line of JSON.

local paths, turn, total = {}, 0, 0

function init(args)
  local before, after, first = args[1], args[2], tonumber(args[3])
  total = tonumber(args[4])
  wrk.headers["Accept"] = "application/sparql-results+json"
  for i = 0, total - 1 do
    paths[i] = wrk.format("GET", before .. string.format("%07d", (first + i) % total) .. after)
  end
end

function request()
  local found = paths[turn % total]
  turn = turn + 1
  return found
end

function done(summary, latency)
  local e = summary.errors
  io.write(string.format(
    '\n{"requests": %d, "seconds": %f, "p50": %f, "p99": %f, "bytes": %d, "errors": %d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e6, latency:percentile(99) / 1e6,
    summary.bytes, e.connect + e.read + e.write + e.status + e.timeout))
end
