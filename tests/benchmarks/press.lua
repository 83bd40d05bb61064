-- Requests of one method for the paths in a file, one after another, each once; then it ends.
-- usage: wrk … -s press.lua URL -- METHOD FILE
-- Prints how many were answered, how many not as they should, and half and 99 % of the latencies in microseconds.

local paths, at = {}, 0

function init(arguments)
  wrk.method = arguments[1]
  wrk.headers["Host"] = "flow.test"
  for path in io.lines(arguments[2]) do
    paths[#paths + 1] = path
  end
end

function request()
  at = at + 1
  if at > #paths then
    wrk.thread:stop()
  end
  return wrk.format(nil, paths[(at - 1) % #paths + 1])
end

function done(summary, latency)
  local errors = summary.errors
  local wrong = errors.status + errors.connect + errors.read + errors.write + errors.timeout
  print(string.format("pressed %d %d %d %d", summary.requests, wrong, latency:percentile(50), latency:percentile(99)))
end
