// The slot code that cal.com publishes, timed: reads a host's time as JSON, prints the milliseconds of CPU that one call takes.
// usage: node cal_com.js FOLDER, which holds the unpacked package and dayjs.
const { readFileSync, readdirSync } = require("node:fs");
const { createRequire } = require("node:module");
const { resolve } = require("node:path");

const ENOUGH = 1000; // milliseconds of one measurement: its first calls are slower, before they are compiled
const dist = resolve(process.argv[2], "package/dist");
const required = createRequire(resolve(dist, "slots.cjs"));
const ranges = required("./" + readdirSync(dist).find((name) => /^date-ranges-.*\.cjs$/.test(name)));
const dayjs = required("dayjs");

// The package does not export the function that lays slots into ranges, and what is beside it needs a database.
function slotBuilder() {
  const [code] = readFileSync(resolve(dist, "slots.cjs"), "utf8").match(
    /const minimumOfOne = [^]*?(?=^const getSlots = )/m,
  );
  return new Function("dayjs", `${code}; return buildSlotsWithDateRanges;`)(dayjs);
}

const buildSlots = slotBuilder();
const host = JSON.parse(readFileSync(0, "utf8"));
const at = (text) => dayjs(text).tz(host.zone);
const clock = (text) => new Date(`1970-01-01T${text}:00Z`);
const availability = host.windows.map(([start, end]) => ({
  days: [1, 2, 3, 4, 5],
  startTime: clock(start),
  endTime: clock(end),
}));
const busy = host.busy.map(([start, end]) => ({ start: dayjs.utc(start), end: dayjs.utc(end) }));
const [from, to] = host.within;

function slots() {
  const { dateRanges } = ranges.buildDateRanges({
    availability,
    timeZone: host.zone,
    dateFrom: at(from),
    dateTo: at(to),
    travelSchedules: [],
  });
  return buildSlots({
    dateRanges: ranges.subtract(dateRanges, busy),
    frequency: host.increment,
    eventLength: host.duration,
    timeZone: host.zone,
    minimumBookingNotice: dayjs.utc(host.notBefore).diff(dayjs.utc(), "minute"),
  });
}

const found = slots().length;
let calls = 0;
const began = process.cpuUsage();
let spent = 0;
while (spent < ENOUGH) {
  slots();
  calls += 1;
  const { user, system } = process.cpuUsage(began);
  spent = (user + system) / 1000;
}
console.log(JSON.stringify({ slots: found, ms: spent / calls }));
