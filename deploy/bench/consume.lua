-- consume_part by wrk: another part and another key with each request. The token comes from the
-- environment, because arguments can be read by every user of the machine.

local yacht, parts = os.getenv("BENCH_YACHT"), tonumber(os.getenv("BENCH_PARTS"))
local prefix, run = os.getenv("BENCH_PART_PREFIX"), os.getenv("BENCH_RUN")
local headers = {
    ["Authorization"] = "Bearer " .. os.getenv("BENCH_TOKEN"),
    ["Content-Type"] = "application/json",
}
local body = '{"p_yacht_id":"' .. yacht .. '","p_part_id":"' .. prefix
    .. '%012d","p_quantity":1,"p_idempotency_key":"' .. run .. '-%d"}'
local count = 0

function request()
    count = count + 1
    return wrk.format("POST", "/rpc/consume_part", headers,
                      string.format(body, count % parts + 1, count))
end

function done(summary, latency)
    local e = summary.errors
    io.write(string.format(
        '\n{"calls":%d,"microseconds":%d,"p50":%d,"p95":%d,"p99":%d,"refused":%d,"broken":%d}\n',
        summary.requests, summary.duration, latency:percentile(50), latency:percentile(95),
        latency:percentile(99), e.status, e.connect + e.read + e.write + e.timeout))
end
