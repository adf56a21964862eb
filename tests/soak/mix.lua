-- Nine reads of a customer, then a booking of a slot that nobody else asks for, with a key of its own. `wrk … -- PAUSE` waits so
-- many milliseconds before each request of a connection.
local threads = 0

function setup(thread)
  thread:set("number", threads)
  threads = threads + 1
end

function init(arguments)
  pause, sent = tonumber(arguments[1] or 0), 0
  key = os.getenv("CHATGROW_API_KEY")
  reading = wrk.format("GET", "/api/webhooks/customers/dana@example.com", { ["X-API-Key"] = key })
end

function delay()
  return pause
end

function request()
  sent = sent + 1
  if sent % 10 > 0 then
    return reading
  end
  -- Years from 2000 on, a month for each thread and run, five minutes apart: 288 a day, 28 days a month.
  local slot = sent / 10 + tonumber(os.getenv("SOAK_OFFSET"))
  local date = string.format("%d-%02d-%02d", 2000 + math.floor(slot / 8064) % 7999, 1 + number, 1 + math.floor(slot / 288) % 28)
  local time = string.format("%02d:%02d", math.floor(slot / 12) % 24, slot % 12 * 5)
  local body = string.format(
    '{"customerEmail":"dana@example.com","date":"%s","time":"%s","serviceType":"lesson","duration":5}', date, time)
  local headers = {
    ["X-API-Key"] = key,
    ["Content-Type"] = "application/json",
    ["Idempotency-Key"] = string.format("%d-%d", number, slot),
  }
  return wrk.format("POST", "/api/webhooks/appointments", headers, body)
end
