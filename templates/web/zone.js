// Tells forms the visitor's time zone and shows a time in it. Without this file a page says everything in its own zone.
(function () {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (!zone) return;
  for (const field of document.querySelectorAll("input[data-zone]")) field.value = zone;
  for (const place of document.querySelectorAll("[data-elsewhere]")) {
    if (place.dataset.elsewhere === zone) continue;
    for (const name of place.querySelectorAll("[data-name]")) name.textContent = zone;
    for (const time of place.querySelectorAll("time"))
      time.textContent = new Intl.DateTimeFormat(document.documentElement.lang, {
        weekday: "long", day: "numeric", month: "long", hour: "2-digit", minute: "2-digit", hourCycle: "h23",
      }).format(new Date(time.dateTime));
    place.hidden = false;
  }
})();
