// One MQTT 5 connection over a WebSocket, kept up: what comes is acknowledged, what goes is answered.

import { MqttError, PacketStream, connect, disconnect, pingreq, puback, publish, subscribe } from "./packets.js";

const CONNECT_MS = 10000;
const PING_EVERY_MS = 3000;
const PING_WITHIN_MS = 4000; // no byte for so long after a ping: the line is dead, whatever TCP says
const KEEP_ALIVE_S = 180; // a hidden tab's timers may run once a minute
const SESSION_S = 3600; // the broker keeps events of an outage of ours for so long
const RETRY_MS = 500;
const RETRY_MAX_MS = 15000;
const REFUSED = new Set([0x84, 0x85, 0x86, 0x87, 0x8a, 0x8c]); // trying again changes nothing
const TAKEN_OVER = 0x8e;

/**
 * @typedef {object} Ears
 * @property {() => void} up the subscriptions stand: from now on everything is heard
 * @property {(why: string) => void} down nothing is heard any more
 * @property {(reason: number) => void} refused the broker does not let us in, and we stop
 * @property {(message: {topic: string, payload: Uint8Array, retained: boolean, properties: any}) => void} message
 */

/** A client that dials until it is told to stop. */
export class Client {
  /**
   * @param {string} address of the broker's WebSocket listener
   * @param {{clientId: string, user: string, password: string}} who
   * @param {string[]} topics
   * @param {Ears} ears
   */
  constructor(address, who, topics, ears) {
    this.address = address;
    this.who = who;
    this.topics = topics;
    this.ears = ears;
    /** @type {WebSocket | null} */
    this.socket = null;
    this.isUp = false;
    this.isStopped = false;
    this.failures = 0;
    this.lastId = 0;
    /** @type {Map<number, {resolve: (reason: number) => void, reject: (error: Error) => void}>} */
    this.unanswered = new Map();
    this.timers = new Set();
    this.heardAt = 0;
  }

  start() {
    const socket = new WebSocket(this.address, "mqtt");
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    const stream = new PacketStream();
    socket.onopen = () => {
      this.send(connect({ ...this.who, keepAliveS: KEEP_ALIVE_S, sessionExpiryS: SESSION_S, isNew: false }));
    };
    socket.onmessage = ({ data }) => {
      this.heardAt = performance.now();
      try {
        for (const packet of stream.push(new Uint8Array(data))) {
          if (this.socket !== socket) return;
          this.take(packet);
        }
      } catch (error) {
        if (!(error instanceof MqttError)) throw error;
        this.drop(`the broker is not understood: ${error.message}`);
      }
    };
    socket.onclose = () => this.drop("the connection broke");
    this.later(CONNECT_MS, () => {
      if (!this.isUp) this.drop("no answer");
    });
  }

  /** Say goodbye and stay away. */
  stop() {
    this.isStopped = true;
    if (this.socket?.readyState === WebSocket.OPEN) this.send(disconnect());
    this.drop("signed out");
    this.forget();
  }

  /**
   * Publish at QoS 1.
   * @param {string} topic
   * @param {Uint8Array} payload
   * @param {number} expiryS
   * @returns {Promise<number>} the reason of its PUBACK, below 0x80 if it was taken
   */
  publish(topic, payload, expiryS) {
    if (!this.isUp) return Promise.reject(new MqttError("not connected"));
    const id = this.nextId();
    return new Promise((resolve, reject) => {
      this.unanswered.set(id, { resolve, reject });
      this.send(publish({ topic, payload, id, expiryS, contentType: "application/json" }));
    });
  }

  /** Ask the broker for a sign of life now, for example when a hidden page is looked at again. */
  ping() {
    if (!this.isUp) return;
    const asked = performance.now();
    this.send(pingreq());
    this.later(PING_WITHIN_MS, () => {
      if (this.heardAt < asked) this.drop("the broker does not answer");
    });
  }

  /** @param {any} packet */
  take(packet) {
    switch (packet.kind) {
      case "connack": this.takeConnack(packet); break;
      case "suback": this.takeSuback(packet); break;
      case "publish":
        this.ears.message(packet);
        if (packet.qos && this.socket?.readyState === WebSocket.OPEN) this.send(puback(packet.id));
        break;
      case "puback":
        this.unanswered.get(packet.id)?.resolve(packet.reason);
        this.unanswered.delete(packet.id);
        break;
      case "disconnect":
        if (packet.reason === TAKEN_OVER) this.isStopped = true; // or both would push each other out
        this.drop(packet.reason === TAKEN_OVER ? "taken over by another page" : "the broker hung up");
        break;
      default: // a PINGRESP: that it came is all it says
    }
  }

  takeConnack({ reason }) {
    if (reason < 0x80) {
      this.send(subscribe(this.nextId(), this.topics));
      return;
    }
    this.isStopped = REFUSED.has(reason);
    this.drop(`refused: 0x${reason.toString(16)}`);
    if (this.isStopped) this.ears.refused(reason);
  }

  takeSuback({ reasons }) {
    const denied = reasons.findIndex((each) => each >= 0x80);
    if (denied >= 0) {
      this.isStopped = true;
      this.drop(`may not read ${this.topics[denied]}`);
      this.ears.refused(reasons[denied]);
      return;
    }
    this.isUp = true;
    this.failures = 0;
    this.ears.up();
    this.pingAgain();
  }

  pingAgain() {
    this.later(PING_EVERY_MS, () => {
      this.ping();
      this.pingAgain();
    });
  }

  /** @param {string} why */
  drop(why) {
    if (this.socket === null) return;
    const { socket } = this;
    this.socket = null;
    this.isUp = false;
    socket.onopen = socket.onmessage = socket.onclose = null; // a dead line may take minutes to close
    socket.close();
    this.forget();
    const asked = [...this.unanswered.values()];
    this.unanswered.clear();
    for (const each of asked) each.reject(new MqttError(why));
    this.ears.down(why);
    if (this.isStopped) return;
    const pauseMs = Math.random() * Math.min(RETRY_MAX_MS, RETRY_MS * 2 ** Math.min(this.failures, 10));
    this.failures += 1;
    this.later(pauseMs, () => this.start());
  }

  /** Let go of all that was to be done later. */
  forget() {
    for (const each of this.timers) clearTimeout(each);
    this.timers.clear();
  }

  /** @param {Uint8Array} bytes */
  send(bytes) {
    this.socket?.send(bytes);
  }

  /** @param {number} ms @param {() => void} act */
  later(ms, act) {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      act();
    }, ms);
    this.timers.add(timer);
  }

  nextId() {
    do this.lastId = (this.lastId % 65535) + 1;
    while (this.unanswered.has(this.lastId));
    return this.lastId;
  }
}
