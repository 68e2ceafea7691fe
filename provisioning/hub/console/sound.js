// The sound of a new alarm. A browser lets a page sound only after a press, so that the page says
// at all times whether it could.

const GROUP_S = 4; // three pulses and a pause, as people know it from alarms (ISO 8201)
const ALARM_HZ = 520;
const CHIME_HZ = 880;

export class Sound {
  /** @param {() => void} changed called when it can be heard, or no longer */
  constructor(changed) {
    this.changed = changed;
    /** @type {AudioContext | null} */
    this.context = null;
    this.isWanted = true;
    /** @type {number | undefined} */
    this.repeating = undefined;
    this.rung = 0;
  }

  get isOn() {
    return this.isWanted && this.context?.state === "running";
  }

  get isRinging() {
    return this.repeating !== undefined;
  }

  /** In the course of a press; elsewhere a browser may say no, which `isOn` then shows. */
  turnOn() {
    this.isWanted = true;
    if (this.context === null) {
      this.context = new AudioContext();
      this.context.onstatechange = () => this.changed();
    }
    if (this.context.state !== "running") this.context.resume().catch(() => {});
    this.changed();
  }

  turnOff() {
    this.isWanted = false;
    this.changed();
  }

  /** An alarm rings until somebody stops it; everything else says so once. */
  ring(isAlarm) {
    this.rung += 1;
    if (!isAlarm) {
      this.pulse(CHIME_HZ, 0, 0.3);
      return;
    }
    this.group();
    this.repeating ??= setInterval(() => this.group(), GROUP_S * 1000);
    this.changed();
  }

  hush() {
    clearInterval(this.repeating);
    this.repeating = undefined;
    this.changed();
  }

  group() {
    for (let n = 0; n < 3; n += 1) this.pulse(ALARM_HZ, n, 0.5);
  }

  pulse(hz, afterS, lengthS) {
    if (!this.isOn || this.context === null) return;
    const begins = this.context.currentTime + afterS;
    const tone = new OscillatorNode(this.context, { type: "square", frequency: hz });
    const loud = new GainNode(this.context, { gain: 0.2 });
    tone.connect(loud).connect(this.context.destination);
    tone.start(begins);
    tone.stop(begins + lengthS);
  }
}
