-- Load for wrk: addItem to one of 1,000 carts with each request. Ends with a line of JSON.

local headers = {["Content-Type"] = "application/json"}

function request()
  local body = string.format('{"sku":"tea-%d","quantity":1,"unitCents":450}', math.random(20))
  return wrk.format("POST", "/v1/entities/cart/c" .. math.random(1000) .. "/signals/addItem",
                    headers, body)
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '{"requests":%d,"seconds":%.6f,"p50_us":%d,"p99_us":%d,"errors":%d}\n',
    summary.requests, summary.duration / 1000000, latency:percentile(50), latency:percentile(99),
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
