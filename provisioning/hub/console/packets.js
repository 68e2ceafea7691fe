// MQTT 5 on the wire: what a console sends and what a broker sends it. No network, no clock.
// Section numbers are of the OASIS standard "MQTT Version 5.0" (2019-03-07).

/** The bytes break the standard, or a bound of ours; the connection must end. */
export class MqttError extends Error {}

/** The longest packet taken, in bytes; mosquitto.conf allows devices no longer one. */
export const LONGEST_BYTES = 262144;

const KIND = Object.freeze({
  connect: 1, connack: 2, publish: 3, puback: 4, subscribe: 8, suback: 9, pingreq: 12, pingresp: 13,
  disconnect: 14,
});

/** Property identifiers that a broker may use (§2.2.2.2): name and how it is written. */
const PROPERTIES = new Map([
  [0x01, ["payloadFormat", "byte"]],
  [0x02, ["messageExpiryS", "four"]],
  [0x03, ["contentType", "text"]],
  [0x08, ["responseTopic", "text"]],
  [0x09, ["correlationData", "bytes"]],
  [0x0b, ["subscriptionId", "variable"]],
  [0x11, ["sessionExpiryS", "four"]],
  [0x12, ["assignedClientId", "text"]],
  [0x13, ["serverKeepAliveS", "two"]],
  [0x15, ["authenticationMethod", "text"]],
  [0x16, ["authenticationData", "bytes"]],
  [0x1a, ["responseInformation", "text"]],
  [0x1c, ["serverReference", "text"]],
  [0x1f, ["reasonText", "text"]],
  [0x21, ["receiveMaximum", "two"]],
  [0x22, ["topicAliasMaximum", "two"]],
  [0x23, ["topicAlias", "two"]],
  [0x24, ["maximumQos", "byte"]],
  [0x25, ["retainAvailable", "byte"]],
  [0x26, ["user", "pair"]],
  [0x27, ["maximumPacketBytes", "four"]],
  [0x28, ["wildcardAvailable", "byte"]],
  [0x29, ["subscriptionIdAvailable", "byte"]],
  [0x2a, ["sharedAvailable", "byte"]],
]);

const fatal = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/** Reads one packet's body; every step is held to its end. */
class Reader {
  /** @param {Uint8Array} bytes */
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
  }

  get left() {
    return this.bytes.length - this.at;
  }

  /** @param {number} length @returns {Uint8Array} */
  take(length) {
    if (length > this.left) throw new MqttError(`cut short: ${length} bytes wanted, ${this.left} left`);
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  byte() {
    return this.take(1)[0];
  }

  two() {
    const [high, low] = this.take(2);
    return high * 256 + low;
  }

  four() {
    return this.two() * 65536 + this.two();
  }

  variable() {
    let value = 0;
    for (let n = 0; n < 4; n += 1) {
      const byte = this.byte();
      value += (byte & 0x7f) * 128 ** n;
      if (!(byte & 0x80)) {
        if (n && !byte) throw new MqttError("a length is longer than it need be (§1.5.5)");
        return value;
      }
    }
    throw new MqttError("a length of more than four bytes (§1.5.5)");
  }

  binary() {
    return this.take(this.two()).slice();
  }

  text() {
    let found;
    try {
      found = fatal.decode(this.take(this.two()));
    } catch (error) {
      if (error instanceof MqttError) throw error;
      throw new MqttError("text that is no UTF-8 (§1.5.4)");
    }
    if (found.includes("\0")) throw new MqttError("text with a null character (§1.5.4)");
    return found;
  }

  /** @returns {{user: Array<[string, string]>, [name: string]: any}} */
  properties() {
    const found = Object.create(null);
    found.user = [];
    const inner = new Reader(this.take(this.variable()));
    while (inner.left) {
      const id = inner.variable();
      const known = PROPERTIES.get(id);
      if (known === undefined) throw new MqttError(`property ${id} is not known`);
      const [name, form] = known;
      if (form === "pair") found.user.push([inner.text(), inner.text()]);
      else if (name in found) throw new MqttError(`property ${name} comes twice (§2.2.2.2)`);
      else found[name] = inner.read(form);
    }
    return found;
  }

  /** @param {string} form */
  read(form) {
    switch (form) {
      case "byte": return this.byte();
      case "two": return this.two();
      case "four": return this.four();
      case "variable": return this.variable();
      case "text": return this.text();
      default: return this.binary();
    }
  }

  end() {
    if (this.left) throw new MqttError(`${this.left} bytes too many`);
  }
}

/** Joins what the network delivers in pieces of any size, and gives whole packets. */
export class PacketStream {
  /** @param {number} [longestBytes] */
  constructor(longestBytes = LONGEST_BYTES) {
    this.longestBytes = longestBytes;
    /** @type {Uint8Array} */
    this.waiting = new Uint8Array(0);
  }

  /**
   * @param {Uint8Array} piece
   * @returns {Generator<object>} packets, as soon as each is whole
   * @throws {MqttError}
   */
  *push(piece) {
    let bytes = piece;
    if (this.waiting.length) {
      bytes = new Uint8Array(this.waiting.length + piece.length);
      bytes.set(this.waiting);
      bytes.set(piece, this.waiting.length);
    }
    let at = 0;
    for (;;) {
      const frame = frameAt(bytes, at, this.longestBytes);
      if (frame === null) break;
      at = frame.end;
      this.waiting = bytes.subarray(at);
      yield decode(bytes[frame.begin], bytes.subarray(frame.body, frame.end));
    }
    this.waiting = bytes.slice(at);
  }
}

/** Where the packet lies that begins at `begin`; null while it is not whole. */
function frameAt(bytes, begin, longestBytes) {
  let length = 0;
  for (let n = 0; n < 4; n += 1) {
    const at = begin + 1 + n;
    if (at >= bytes.length) return null;
    length += (bytes[at] & 0x7f) * 128 ** n;
    if (!(bytes[at] & 0x80)) {
      if (n && !bytes[at]) throw new MqttError("a length is longer than it need be (§1.5.5)");
      if (length > longestBytes) throw new MqttError(`a packet of ${length} bytes`);
      const body = at + 1;
      return body + length <= bytes.length ? { begin, body, end: body + length } : null;
    }
  }
  throw new MqttError("a length of more than four bytes (§1.5.5)");
}

/**
 * One packet from its first byte and its body.
 * @param {number} first
 * @param {Uint8Array} body
 * @throws {MqttError}
 */
export function decode(first, body) {
  const kind = first >> 4;
  const flags = first & 0x0f;
  const reader = new Reader(body);
  if (kind === KIND.publish) return decodePublish(flags, reader);
  if (flags) throw new MqttError(`flags ${flags} in packet type ${kind} (§2.1.3)`);
  let found;
  switch (kind) {
    case KIND.connack: found = decodeConnack(reader); break;
    case KIND.puback: found = { kind: "puback", id: identifier(reader), ...reasoned(reader) }; break;
    case KIND.suback:
      found = { kind: "suback", id: identifier(reader), properties: reader.properties() };
      found.reasons = [...reader.take(reader.left)];
      if (!found.reasons.length) throw new MqttError("an empty SUBACK (§3.9.3)");
      break;
    case KIND.pingresp: found = { kind: "pingresp" }; break;
    case KIND.disconnect: found = { kind: "disconnect", ...reasoned(reader) }; break;
    default: throw new MqttError(`packet type ${kind} is not for a client that speaks as we do`);
  }
  reader.end();
  return found;
}

function decodeConnack(reader) {
  const flags = reader.byte();
  if (flags > 1) throw new MqttError("reserved flags in CONNACK (§3.2.2.1)");
  const reason = reader.byte();
  if (flags && reason) throw new MqttError("a session behind a refusal (§3.2.2.1.1)");
  const properties = reader.left ? reader.properties() : { user: [] };
  return { kind: "connack", sessionPresent: flags === 1, reason, properties };
}

function decodePublish(flags, reader) {
  const qos = (flags >> 1) & 3;
  if (qos > 1) throw new MqttError(`a message at QoS ${qos}, which we never ask for`);
  const topic = reader.text();
  if (!topic || /[+#]/.test(topic)) throw new MqttError("a topic that is none (§3.3.2.1)");
  const id = qos ? identifier(reader) : 0;
  const properties = reader.properties();
  if ("topicAlias" in properties) throw new MqttError("a topic alias, which we never allow (§3.3.2.3.4)");
  const payload = reader.take(reader.left).slice();
  return { kind: "publish", topic, qos, id, properties, payload, retained: (flags & 1) === 1, again: (flags & 8) === 8 };
}

function identifier(reader) {
  const id = reader.two();
  if (!id) throw new MqttError("packet identifier 0 (§2.2.1)");
  return id;
}

/** A reason and properties, both of which may be left out (§3.4.2.1, §3.14.2.1). */
function reasoned(reader) {
  const reason = reader.left ? reader.byte() : 0;
  return { reason, properties: reader.left ? reader.properties() : { user: [] } };
}

/** Writes one packet. */
class Writer {
  constructor() {
    /** @type {number[]} */
    this.bytes = [];
  }

  byte(value) {
    this.bytes.push(value);
    return this;
  }

  two(value) {
    return this.byte((value >> 8) & 0xff).byte(value & 0xff);
  }

  four(value) {
    return this.two(Math.floor(value / 65536)).two(value % 65536);
  }

  variable(value) {
    if (value >= 128 ** 4) throw new MqttError("too long to be sent");
    let left = value;
    do {
      const low = left % 128;
      left = Math.floor(left / 128);
      this.byte(left ? low | 0x80 : low);
    } while (left);
    return this;
  }

  raw(bytes) {
    for (const each of bytes) this.bytes.push(each);
    return this;
  }

  binary(bytes) {
    if (bytes.length > 65535) throw new MqttError("longer than 65535 bytes (§1.5.4)");
    return this.two(bytes.length).raw(bytes);
  }

  text(value) {
    if (value.includes("\0")) throw new MqttError("text with a null character (§1.5.4)");
    return this.binary(encoder.encode(value));
  }

  /** @param {Writer} inner */
  measured(inner) {
    return this.variable(inner.bytes.length).raw(inner.bytes);
  }

  /** @param {number} kind @param {number} [flags] @returns {Uint8Array} */
  packet(kind, flags = 0) {
    const whole = new Writer().byte((kind << 4) | flags).measured(this);
    return Uint8Array.from(whole.bytes);
  }
}

/**
 * @param {{clientId: string, user?: string, password?: string, keepAliveS: number, sessionExpiryS: number, isNew: boolean}} who
 * @returns {Uint8Array}
 */
export function connect({ clientId, user = "", password = "", keepAliveS, sessionExpiryS, isNew }) {
  const flags = (isNew ? 2 : 0) | (user ? 0x80 : 0) | (password ? 0x40 : 0);
  const properties = new Writer().byte(0x11).four(sessionExpiryS).byte(0x27).four(LONGEST_BYTES);
  const body = new Writer().text("MQTT").byte(5).byte(flags).two(keepAliveS).measured(properties).text(clientId);
  if (user) body.text(user);
  if (password) body.text(password);
  return body.packet(KIND.connect);
}

/** @param {number} id @param {string[]} topics each at QoS 1 @returns {Uint8Array} */
export function subscribe(id, topics) {
  const body = new Writer().two(id).variable(0);
  for (const topic of topics) body.text(topic).byte(1);
  return body.packet(KIND.subscribe, 2);
}

/**
 * @param {{topic: string, payload: Uint8Array, id?: number, expiryS?: number, contentType?: string, user?: Array<[string, string]>}} message
 *   at QoS 1 where it has an `id`, else at QoS 0; never retained
 * @returns {Uint8Array}
 */
export function publish({ topic, payload, id = 0, expiryS = 0, contentType = "", user = [] }) {
  if (!topic || /[+#]/.test(topic)) throw new MqttError("a topic that is none (§3.3.2.1)");
  const properties = new Writer();
  if (expiryS) properties.byte(0x02).four(expiryS);
  if (contentType) properties.byte(0x03).text(contentType);
  for (const [name, value] of user) properties.byte(0x26).text(name).text(value);
  const body = new Writer().text(topic);
  if (id) body.two(id);
  return body.measured(properties).raw(payload).packet(KIND.publish, id ? 2 : 0);
}

/** @param {number} id @returns {Uint8Array} */
export function puback(id) {
  return new Writer().two(id).packet(KIND.puback);
}

/** @returns {Uint8Array} */
export function pingreq() {
  return new Writer().packet(KIND.pingreq);
}

/** Goodbye, and the broker need keep nothing for us. @returns {Uint8Array} */
export function disconnect() {
  const properties = new Writer().byte(0x11).four(0);
  return new Writer().byte(0).measured(properties).packet(KIND.disconnect);
}
