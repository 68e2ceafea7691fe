// Tell a ward a story, step by step, and say what it made of it; `m` is ward.js.
const ward = new m.Ward({ silentAfterMs: 180000 });
const rings = [];
const bytes = (text) => new TextEncoder().encode(text);
for (const [at, what, body, attributes = {}, listened = at] of given[0]) {
  if (what === "wait") { ward.tick(at * 1000, listened * 1000); continue; }
  if (what === "dismiss") { ward.dismiss("s/d", body, at * 1000, listened * 1000); continue; }
  const topic = what.startsWith("haetae") ? what : `haetae/v1/s/d/${what.replace("kept ", "")}`;
  const message = { topic, payload: bytes(body), retained: what.startsWith("kept "),
    properties: { user: Object.entries(attributes) } };
  const change = ward.take(message, at * 1000, listened * 1000);
  if (change?.ring) rings.push(`${change.ring.hazard} ${change.ring.stage}`);
}
const device = ward.devices.get("s/d");
return { rings, level: device?.level, devices: ward.devices.size, notUnderstood: ward.notUnderstood,
  active: [...(device?.active.values() ?? [])].map((each) => each.id + (each.late ? " late" : "")),
  history: [...ward.history.values()], muted: device?.state?.muted, faults: [...(device?.state?.faults ?? [])] };
