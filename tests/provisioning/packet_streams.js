// What the decoder makes of streams that come in pieces; `m` is packets.js.
const results = [];
for (const pieces of given[0]) {
  const stream = new m.PacketStream();
  const found = [];
  try {
    for (const piece of pieces) for (const each of stream.push(new Uint8Array(piece))) found.push(each);
    results.push({ found, left: stream.waiting.length });
  } catch (error) {
    results.push({ error: error.message, isOurs: error instanceof m.MqttError });
  }
}
return results.map((each) => JSON.parse(JSON.stringify(each, (_, value) =>
  value instanceof Uint8Array ? [...value] : value)));
