-- One RPC by wrk: method, path and body come from the environment, and {part} and {key} in them are
-- another part and another key with each request. The token comes from there too, because arguments
-- can be read by every user of the machine.

local method, path = os.getenv("BENCH_METHOD"), os.getenv("BENCH_PATH")
local body = os.getenv("BENCH_BODY")
local prefix, parts = os.getenv("BENCH_PART_PREFIX"), tonumber(os.getenv("BENCH_PARTS"))
local run = os.getenv("BENCH_RUN")
local headers = { ["Authorization"] = "Bearer " .. os.getenv("BENCH_TOKEN") }
if body then headers["Content-Type"] = "application/json" end
local count = 0

function request()
    count = count + 1
    local values = {
        part = prefix .. string.format("%012d", count % parts + 1),
        key = run .. "-" .. count,
    }
    return wrk.format(method, (path:gsub("{(%a+)}", values)), headers,
                      body and (body:gsub("{(%a+)}", values)))
end

function done(summary, latency)
    local e = summary.errors
    io.write(string.format(
        '\n{"calls":%d,"microseconds":%d,"p50":%d,"p95":%d,"p99":%d,"refused":%d,"broken":%d}\n',
        summary.requests, summary.duration, latency:percentile(50), latency:percentile(95),
        latency:percentile(99), e.status, e.connect + e.read + e.write + e.timeout))
end
