-- The requests of wrk. The environment sets their kind (BENCH_REQUESTS), their key (BENCH_KEY), and the size of the database.
-- Slots and addresses follow the rule of src/slots.rs. No two requests of a run share one.
local kind = os.getenv("BENCH_REQUESTS")
local key = os.getenv("BENCH_KEY")
local customers = tonumber(os.getenv("BENCH_CUSTOMERS"))
local periods = tonumber(os.getenv("BENCH_PERIODS"))
local first = tonumber(os.getenv("BENCH_FIRST"))
local threads = tonumber(os.getenv("BENCH_THREADS"))
-- The keys of the accounts to which requests go, one a line (BENCH_KEYS). Without that file, all go to the account of BENCH_KEY.
local keys = {}
local file = os.getenv("BENCH_KEYS") or ""
if file ~= "" then
    for line in io.lines(file) do
        table.insert(keys, line)
    end
else
    keys = { key }
end
-- What some kinds ask for: the ids of resources, a service, or the path of a search.
local asked = os.getenv("BENCH_ASKED") or ""
local resources = {}
for id in asked:gmatch("%x+") do
    table.insert(resources, id)
end

local BASE = "/api/webhooks"
local JUMP = 618033
local FIRST_SECOND = 946684800 -- 2000-01-01

local states = {}
function setup(thread)
    thread:set("thread", #states)
    table.insert(states, thread)
end

local function get(path, with)
    return "GET " .. BASE .. path .. " HTTP/1.1\r\nHost: 127.0.0.1\r\nX-API-Key: " .. with .. "\r\n\r\n"
end

local function post(path, body, name, with)
    local named = name and "\r\nIdempotency-Key: " .. name or ""
    return "POST " .. BASE .. path .. " HTTP/1.1\r\nHost: 127.0.0.1\r\nX-API-Key: " .. (with or key) .. named
        .. "\r\nContent-Type: application/json\r\nContent-Length: " .. #body .. "\r\n\r\n" .. body
end

-- Requests that never change are made once, because the load generator shares the processors with the server.
local prepared = {}
local function prepare(count, make)
    for _ = 1, count do
        table.insert(prepared, make())
    end
end

local function customer()
    return get("/customers/customer" .. math.random(0, customers - 1) .. "@example.com", keys[math.random(#keys)])
end

local function search()
    return get("/customers?search=customer" .. math.random(0, customers - 1) .. "@", keys[math.random(#keys)])
end

local function page_of(what)
    return function() return get("/" .. what .. "?limit=50", keys[math.random(#keys)]) end
end

function init()
    math.randomseed(thread + 1)
    if kind == "customer" or kind == "mix" then
        prepare(10000, customer)
    elseif kind == "appointments" or kind == "changes" then
        prepare(10000, page_of(kind))
    elseif kind == "search" then
        prepare(10000, search)
    elseif kind == "events" then
        prepare(1, function() return get("/events?limit=50", key) end)
    elseif kind == "availability" then
        prepare(1, function() return get(asked, key) end)
    elseif kind == "unknown-key" or kind == "mistyped-key" then
        prepare(1, function() return get("/customers", key) end)
    end
end

count = 0 -- how many unique numbers this thread has used
local turn = 0

local function unique()
    local number = first + thread + threads * count
    count = count + 1
    return number
end

local function new_customer()
    local scattered = unique() * JUMP % 10000000
    return post("/customers", string.format(
        '{"name":"New customer %07d","email":"new%07d@example.com","phone":"050-7654321"}', scattered, scattered))
end

local function booking_of(number, what, name)
    local place, slot = number * JUMP % periods, math.floor(number / periods)
    -- Accounts take turns in the order of the appointments (many.py).
    local account, period = place % #keys, math.floor(place / #keys)
    local start = FIRST_SECOND + period * 7200 + 3600 + slot * 300
    return post("/appointments", string.format('{"customerEmail":"customer%d@example.com","date":"%s","time":"%s",%s}',
        number % customers, os.date("!%Y-%m-%d", start), os.date("!%H:%M", start), what), name, keys[account + 1])
end

local FIVE_MINUTES = '"serviceType":"consultation","duration":5'

local function booking(named)
    local number = unique()
    return booking_of(number, FIVE_MINUTES, named and "booking-" .. number)
end

local function booking_on_a_resource()
    local number = unique()
    return booking_of(number, FIVE_MINUTES .. ',"resourceIds":["' .. resources[number % #resources + 1] .. '"]')
end

local function booking_by_service()
    return booking_of(unique(), '"serviceId":"' .. asked .. '"')
end

-- A payment for one of the appointments that the database had at the start (src/fill.rs says what their ids are). It changes the appointment's
-- bill, too.
local function payment()
    local number = unique()
    return post("/payments", string.format(
        '{"provider":"bench","externalId":"payment-%d","appointmentId":"60000001%016x","amount":50,"currency":"ILS"}',
        number, number * JUMP % periods))
end

local function read()
    turn = turn + 1
    return prepared[turn % #prepared + 1]
end

local makers = {
    customer = read,
    events = read,
    appointments = read,
    changes = read,
    search = read,
    ["unknown-key"] = read,
    ["mistyped-key"] = read,
    ["new-customer"] = new_customer,
    booking = booking,
    ["booking-with-key"] = function() return booking(true) end,
    ["booking-on-a-resource"] = booking_on_a_resource,
    ["booking-by-service"] = booking_by_service,
    payment = payment,
    availability = read,
    mix = function()
        if turn % 10 == 9 then
            turn = turn + 1
            return booking()
        end
        return read()
    end,
}
request = makers[kind]

function done(summary, latency)
    local made = 0
    for _, state in ipairs(states) do
        made = math.max(made, state:get("count"))
    end
    local errors = summary.errors
    io.write(string.format(
        '\n{"requests": %d, "seconds": %f, "p50": %f, "p99": %f, "refused": %d, "broken": %d, "next": %d}\n',
        summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e6, latency:percentile(99) / 1e6,
        errors.status, errors.connect + errors.read + errors.write + errors.timeout, first + threads * made))
end
