// All words of the console, in Korean and in English.

/** @typedef {"ko" | "en"} Language */

const KO = {
  title: "해태 상황판",
  skip: "경보로 건너뛰기",
  connected: "상황판 연결됨", connecting: "상황판 연결하는 중", disconnected: "상황판 연결 끊김",
  bannerFirst: "아직 연결되지 않았습니다. 지금은 경보를 받을 수 없습니다.",
  banner: "연결이 끊겼습니다. 지금은 경보를 받을 수 없습니다. 아래 내용은 {time} 것입니다.",
  bannerSignedOut: "로그인하지 않았습니다. 경보를 받고 있지 않습니다.",
  refused: "서버가 거절했습니다. 이름과 비밀번호를 확인하세요.",
  takenOver: "다른 화면이 연결을 가져갔습니다. 이 화면을 닫거나 새로고침 하세요.",
  user: "이름", password: "비밀번호", desk: "상황실 이름(답할 때 표시됩니다)", signIn: "시작", signOut: "끝내기",
  deskExample: "예: 중구 상황실",
  soundOn: "소리 켜짐", soundOff: "소리 꺼짐 — 눌러서 켜기", hush: "소리 멈춤",
  language: "English",
  alarms: "지금 울리는 경보", noAlarms: "알려진 경보가 없습니다.",
  moreAlarms: "그 밖에 {count}건이 더 있습니다. 기기 목록에서 확인하세요.",
  noAlarmsDown: "연결이 끊겨 경보가 있는지 알 수 없습니다.",
  devices: "기기", list: "목록", plan: "배치도", history: "기록", noHistory: "이 화면을 연 뒤로 기록이 없습니다.",
  historySince: "이 화면을 연 {time}부터의 기록입니다.",
  search: "기기 찾기", onlyTroubled: "확인이 필요한 기기만", shown: "{count}대 표시",
  simulated: "모의", test: "점검", historical: "지난 일", late: "늦게 도착한 경보", corrected: "시각 정정",
  lostContact: "기기와 연락이 끊겼습니다. 경보는 끝나지 않았을 수 있습니다.",
  before: "{level} (끊기기 전)",
  kept: "서버에 남아 있던 상태입니다. 기기에서 아직 직접 듣지 못했습니다.",
  lateAdvice: "늦게 도착했습니다. 지금 상황을 확인하세요.", seen: "확인했음",
  answer: "도움이 가고 있습니다 — 알리기", answering: "보내는 중…", answered: "도움이 가고 있습니다: {who}",
  silence: "기기의 소리 멈추기",
  answerAccepted: "기기가 받았습니다.", answerRefused: "기기가 거절했습니다: {reason}",
  answerDenied: "서버가 허락하지 않습니다. 이 사용자는 답할 수 없습니다.",
  answerLost: "기기의 대답이 없습니다. 전달되지 않았을 수 있습니다. 다시 누르거나 전화하세요.",
  time: "{time} (±{doubt})", timeUnsure: "{time} (정확하지 않음)", timeUnknown: "시각 알 수 없음", received: "받은 시각 {time}",
  lastHeard: "마지막 소식", neverHeard: "직접 들은 적 없음", ago: "{age} 전", justNow: "방금",
  second: "초", minute: "분", hour: "시간", day: "일",
  coverage: "감지 능력", faults: "센서 고장", trouble: "점검할 것", muted: "손으로 꺼 둔 것", pending: "전송 대기", update: "업데이트",
  pendingCount: "{count}건", siren: "사이렌", place: "위치", none: "없음", why: "까닭", untried: "켜진 뒤 시험한 적 없음",
  notUnderstood: "읽을 수 없는 메시지 {count}건", tooMany: "기기가 너무 많아 일부를 표시하지 못합니다.",
  unreadable: "기록이 기기에서 손상되어 읽을 수 없습니다.",
  key: "서명 열쇠", keyMake: "서명 열쇠 만들기", keyRemove: "열쇠 지우기",
  keyNone: "명령에 서명하지 않습니다. 기기가 서명을 요구하면 열쇠를 만드세요.",
  keyHave: "명령에 서명합니다. 아래 공개 열쇠를 파일로 저장하고 기기 설정에 적으세요.",
  keyUnsafe: "이 주소에서는 열쇠를 만들 수 없습니다. https로 여세요.",
  levels: {
    alarm: "경보", prealarm: "주의", drill: "모의 경보", offline: "기기 오프라인", silent: "응답 없음", unheard: "소식 없음", lost: "감지 못 함",
    trouble: "점검 필요", unclaimed: "감지 대상 없음", assumed: "작동 미확인", simulated: "모의 장치", proven: "작동 확인됨",
  },
  claims: { proven: "확인됨", assumed: "미확인", lost: "감지 못 함", simulated: "모의", unknown: "알 수 없음" },
  stages: { prealarm: "주의", alarm: "경보", cleared: "해제", unreadable: "읽을 수 없음" },
  hazards: {
    fire: "화재", co: "일산화탄소", gas: "가스 누출", fall: "넘어짐", sos: "도움 요청", inactivity: "오랫동안 움직임 없음", wandering: "집을 나감",
    noise: "층간소음", neighbour_alarm: "이웃 경보기 울림", intrusion: "침입", climate: "더위와 추위", air: "실내 공기", water: "누수", tamper: "기기 훼손",
    fault: "기기 고장", power: "기기 전원",
  },
  refusals: {
    unknown_verb: "이 기기가 모르는 명령입니다", not_understood: "기기가 명령을 읽지 못했습니다", not_authentic: "기기가 아는 사람의 서명이 아닙니다",
    not_authorised: "이 명령을 내릴 권한이 없습니다", retained: "서버에 남아 있던 옛 명령입니다", expired: "명령이 너무 늦게 도착했습니다",
    not_yet: "명령의 시각이 기기 시계보다 앞섭니다", no_clock: "기기가 지금 시각을 모릅니다", replayed: "이미 받은 명령입니다",
    too_many: "명령이 너무 많습니다. 잠시 뒤에 다시 누르세요", not_kept: "기기의 저장 장치가 명령을 기억하지 못합니다",
    busy: "기기가 다른 일을 하고 있습니다. 잠시 뒤에 다시 누르세요", not_active: "그 경보는 이미 끝났습니다", not_here: "이 기기에는 그 기능이 없습니다",
    not_from_afar: "멀리서는 할 수 없습니다. 기기 앞에서 해야 합니다", bad_configuration: "설정에 잘못이 있습니다",
    less_coverage: "이 설정으로는 지금보다 적게 감지합니다", rolled_back: "새 설정이 맞지 않아 앞의 설정으로 돌아갔습니다", failed: "기기가 해 보았지만 되지 않았습니다",
  },
};

/** @type {typeof KO} */
const EN = {
  title: "Haetae console",
  skip: "Skip to the alarms",
  connected: "Connected", connecting: "Connecting", disconnected: "Not connected",
  bannerFirst: "Not connected yet. No alarm can be received.",
  banner: "The connection is lost. No alarm can be received. What is below is of {time}.",
  bannerSignedOut: "Not signed in. No alarm is being received.",
  refused: "The server refused. Check name and password.",
  takenOver: "Another page has taken over this connection. Close this page or reload it.",
  user: "Name", password: "Password", desk: "Name of this desk (shown when you answer)", signIn: "Start", signOut: "Sign out",
  deskExample: "for example: Jung-gu night desk",
  soundOn: "Sound is on", soundOff: "Sound is off — press to turn on", hush: "Stop the sound",
  language: "한국어",
  alarms: "Alarms now", noAlarms: "No alarm is known.",
  moreAlarms: "And {count} more: see the list of devices.",
  noAlarmsDown: "Not connected: whether there is an alarm is not known.",
  devices: "Devices", list: "List", plan: "Plan", history: "History", noHistory: "Nothing since this page was opened.",
  historySince: "Since this page was opened at {time}.",
  search: "Find a device", onlyTroubled: "Only what needs attention", shown: "{count} shown",
  simulated: "Simulated", test: "Test", historical: "Past", late: "Alarm that came late", corrected: "Time corrected",
  lostContact: "Contact with the device is lost. The alarm may well go on.",
  before: "{level} (before)",
  kept: "This is what the server had kept. The device itself has not been heard yet.",
  lateAdvice: "It came late. Find out how things stand now.", seen: "Seen to",
  answer: "Help is on its way — tell them", answering: "Sending…", answered: "Help is on its way: {who}",
  silence: "Stop the sound at the device",
  answerAccepted: "The device has taken it.", answerRefused: "The device refused: {reason}",
  answerDenied: "The server does not allow it. This user may not answer.",
  answerLost: "The device has not answered. It may not have arrived: press again, or telephone.",
  time: "{time} (±{doubt})", timeUnsure: "{time} (not exact)", timeUnknown: "Time not known", received: "received {time}",
  lastHeard: "Last heard", neverHeard: "never heard directly", ago: "{age} ago", justNow: "just now",
  second: " s", minute: " min", hour: " h", day: " d",
  coverage: "Able to detect", faults: "Sensor faults", trouble: "To be seen to", muted: "Switched off by hand", pending: "Waiting to be sent", update: "Update",
  pendingCount: "{count}", siren: "Siren", place: "Place", none: "none", why: "why", untried: "not tried since it was switched on",
  notUnderstood: "{count} messages could not be read", tooMany: "Too many devices: some are not shown.",
  unreadable: "The record was damaged on the device and cannot be read.",
  key: "Signing key", keyMake: "Make a signing key", keyRemove: "Remove the key",
  keyNone: "Commands are not signed. Make a key if devices ask for signed commands.",
  keyHave: "Commands are signed. Save this public key as a file and name it in the devices' configuration.",
  keyUnsafe: "No key can be made at this address. Open it by https.",
  levels: {
    alarm: "Alarm", prealarm: "Warning", drill: "Drill", offline: "Offline", silent: "Not answering", unheard: "Not heard yet", lost: "Cannot detect",
    trouble: "Needs a check", unclaimed: "Nothing to detect", assumed: "Not proven", simulated: "Simulated", proven: "Proven",
  },
  claims: { proven: "proven", assumed: "not proven", lost: "cannot detect", simulated: "simulated", unknown: "not known" },
  stages: { prealarm: "warning", alarm: "alarm", cleared: "over", unreadable: "unreadable" },
  hazards: {
    fire: "Fire", co: "Carbon monoxide", gas: "Gas leak", fall: "Fall", sos: "Call for help", inactivity: "No sign of life", wandering: "Wandering",
    noise: "Noise", neighbour_alarm: "Alarm next door", intrusion: "Intrusion", climate: "Heat or cold", air: "Indoor air", water: "Water leak", tamper: "Tampering",
    fault: "Device fault", power: "Device power",
  },
  refusals: {
    unknown_verb: "this device does not know the command", not_understood: "the device could not read the command", not_authentic: "nobody whom the device knows has signed it",
    not_authorised: "whoever signed it may not command this", retained: "an old command that the server had kept", expired: "the command came too late",
    not_yet: "the command is ahead of the device's clock", no_clock: "the device does not know the time", replayed: "it was taken before",
    too_many: "too many commands: press again in a while", not_kept: "the device's storage cannot remember the command",
    busy: "the device is busy: press again in a while", not_active: "that alarm is over", not_here: "this device cannot do that",
    not_from_afar: "only somebody at the device may", bad_configuration: "the configuration has a mistake",
    less_coverage: "it would detect less than now", rolled_back: "it did not work, and the former configuration is back", failed: "the device tried, and could not",
  },
};

export const LANGUAGES = Object.freeze({ ko: KO, en: EN });

/** Words of the language that was chosen. */
export class Words {
  /** @param {Language} language */
  constructor(language) {
    this.language = language;
  }

  /** @param {string} name @param {Record<string, string | number>} [values] @returns {string} */
  say(name, values = {}) {
    const found = LANGUAGES[this.language][name];
    if (typeof found !== "string") throw new TypeError(`no text ${name}`);
    return found.replace(/\{(\w+)\}/g, (_, key) => String(values[key]));
  }

  /** A word of a table; what is not in it stands for itself. */
  word(table, name) {
    const words = LANGUAGES[this.language][table];
    return Object.hasOwn(words, name) ? words[name] : name;
  }

  /** @param {number} ms @returns {string} */
  span(ms) {
    const s = Math.max(0, ms) / 1000;
    const [value, unit] = s < 60 ? [s, "second"] : s < 3600 ? [s / 60, "minute"] : s < 172800 ? [s / 3600, "hour"] : [s / 86400, "day"];
    return `${Math.floor(value)}${this.say(unit)}`;
  }

  /** @param {number} s @returns {string} how far a time may be wrong */
  doubt(s) {
    if (s < 1) return `${Math.max(0.01, s).toFixed(2)}${this.say("second")}`;
    return s < 60 ? `${Math.ceil(s)}${this.say("second")}` : this.span(s * 1000);
  }

  /** @param {Date} date @returns {string} with the day where it is not today's */
  clock(date, today = new Date()) {
    const isToday = date.toDateString() === today.toDateString();
    const day = isToday ? {} : { year: "numeric", month: "numeric", day: "numeric" };
    const locale = this.language === "ko" ? "ko-KR" : "en-GB";
    return date.toLocaleString(locale, { ...day, hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
  }

  /** When an event happened, and how sure that is. */
  when({ time, uncertaintyS }) {
    if (!time) return this.say("timeUnknown");
    const shown = this.clock(new Date(time));
    return uncertaintyS === null ? this.say("timeUnsure", { time: shown }) : this.say("time", { time: shown, doubt: this.doubt(uncertaintyS) });
  }
}
