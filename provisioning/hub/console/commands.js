// Commands to devices, signed where this browser has a key: a compact JWS (RFC 7515) by ES256.

import { commandTopic } from "./messages.js";

const LIFE_S = 300; // a device refuses what lives longer than ten minutes
const DATABASE = "haetae-console";
const STORE = "keys";
const NAME = "commander";
const ALGORITHM = Object.freeze({ name: "ECDSA", namedCurve: "P-256" });
const encoder = new TextEncoder();

/**
 * One command, ready to be published.
 * @param {{site: string, name: string}} device
 * @param {string} verb
 * @param {{by: string, [field: string]: unknown}} own fields of the verb
 * @param {Key | null} key
 * @returns {Promise<{id: string, topic: string, payload: Uint8Array, lifeS: number}>}
 */
export async function command(device, verb, own, key) {
  const id = crypto.randomUUID();
  const issued = Date.now();
  const said = { id, issued: new Date(issued).toISOString(), expires: new Date(issued + LIFE_S * 1000).toISOString(), ...own };
  const topic = commandTopic(device.site, device.name, verb);
  // signed, it names its topic, so that it is good for one device and one verb, whoever carries it
  const body = key === null ? JSON.stringify(said) : await key.sign({ ...said, to: topic });
  return { id, topic, payload: encoder.encode(body), lifeS: LIFE_S };
}

/** A signing key that never leaves this browser: the private half cannot be read even by this page. */
export class Key {
  /** @param {CryptoKeyPair} pair @param {Uint8Array} spki @param {string} kid */
  constructor(pair, spki, kid) {
    this.pair = pair;
    this.spki = spki;
    this.kid = kid;
  }

  /** @param {CryptoKeyPair} pair @returns {Promise<Key>} */
  static async of(pair) {
    const spki = new Uint8Array(await crypto.subtle.exportKey("spki", pair.publicKey));
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", spki));
    return new Key(pair, spki, hex(digest.subarray(0, 8)));
  }

  /** @returns {string} for a file that `[[commanders]]` names */
  get pem() {
    const lines = base64(this.spki).match(/.{1,64}/g) ?? [];
    return ["-----BEGIN PUBLIC KEY-----", ...lines, "-----END PUBLIC KEY-----", ""].join("\n");
  }

  /** @returns {string} what a device's configuration says of it */
  get configuration() {
    return ["[[commanders]]", `name = "${this.kid}"`, `key = "/etc/haetae/${this.kid}.pem"`, `verbs = ["answered", "silence"]`, ""].join("\n");
  }

  /** @param {object} claims @returns {Promise<string>} */
  async sign(claims) {
    const parts = [{ alg: "ES256", kid: this.kid }, claims].map((each) => base64url(encoder.encode(JSON.stringify(each))));
    const signed = parts.join(".");
    const signature = await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, this.pair.privateKey, encoder.encode(signed));
    return `${signed}.${base64url(new Uint8Array(signature))}`;
  }
}

/** Where a browser may keep keys at all: over https and on this machine itself. */
export const canKeep = globalThis.isSecureContext && "subtle" in crypto;

/** @returns {Promise<Key | null>} the key kept in this browser */
export async function keptKey() {
  if (!canKeep) return null;
  const pair = await inStore("readonly", (store) => store.get(NAME));
  return pair === undefined ? null : Key.of(pair);
}

/** @returns {Promise<Key>} a new one, in place of any other */
export async function makeKey() {
  const pair = await crypto.subtle.generateKey(ALGORITHM, false, ["sign", "verify"]);
  await inStore("readwrite", (store) => store.put(pair, NAME));
  return Key.of(pair);
}

/** Forget it: what it would sign is worth nothing any more once it is out of the configurations. */
export function removeKey() {
  return inStore("readwrite", (store) => store.delete(NAME));
}

/** @param {IDBTransactionMode} mode @param {(store: IDBObjectStore) => IDBRequest} act @returns {Promise<any>} */
function inStore(mode, act) {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(DATABASE, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
      const database = opening.result;
      const transaction = database.transaction(STORE, mode);
      const request = act(transaction.objectStore(STORE));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onerror = transaction.onabort = () => reject(transaction.error);
      transaction.addEventListener("complete", () => database.close());
    };
  });
}

function hex(bytes) {
  return [...bytes].map((each) => each.toString(16).padStart(2, "0")).join("");
}

function base64(bytes) {
  return btoa(String.fromCharCode(...bytes));
}

function base64url(bytes) {
  let text = "";
  for (const each of bytes) text += String.fromCharCode(each);
  return btoa(text).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}
