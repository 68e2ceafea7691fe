// All words of the setup page, in Korean and in English; what the device says brings its own.

/** @typedef {"ko" | "en"} Language */

const KO = {
  product: "해태 설치", toContent: "내용으로 건너뛰기", language: "English", simulated: "모의 장치예요. 아무것도 지키지 않아요.",
  count: "{count}단계 중 {number}단계 · 모두 보기", stepDone: "마침", stepOpen: "아직", back: "이전", next: "다음", save: "저장하고 다음",
  starting: "기기에 연결하고 있어요", working: "하고 있어요. 잠시 기다려 주세요.",
  restarting: "기기가 다시 시작하고 있어요. 이 화면을 그대로 두세요. 저절로 이어져요.",
  unreachable: "기기와 연결이 끊겼어요. 저절로 다시 연결해요. 저장한 것은 그대로 있어요. 오래 걸리면 휴대전화의 Wi-Fi가 이 기기의 것인지 보세요.",
  backAgain: "기기와 다시 연결됐어요.",
  signedOut: "오랫동안 쓰지 않아 닫혔어요. 코드를 다시 넣으면 하던 곳에서 이어져요.",
  troubles: "고칠 것이 있어요", waitWords: "{seconds}초 뒤에 다시 할 수 있어요.", waitOver: "이제 다시 할 수 있어요.",
  required: "꼭 적어 주세요.", remove: "지우기", change: "고치기",

  help: "도움이 필요하면", helpAsk: "그래도 안 되면 기기를 끄지 말고 사무실에 전화하세요. 이 화면의 위쪽에 있는 기기 번호를 말해 주세요.",
  officePhone: "사무실 전화:", officeCard: "사무실 전화번호는 설치 카드에 적혀 있어요.",

  titles: {
    starting: "연결하는 중", code: "설치 코드", identity: "기기의 신분증", place: "설치한 곳", profile: "기기의 쓰임", sensors: "센서 시험",
    zones: "침대와 소파", noise: "평소 소리 재기", network: "연결 확인", contacts: "연락할 사람", commission: "마무리", reset: "이 기기 초기화", done: "설치를 마쳤어요",
  },
  advices: {
    starting: "기기의 초록 불이 켜져 있는지, 휴대전화가 기기의 Wi-Fi에 연결됐는지 보세요.",
    code: "라벨의 ② QR을 휴대전화 카메라로 찍으면 코드가 저절로 들어가요. 또는 라벨의 글자 12개를 적으세요. 띄어쓰기와 줄표는 없어도 돼요.",
    identity: "기기가 시청 서버에서 신분증을 받아요. 인터넷이 없으면 나중에 저절로 받아요. 다음 단계를 먼저 해도 돼요.",
    place: "출동하는 사람이 찾아올 수 있게 적어 주세요. 시장 이름, 골목, 가게 번호처럼요.",
    profile: "이 기기가 지킬 곳과 가장 비슷한 것을 고르세요. 고른 것의 부품 목록이 상자에 든 부품과 같아야 해요.",
    sensors: "센서마다 실제로 감지하는지 하나씩 시험하세요. 사이렌이 울릴 수 있으니 주위 사람에게 먼저 알리세요. 시험하는 동안의 경보는 시험으로 전해져요. 시간이 다 되면 다시 시험하세요.",
    zones: "누워 있어도 넘어진 것이 아닌 자리를 표시해요. 사진은 남지 않고, 윤곽만 보여요.",
    noise: "아무도 없을 때처럼 조용할 때의 소리를 30초 동안 재요. 재는 동안 말하거나 움직이지 마세요.",
    network: "시청 상황실의 서버가 이 기기에 답하는지 확인해요.",
    contacts: "경보가 울리면 전화할 사람이에요. 지금 전화를 걸어 번호가 맞는지 확인해 주세요.",
    commission: "모두 맞으면 이름을 적고 마치세요. 기기가 서명한 기록이 남아요.",
    reset: "기기를 남에게 넘기거나 버릴 때만 하세요. 되돌릴 수 없어요.",
    done: "인증서를 가게에 붙이고, 기록을 내려받아 사무실에 보내 주세요.",
  },

  code: "라벨의 코드 12자리", codeHint: "예: 7K3M-9PQR-2WXY", codeShort: "코드는 12자리예요. 지금은 {count}자리예요.", open: "열기",
  identityStates: { waiting: "신분증을 기다리고 있어요", enrolled: "신분증이 있어요", failed: "신분증을 받지 못했어요", quarantined: "신분증의 날짜가 지났어요" },
  identify: "이 기기의 불을 깜박이기", identified: "기기의 불이 깜박여요.", identityOf: "기기 번호", site: "구역", later: "지금 없어도 다음 단계를 할 수 있어요. 받으면 저절로 표시가 바뀌어요.",
  placeKo: "어디에 설치했나요?", placeKoHint: "예: 청량리시장 3번 골목 17호 튀김집", placeEn: "영어로 (안 적어도 돼요)", placeEnHint: "예: Cheongnyangni Market, alley 3, stall 17",
  profileWhich: "어디를 지키나요?", wiring: "부품과 배선 그림 보기", wiringOf: "{name}: 배선 그림", suggested: "주문할 때 고른 것", fits: "연결된 부품에 더 맞아요", misfit: "연결된 부품은 '{name}'에 더 맞아 보여요. 상자를 보고 맞으면 쓰임을 다시 고르세요.", misfitGo: "쓰임 다시 고르기",
  profileResets: "쓰임을 바꾸면 센서 시험을 처음부터 다시 해야 해요.",

  sensorsCount: "센서 {count}개 중 {number}개를 마쳤어요.", noSensors: "기기가 센서를 준비하고 있어요.", mistake: "실수로 눌렀어요", test: "시험하기", again: "다시 시험하기", nextSensor: "다음 센서 시험하기",
  live: "지금 값", noValue: "아직 값이 없어요", doThis: "지금 하세요", watching: "기기가 센서의 값을 살피고 있어요.", skip: "건너뛰기", skipWhy: "왜 건너뛰나요?", skipDo: "이 센서를 건너뛰기",
  skipReasons: { absent: "부품이 상자에 없어요", tool: "시험할 도구가 없어요 (연기, 가스)", later: "지금은 할 수 없어서 나중에 해요", other: "다른 이유" },
  skipOther: "다른 이유를 적어 주세요", skipWarn: "건너뛴 센서는 지키는 것으로 치지 않아요. 기록에 남아요.", testAll: "아직 시험하지 않은 센서: {name}",
  sensorStates: { ok: "값이 와요", silent: "값이 오지 않아요", failed: "고장이에요", waiting: "준비하고 있어요", muted: "사람이 꺼 두었어요" },
  trialStates: { untried: "아직 시험 안 함", running: "시험하는 중", passed: "합격", failed: "불합격", skipped: "건너뜀" },
  baseline: "맑은 공기에서 기준값 재기", baselineHow: "이 센서는 먼저 맑은 공기에서 기준값을 재야 해요. 창문을 열고, 켠 지 하루가 지난 뒤에 재는 것이 좋아요.", heated: "켜 둔 시간", heatedHint: "예: 24", heatedWrong: "켜 둔 시간을 숫자로 적어 주세요.", baselineRunning: "기준값을 재고 있어요: {of}번 중 {taken}번",
  curve: "시험하는 동안의 값: 처음 {first}, 가장 높을 때 {highest}, 끝 {last}", turns: "시험하는 동안: {turns}", curveSeconds: "{seconds}초 동안",

  camera: "카메라", zonesHow: "그림에서 침대나 소파의 귀퉁이를 차례로 누르세요. 세 곳 이상 누르면 자리가 그려져요. 화살표 단추로 표시를 옮겨서 놓아도 돼요.", outlineOf: "방의 윤곽. 화살표로 표시를 옮기고 엔터로 귀퉁이를 놓아요.", outlineRole: "귀퉁이를 놓는 그림",
  noOutline: "카메라의 윤곽을 아직 받지 못했어요.", look: "윤곽 다시 보기", cursorAt: "가로 {x}, 세로 {y}", corner: "여기에 귀퉁이 놓기", undo: "귀퉁이 하나 되돌리기", finish: "이 자리 다 그렸어요", corners: "귀퉁이 {count}곳", kind: "무엇인가요?",
  kinds: { bed: "침대", sofa: "소파", mat: "이불, 요", other: "기타" }, up: "위로", down: "아래로", left: "왼쪽으로", right: "오른쪽으로", move: "표시 옮기기",
  drawnZones: "그린 자리", noZones: "그린 자리가 없어요.", zoneName: "{kind} {number}", removeZone: "{name} 지우기", tooFew: "귀퉁이를 세 곳 이상 눌러 주세요.", zoneOpen: "그리던 자리를 다 그리거나 되돌려 주세요.", zoneFull: "자리는 8개까지예요.", zonesNone: "이 방에는 침대와 소파가 없어요", zonesSay: "자리를 그리거나, 침대와 소파가 없다고 표시해 주세요.",
  zoneAdded: "{name}, 자리를 더했어요.", zoneRemoved: "{name}, 자리를 지웠어요.",

  noiseQuiet: "재는 동안 조용히 해 주세요.", noiseStart: "재기 시작", noiseAgain: "다시 재기", noiseLeft: "{seconds}초 남았어요", noiseDone: "평소 소리는 {level} 데시벨이에요.", noiseProgress: "소리 재기", noiseFirst: "먼저 평소 소리를 재 주세요.",
  meterOpen: "소음계가 있으면 (안 해도 돼요)", meterHow: "소음계를 마이크 옆에 두고, 고르고 큰 소리를 15초 넘게 내면서 누르세요.", meter: "소음계의 숫자 (데시벨)", meterHint: "예: 74.5", meterName: "소음계 이름 (안 적어도 돼요)", meterDo: "마이크를 소음계에 맞추기", meterWrong: "소음계의 숫자를 {least}에서 {most} 사이로 적어 주세요.",
  noiseStates: { untried: "아직 재지 않았어요", running: "재고 있어요", passed: "다 쟀어요", failed: "재지 못했어요" },

  networkCheck: "연결 확인하기", networkAgain: "다시 확인하기", networkFirst: "먼저 연결을 확인해 주세요.",
  networkStates: { untried: "아직 확인하지 않았어요", running: "확인하고 있어요", passed: "상황실까지 연결됐어요", failed: "연결되지 않아요" },

  person: "이름", personHint: "예: 김영희 (가게 주인)", phone: "전화번호", phoneHint: "예: 010-1234-5678", confirmed: "번호를 확인한 날", addPerson: "이 사람 더하기", savePerson: "고친 것 저장", morePeople: "연락할 사람 더하기", people: "연락할 사람", noPeople: "아직 아무도 없어요.",
  confirmedOn: "확인한 날: {date}", removePerson: "{name} 지우기", changePerson: "{name} 고치기", phoneWrong: "전화번호에 숫자를 3개 이상 적어 주세요.", dateWrong: "확인한 날은 오늘이나 그 전이어야 해요.", personFirst: "연락할 사람을 한 명 이상 더해 주세요.", personOpen: "적던 사람을 먼저 더하거나 지워 주세요.", personAdded: "{name}, 더했어요.", personRemoved: "{name}, 지웠어요.",

  summary: "설치 내용", what: "항목", how: "내용", installer: "설치한 사람의 이름", installerHint: "예: 박철수", consents: "동의",
  consentWords: { contacts: "연락할 사람들이 이름과 번호를 기기와 상황실에 두는 데 동의했어요." },
  consentHint: "동의하지 않으면 비워 두세요. 비워 두어도 마칠 수 있어요.", recordStays: "설치 기록에는 위의 내용과 설치한 사람의 이름이 들어가요. 기기는 이 기록을 아무 데도 보내지 않아요. 라벨의 코드가 있는 사람이 내려받아 사무실에 넘길 수 있어요.", commission: "설치 마치기", missing: "아직 남은 단계가 있어요: {name}", allPassed: "{count}개 모두 합격", somePassed: "{passed}개 합격, {skipped}개 건너뜀", openCount: "{count}개 남음", zonesCount: "{count}곳", peopleCount: "{count}명", none: "없음",

  resetFor: "기기를 남에게 넘기거나 버릴 때, 사람들의 자료를 모두 지워요.", resetOpen: "초기화 화면 열기", resetBack: "초기화하지 않고 돌아가기",
  resetWhat: "초기화하면 이런 것이 모두 없어져요.", resetGone: { all: ["연락할 사람의 이름과 번호", "경보 기록과 센서 기록", "설치한 곳, 쓰임, 모든 설정과 Wi-Fi", "기기의 열쇠와 신분증"] },
  resetThen: "초기화한 기기는 아무것도 지키지 않아요. 다시 쓰려면 사무실에서 카드와 라벨을 새로 만들어야 해요.",
  resetType: "확인을 위해 기기 번호를 적어 주세요", resetTypeHint: "기기 번호: {id}", resetOther: "기기 번호 {id} 그대로 적어 주세요.", resetDo: "이 기기 초기화하기",
  resetUnplug: "전원을 뽑았다가 다시 꽂아 주세요.", resetLasts: "다시 켜지면 기기가 스스로 지워요. 카드가 크면 한 시간 넘게 걸려요. 끝날 때까지 이 기기는 아무것도 지키지 않아요.", resetNot: "초기화 그만두기", resetOff: "초기화를 그만두었어요.",

  doneWords: "기기가 이제 이곳을 지켜요.", doneSimulated: "모의 장치라서 아무것도 지키지 않아요.", certificate: "인증서 보기", certificateHint: "종이 한 장으로 인쇄할 수 있어요. 새 창에서 열려요.", record: "설치 기록 내려받기", recordHint: "사무실에 보내 주세요.",
  closes: "이 화면은 10분 뒤에 닫혀요. 다시 열려면 소리 멈춤 단추(없으면 점검 단추)를 5초 동안 누르세요.",

  quantities: {
    TEMPERATURE_C: ["{value}도(℃)", 1], SURFACE_TEMPERATURE_C: ["{value}도(℃)", 1], RELATIVE_HUMIDITY_PCT: ["습도 {value}퍼센트", 0], SMOKE_OBSCURATION_PCT_PER_M: ["연기 {value}퍼센트(1미터에)", 1],
    SMOKE_ALARM_CONTACT: ["연기 없음", "연기 경보"], PM1_0_UG_M3: ["먼지 {value}마이크로그램", 0], PM2_5_UG_M3: ["초미세먼지 {value}마이크로그램", 0], PM10_UG_M3: ["미세먼지 {value}마이크로그램", 0],
    CO_PPM: ["일산화탄소 {value}피피엠", 0], CO2_PPM: ["이산화탄소 {value}피피엠", 0], ECO2_PPM: ["이산화탄소(추정) {value}피피엠", 0], TVOC_PPB: ["휘발성 물질 {value}피피비", 0], VOC_INDEX: ["공기 오염 지수 {value}", 0],
    GAS_RS_R0: ["가스 비율 {value}", 2], GAS_KOHM: ["가스 저항 {value}킬로옴", 1], FLAME_IR: ["불빛 없음", "불빛 보임"], FLAME_FLICKER_HZ: ["깜박임 1초에 {value}번", 1],
    SOUND_LAF_DBA: ["소리 {value}데시벨", 0], SOUND_LAEQ_DBA: ["소리 {value}데시벨", 0], SOUND_LEQ_DB: ["소리 {value}데시벨", 0], SOUND_LOST_PCT: ["놓친 소리 {value}퍼센트", 0], ALARM_PULSES: ["경보음 신호 {value}", 0],
    MOTION: ["움직임 없음", "움직임 있음"], PRESENCE: ["사람 없음", "사람 있음"], CONTACT_OPEN: ["닫힘", "열림"], BUTTON: ["안 눌림", "눌림"],
    FIRE_SCORE: ["불 같은 정도 {value}", 2], SMOKE_SCORE: ["연기 같은 정도 {value}", 2], FLAME_AREA_PCT: ["불꽃 넓이 {value}퍼센트", 1], FALL_SCORE: ["넘어진 정도 {value}", 2], LYING_SCORE: ["누운 정도 {value}", 2],
    BODY_MOTION: ["움직인 정도 {value}", 2], POSE_LOST: ["사람을 놓치지 않음", "사람을 놓침"], PERSON_COUNT: ["{value}명", 0], VIEW: ["잘 보여요", "보기 시작해요", "어두워요", "가려졌어요", "흐려요", "다른 곳을 봐요", "꺼 두었어요", "카메라 고장이에요"], VIEW_OUTLINE_ROW: ["윤곽 {value}", 0], PRESSURE_HPA: ["기압 {value}헥토파스칼", 0], DISTANCE_M: ["거리 {value}미터", 2],
    TAG_RSSI_DBM: ["신호 {value}데시벨밀리와트", 0], TAG_PRESENT: ["꼬리표 없음", "꼬리표 가까이 있음"], BED_OCCUPIED: ["침대 비었음", "침대에 사람 있음"], ENCLOSURE_OPEN: ["뚜껑 닫힘", "뚜껑 열림"],
    TILT_DEG: ["기울기 {value}도", 1], VIBRATION_M_S2: ["흔들림 {value}", 2], WATER_L: ["물 {value}리터", 0], WATER_PRESENT: ["물기 없음", "물기 있음"], SUPPLY_V: ["전압 {value}볼트", 1], SUPPLY_A: ["전류 {value}암페어", 2], BATTERY_V: ["배터리 {value}볼트", 1],
    SUPPLY_LOST: ["전원 있음", "전원 끊김"], UNDER_VOLTAGE: ["전압 정상", "전압 부족"], THROTTLED: ["속도 정상", "느려짐"], ANALOG_V: ["전압 {value}볼트", 2], MAGNETIC_SHIFT_UT: ["자기 변화 {value}마이크로테슬라", 1], AWAY_H: ["비운 지 {value}시간", 0],
  },
};

const EN = {
  product: "Haetae setup", toContent: "Skip to the content", language: "한국어", simulated: "Simulated device. It protects nothing.",
  count: "Step {number} of {count} · show all", stepDone: "done", stepOpen: "not yet", back: "Back", next: "Next", save: "Save and go on",
  starting: "Connecting to the device", working: "Working. Please wait a moment.",
  restarting: "The device is restarting. Leave this page open: it goes on by itself.",
  unreachable: "The connection to the device is lost. It comes back by itself, and what you saved is kept. If it takes long, see whether your phone is on this device's Wi-Fi.",
  backAgain: "Connected to the device again.",
  signedOut: "The page was closed, as nobody had used it for long. Enter the code again to go on where you were.",
  troubles: "Please correct this", waitWords: "You can try again in {seconds} seconds.", waitOver: "You can try again now.",
  required: "Please fill this in.", remove: "Remove", change: "Change",

  help: "If you need help", helpAsk: "If it still does not work, leave the device on and call the office. Tell them the device number at the top of this page.",
  officePhone: "The office's phone:", officeCard: "The office's phone number is written on the installer's card.",

  titles: {
    starting: "Connecting", code: "Setup code", identity: "The device's identity", place: "Where it stands", profile: "What it is for", sensors: "Test the sensors",
    zones: "Beds and sofas", noise: "Usual noise", network: "Check the connection", contacts: "People to call", commission: "Finish", reset: "Reset this device", done: "All done",
  },
  advices: {
    starting: "See whether the device's green light is on, and whether your phone is on the device's Wi-Fi.",
    code: "Point your phone's camera at QR code ② on the label and the code fills itself in. Or type the 12 characters of the label; spaces and hyphens do not matter.",
    identity: "The device fetches its identity from the city's server. Without internet it does so later by itself. You may go on with the next steps.",
    place: "Write it so that whoever comes to help will find it: market, alley, number of the stall.",
    profile: "Choose what is most like the place to be protected. Its parts list must match what is in the box.",
    sensors: "Each sensor has to show that it really senses, one at a time. The siren may sound: tell the people around you first. An alarm of a test is sent as a test. If time runs out, test again.",
    zones: "Mark where lying down is no fall. No photograph is kept or shown, an outline only.",
    noise: "For half a minute this measures how loud it is when it is quiet. Please do not speak or move meanwhile.",
    network: "This checks whether the server of the city's control room answers this device.",
    contacts: "People to be called when there is an alarm. Please call them now to see that the numbers are right.",
    commission: "If all is right, write your name and finish. The device signs a record of it.",
    reset: "Only when you give the device away or throw it out. It cannot be undone.",
    done: "Put the certificate up in the stall, and send the record to the office.",
  },

  code: "The 12 characters on the label", codeHint: "Such as 7K3M-9PQR-2WXY", codeShort: "The code has 12 characters. You have entered {count}.", open: "Open",
  identityStates: { waiting: "Waiting for its identity", enrolled: "It has its identity", failed: "It got no identity", quarantined: "Its identity has expired" },
  identify: "Blink this device's light", identified: "The device's light is blinking.", identityOf: "Device number", site: "Site", later: "You may go on without it. This changes by itself once it is there.",
  placeKo: "Where is it installed? (in Korean)", placeKoHint: "Such as 청량리시장 3번 골목 17호 튀김집", placeEn: "In English (may be left empty)", placeEnHint: "Such as Cheongnyangni Market, alley 3, stall 17",
  profileWhich: "What does it protect?", wiring: "Show parts and wiring", wiringOf: "{name}: wiring picture", suggested: "As ordered", fits: "Fits the parts that are connected better", misfit: "The parts that are connected look more like: {name}. Please look at the box; if that is right, choose again.", misfitGo: "Choose again",
  profileResets: "If you choose another one, all sensors have to be tested again.",

  sensorsCount: "{number} of {count} sensors done.", noSensors: "The device is getting its sensors ready.", mistake: "It was pressed by mistake", test: "Test", again: "Test again", nextSensor: "Test the next sensor",
  live: "Value now", noValue: "No value yet", doThis: "Do this now", watching: "The device is watching this sensor's value.", skip: "Skip", skipWhy: "Why do you skip it?", skipDo: "Skip this sensor",
  skipReasons: { absent: "The part is not in the box", tool: "I have no tool to test it (smoke, gas)", later: "Not possible now, to be done later", other: "Another reason" },
  skipOther: "Please write the reason", skipWarn: "A skipped sensor does not count as protecting. The record says so.", testAll: "Not tested yet: {name}",
  sensorStates: { ok: "Values arrive", silent: "No values arrive", failed: "It has failed", waiting: "Getting ready", muted: "Switched off by hand" },
  trialStates: { untried: "Not tested yet", running: "Testing", passed: "Passed", failed: "Failed", skipped: "Skipped" },
  baseline: "Measure its value in clean air", baselineHow: "This sensor needs its value in clean air first. Open the window; it is best a day after it was switched on.", heated: "Hours it has been on", heatedHint: "Such as 24", heatedWrong: "Please write the hours in digits.", baselineRunning: "Measuring: {taken} of {of}",
  curve: "Values during the test: first {first}, highest {highest}, last {last}", turns: "During the test: {turns}", curveSeconds: "in {seconds} seconds",

  camera: "Camera", zonesHow: "Tap the corners of the bed or sofa one after the other. Three corners or more make a place. Or move the mark by the arrow buttons. No dragging is needed.", outlineOf: "Outline of the room. Arrow keys move the mark, Enter puts a corner.", outlineRole: "picture to put corners on",
  noOutline: "There is no outline from the camera yet.", look: "Look again", cursorAt: "across {x}, down {y}", corner: "Put a corner here", undo: "Undo one corner", finish: "This place is complete", corners: "{count} corners", kind: "What is it?",
  kinds: { bed: "Bed", sofa: "Sofa", mat: "Mattress on the floor", other: "Other" }, up: "Up", down: "Down", left: "Left", right: "Right", move: "Move the mark",
  drawnZones: "Places drawn", noZones: "No place is drawn.", zoneName: "{kind} {number}", removeZone: "Remove {name}", tooFew: "Please tap three corners or more.", zoneOpen: "Please complete the place you were drawing, or undo it.", zoneFull: "There can be 8 places.", zonesNone: "There is no bed and no sofa in this room", zonesSay: "Please draw a place, or say that there is no bed and no sofa.",
  zoneAdded: "{name} added.", zoneRemoved: "{name} removed.",

  noiseQuiet: "Please be quiet while it measures.", noiseStart: "Start measuring", noiseAgain: "Measure again", noiseLeft: "{seconds} seconds left", noiseDone: "The usual noise is {level} decibels.", noiseProgress: "Measuring the noise", noiseFirst: "Please measure the usual noise first.",
  meterOpen: "If you have a sound level meter (not needed)", meterHow: "Put the meter beside the microphone, make a loud, steady sound for more than 15 seconds, and press.", meter: "What the meter shows (decibels)", meterHint: "Such as 74.5", meterName: "Name of the meter (may be left empty)", meterDo: "Make the microphone follow the meter", meterWrong: "Please write what the meter shows, from {least} to {most}.",
  noiseStates: { untried: "Not measured yet", running: "Measuring", passed: "Measured", failed: "Could not measure" },

  networkCheck: "Check the connection", networkAgain: "Check again", networkFirst: "Please check the connection first.",
  networkStates: { untried: "Not checked yet", running: "Checking", passed: "Connected to the control room", failed: "Not connected" },

  person: "Name", personHint: "Such as Kim Younghee (owner)", phone: "Phone number", phoneHint: "Such as 010-1234-5678", confirmed: "Number last confirmed on", addPerson: "Add this person", savePerson: "Save the change", morePeople: "Add somebody to call", people: "People to call", noPeople: "Nobody yet.",
  confirmedOn: "Confirmed on {date}", removePerson: "Remove {name}", changePerson: "Change {name}", phoneWrong: "Please write a phone number of at least 3 digits.", dateWrong: "The day must be today or earlier.", personFirst: "Please add at least one person to call.", personOpen: "Please add the person you were writing down, or clear the fields.", personAdded: "{name} added.", personRemoved: "{name} removed.",

  summary: "Summary", what: "Item", how: "Result", installer: "Installer's name", installerHint: "Such as Park Chulsoo", consents: "Consents",
  consentWords: { contacts: "The people to call agree that the device and the control room keep their names and numbers." },
  consentHint: "Leave it empty if there is no consent. You can finish without it.", recordStays: "The record holds the above and the installer's name. The device sends it nowhere: whoever has the label's code can download it, and hand it to the office.", commission: "Finish the setup", missing: "Still to do: {name}", allPassed: "all {count} passed", somePassed: "{passed} passed, {skipped} skipped", openCount: "{count} to do", zonesCount: "{count} places", peopleCount: "{count} people", none: "none",

  resetFor: "When the device is given away or thrown out: erases all that people left on it.", resetOpen: "Open the reset page", resetBack: "Go back without a reset",
  resetWhat: "After a reset all of this is gone:", resetGone: { all: ["Names and numbers of the people to call", "Alarms and recordings", "Place, purpose, all settings and the Wi-Fi", "The device's key and identity"] },
  resetThen: "A device that was reset protects nothing. To use it again, the office has to make its card and label anew.",
  resetType: "Please type the device number to confirm", resetTypeHint: "Device number: {id}", resetOther: "Please type the device number {id} exactly.", resetDo: "Reset this device",
  resetUnplug: "Please pull the plug and put it back.", resetLasts: "When it starts again the device erases itself. On a large card that takes more than an hour, and it protects nothing meanwhile.", resetNot: "Do not reset", resetOff: "The reset is off.",

  doneWords: "The device protects this place now.", doneSimulated: "It is simulated and protects nothing.", certificate: "See the certificate", certificateHint: "It prints on one sheet. Opens in a new window.", record: "Download the record", recordHint: "Please send it to the office.",
  closes: "This page closes in 10 minutes. To open it again, hold the button that hushes (or the one that tests) for 5 seconds.",

  quantities: {
    TEMPERATURE_C: ["{value} degrees (°C)", 1], SURFACE_TEMPERATURE_C: ["{value} degrees (°C)", 1], RELATIVE_HUMIDITY_PCT: ["humidity {value} percent", 0], SMOKE_OBSCURATION_PCT_PER_M: ["smoke {value} percent a metre", 1],
    SMOKE_ALARM_CONTACT: ["no smoke", "smoke alarm"], PM1_0_UG_M3: ["dust {value} micrograms", 0], PM2_5_UG_M3: ["fine dust {value} micrograms", 0], PM10_UG_M3: ["coarse dust {value} micrograms", 0],
    CO_PPM: ["carbon monoxide {value} ppm", 0], CO2_PPM: ["carbon dioxide {value} ppm", 0], ECO2_PPM: ["carbon dioxide (estimate) {value} ppm", 0], TVOC_PPB: ["vapours {value} ppb", 0], VOC_INDEX: ["vapour index {value}", 0],
    GAS_RS_R0: ["gas ratio {value}", 2], GAS_KOHM: ["gas resistance {value} kilohms", 1], FLAME_IR: ["no flame", "flame seen"], FLAME_FLICKER_HZ: ["flickers {value} times a second", 1],
    SOUND_LAF_DBA: ["sound {value} decibels", 0], SOUND_LAEQ_DBA: ["sound {value} decibels", 0], SOUND_LEQ_DB: ["sound {value} decibels", 0], SOUND_LOST_PCT: ["sound missed {value} percent", 0], ALARM_PULSES: ["alarm signal {value}", 0],
    MOTION: ["no movement", "movement"], PRESENCE: ["nobody there", "somebody there"], CONTACT_OPEN: ["closed", "open"], BUTTON: ["not pressed", "pressed"],
    FIRE_SCORE: ["like fire {value}", 2], SMOKE_SCORE: ["like smoke {value}", 2], FLAME_AREA_PCT: ["flames {value} percent of the picture", 1], FALL_SCORE: ["like a fall {value}", 2], LYING_SCORE: ["lying {value}", 2],
    BODY_MOTION: ["moving {value}", 2], POSE_LOST: ["people in sight", "person lost from sight"], PERSON_COUNT: ["{value} people", 0], VIEW: ["sees well", "beginning to see", "dark", "covered", "blurred", "looks elsewhere", "switched off", "camera has failed"], VIEW_OUTLINE_ROW: ["outline {value}", 0], PRESSURE_HPA: ["pressure {value} hectopascals", 0], DISTANCE_M: ["distance {value} metres", 2],
    TAG_RSSI_DBM: ["signal {value} dBm", 0], TAG_PRESENT: ["no tag", "tag near"], BED_OCCUPIED: ["bed empty", "somebody in bed"], ENCLOSURE_OPEN: ["lid closed", "lid open"],
    TILT_DEG: ["tilt {value} degrees", 1], VIBRATION_M_S2: ["shaking {value}", 2], WATER_L: ["water {value} litres", 0], WATER_PRESENT: ["dry", "wet"], SUPPLY_V: ["{value} volts", 1], SUPPLY_A: ["{value} amperes", 2], BATTERY_V: ["battery {value} volts", 1],
    SUPPLY_LOST: ["power on", "power lost"], UNDER_VOLTAGE: ["voltage normal", "voltage too low"], THROTTLED: ["full speed", "slowed down"], ANALOG_V: ["{value} volts", 2], MAGNETIC_SHIFT_UT: ["magnetic shift {value} microtesla", 1], AWAY_H: ["away for {value} hours", 0],
  },
};

export const LANGUAGES = { ko: KO, en: EN };

export class Words {
  /** @param {Language} language */
  constructor(language) {
    this.language = language;
  }

  /** @param {string} name @param {Record<string, string | number>} [values] @returns {string} */
  say(name, values = {}) {
    const found = LANGUAGES[this.language][name];
    if (typeof found !== "string") throw new TypeError(`no text ${name}`);
    return put(found, values);
  }

  /** A word of a table; what is not in it stands for itself. */
  word(table, name) {
    const words = LANGUAGES[this.language][table];
    return Object.hasOwn(words, name) ? words[name] : name;
  }

  /** @param {string} quantity @param {number | null | undefined} value @returns {string} the value with its unit */
  value(quantity, value) {
    if (typeof value !== "number") return this.say("noValue");
    const words = LANGUAGES[this.language].quantities[quantity] ?? [`{value} ${quantity}`, 2];
    if (typeof words[1] === "string") return words[Math.min(words.length - 1, Math.max(0, Math.round(value)))];
    return put(words[0], { value: value.toFixed(words[1]) });
  }

  /** Whether its values have words of their own, as on and off do. */
  isWorded(quantity) {
    return typeof LANGUAGES[this.language].quantities[quantity]?.[1] === "string";
  }

  /** @param {import("./server.js").Why | null | undefined} why @returns {string} a dash is nothing */
  tell(why) {
    const words = why?.[this.language] ?? "";
    return words === "-" ? "" : words;
  }
}

function put(words, values) {
  return words.replace(/\{(\w+)\}/g, (_, key) => String(values[key]));
}
