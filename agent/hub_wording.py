"""What people read of each cause: Korean, English, and what to do about it in both.

`place` is the hub's address with its port, `host` its name alone, `detail` what was heard of it.
"""

from agent.hub_cause import Cause, Standing
from agent.values import Why

WORDS: dict[Cause, tuple[str, str, str, str]] = {
    Cause.NO_HUB: (
        "설정에 서버가 없습니다.",
        "no hub in the configuration",
        "",
        "",
    ),
    Cause.NOT_YET: ("아직 서버에 연결하지 않았습니다.", "not connected yet", "", ""),
    Cause.CLOSED: ("연결을 정상적으로 끊었습니다.", "closed", "", ""),
    Cause.CONNECTED: ("서버에 연결되어 있습니다.", "connected", "", ""),
    Cause.NOBODY_LISTENS: (
        "서버에 연결되어 있지만, 받아 보는 곳이 없습니다.",
        "connected, but nobody listens at the hub",
        "관제 프로그램이 켜져 있는지 서버 관리자에게 물어보십시오.",
        "ask the hub's operator whether the program that takes the events is running",
    ),
    Cause.BUDGET_SPENT: (
        "오늘 쓸 통신량을 거의 다 써서 급하지 않은 소식은 미룹니다. 경보는 바로 보냅니다.",
        "connected; the bandwidth budget is used up: {detail}; alarms go out all the same",
        "연결이 자주 끊기는지 살펴보시고, 요금제가 허락하면 budget_kb_per_day를 늘리십시오.",
        "see why it is used up (a line that breaks often), or raise `budget_kb_per_day`",
    ),
    Cause.NO_LINK: (
        "인터넷 선이 빠졌거나 와이파이에 연결되지 않았습니다.",
        "{place} cannot be reached: no cable is plugged in and no Wi-Fi joined",
        "랜선과 공유기 전원, 와이파이 이름과 비밀번호를 확인하십시오.",
        "check the cable, the router's power, and the name and password of the Wi-Fi",
    ),
    Cause.NO_ADDRESS: (
        "공유기가 주소를 주지 않습니다.",
        "{place} cannot be reached: the network gave this device no address",
        "공유기를 껐다 켜고, 공유기의 DHCP 기능을 확인하십시오.",
        "restart the router, and check that it gives addresses (DHCP)",
    ),
    Cause.NO_ROUTE: (
        "공유기에서 인터넷으로 나가는 길이 없습니다.",
        "{place} cannot be reached: the network has no way out (no default route)",
        "공유기가 인터넷에 연결되어 있는지 확인하십시오.",
        "check that the router has Internet access and names itself as the gateway",
    ),
    Cause.UNREACHABLE: (
        "서버까지 가는 길이 끊겼습니다: {detail}",
        "{place} cannot be reached: {detail}",
        "인터넷 연결과 방화벽을 확인하십시오.",
        "check the Internet connection and the firewall in between",
    ),
    Cause.DNS_DEAD: (
        "서버의 이름 {host}을(를) 찾아 주는 곳(DNS)이 응답하지 않습니다.",
        "the name {host} cannot be resolved: the name server does not answer ({detail})",
        "인터넷 연결과 공유기의 DNS 설정을 확인하십시오.",
        "check the Internet connection and the name server that the router hands out",
    ),
    Cause.DNS_SLOW: (
        "서버의 이름 {host}을(를) 찾는 데 너무 오래 걸립니다.",
        "the name {host} cannot be resolved in time: the look-up still hangs after {detail}",
        "공유기의 DNS 설정을 확인하십시오.",
        "check the name server that the router hands out",
    ),
    Cause.NAME_UNKNOWN: (
        "서버의 이름 {host}은(는) 없는 이름입니다.",
        "the name {host} cannot be resolved: there is no such name ({detail})",
        "설정의 [hub] host에 적힌 이름을 확인하십시오.",
        "check `host` in `[hub]`; in a foreign network a portal may hide the name",
    ),
    Cause.REFUSED: (
        "{place}에서 연결을 거절합니다. 서버 프로그램이 꺼져 있습니다.",
        "{place} refuses connections: no broker listens there",
        "서버 관리자에게 알리고, 설정의 [hub] port를 확인하십시오.",
        "tell the hub's operator, and check `port` in `[hub]`",
    ),
    Cause.NO_ANSWER: (
        "{place}에서 응답이 없습니다.",
        "{place} does not answer: no connection within {detail}",
        "서버가 켜져 있는지, 방화벽이 이 포트를 막는지 확인하십시오.",
        "check that the hub is up and that no firewall swallows this port",
    ),
    Cause.CAPTIVE_PORTAL: (
        "서버 대신 와이파이 로그인 화면이 응답합니다: {detail}",
        "a captive portal answers instead of {place}: {detail}",
        "이 기기가 로그인 없이 인터넷을 쓸 수 있게 와이파이 관리자에게 요청하십시오.",
        "ask whoever runs this network to let the device out without a login page",
    ),
    Cause.NOT_TLS: (
        "{place}의 서버는 암호화 연결을 하지 않습니다: {detail}",
        "{place} does not speak TLS: {detail}",
        "설정의 [hub] port를 확인하십시오. 보통 8883입니다.",
        "check `port` in `[hub]`: usually 8883",
    ),
    Cause.NOT_A_BROKER: (
        "{place}의 서버는 MQTT 서버가 아닙니다: {detail}",
        "{place} is no MQTT broker: instead of a CONNACK it said {detail}",
        "설정의 [hub] host와 port를 확인하십시오.",
        "check `host` and `port` in `[hub]`",
    ),
    Cause.TLS_HANGS: (
        "{place}에 연결은 되지만 암호화 협상이 끝나지 않습니다.",
        "{place} does not answer: it takes the connection, and the TLS handshake hangs ({detail})",
        "방화벽이 암호화 연결을 막는지, 서버가 바쁜지 확인하십시오.",
        "check whether a firewall holds up TLS, or the hub is overloaded",
    ),
    Cause.TLS_REFUSED: (
        "서버가 암호화 연결을 거절했습니다: {detail}",
        "the hub refused the TLS connection: {detail}",
        "서버 관리자에게 이 문장을 알려 주십시오.",
        "tell the hub's operator: versions or ciphers of TLS do not fit",
    ),
    Cause.SERVER_UNTRUSTED: (
        "{place}의 인증서를 믿을 수 없습니다: {detail}",
        "the certificate of {place} is not trusted: {detail}",
        "이 기기의 ca.pem이 이 서버의 것인지 확인하십시오.",
        "check that `ca` is the authority of this hub; it may have changed its authority",
    ),
    Cause.SERVER_OTHER_NAME: (
        "{place}의 인증서는 다른 이름의 것입니다: {detail}",
        "the certificate of {place} is not trusted: it is for another name: {detail}",
        "설정의 [hub] host를 인증서에 적힌 이름으로 고치십시오.",
        "set `host` in `[hub]` to the name that the certificate has",
    ),
    Cause.SERVER_EXPIRED: (
        "{place}의 인증서 기한이 지났습니다: {detail}",
        "the certificate of {place} is not trusted: certificate has expired{detail}",
        "서버 관리자에게 인증서를 새로 받으라고 알려 주십시오.",
        "tell the hub's operator to renew it",
    ),
    Cause.SERVER_NOT_YET_VALID: (
        "{place}의 인증서는 아직 쓸 수 없는 날짜입니다: {detail}",
        "the certificate of {place} is not trusted: certificate is not yet valid{detail}",
        "서버 관리자에게 서버의 시계와 인증서를 확인해 달라고 하십시오.",
        "tell the hub's operator: its authority's clock was ahead",
    ),
    Cause.CLOCK_AHEAD: (
        "이 기기의 시계가 앞서 가거나 서버의 인증서 기한이 지났습니다: {detail}",
        "the clock of this device is ahead, or the hub's certificate has expired: {detail}",
        "인터넷 시각 맞추기(NTP)를 확인하고, 시계가 맞으면 서버 관리자에게 알리십시오.",
        "check time synchronisation (NTP); if the clock is right, tell the hub's operator",
    ),
    Cause.CERTIFICATE_FILE: (
        "이 기기의 인증서 파일을 쓸 수 없습니다: {detail}",
        "{detail}",
        "기기를 다시 등록하십시오: haetae-provision",
        "put the file in place, or enrol the device anew: haetae-provision",
    ),
    Cause.CERTIFICATE_EXPIRED: (
        "이 기기의 인증서 기한이 지나서 서버가 거절했습니다: {detail}",
        "the hub refused the device certificate: expired ({detail})",
        "인증서를 새로 받으십시오: haetae-provision",
        "renew it: haetae-provision",
    ),
    Cause.CERTIFICATE_UNKNOWN_CA: (
        "서버가 이 기기의 인증서를 발급한 곳을 믿지 않습니다.",
        "the hub refused the device certificate: its CA is not one that the hub trusts",
        "이 서버에 기기를 다시 등록하십시오: haetae-provision",
        "enrol the device at this hub: haetae-provision",
    ),
    Cause.CERTIFICATE_REVOKED: (
        "이 기기의 인증서는 취소되었습니다.",
        "the hub refused the device certificate: it was revoked",
        "서버 관리자에게 취소한 까닭을 물어보고 기기를 다시 등록하십시오.",
        "ask the hub's operator why, and enrol the device anew: haetae-provision",
    ),
    Cause.CERTIFICATE_REFUSED: (
        "서버가 이 기기의 인증서를 거절했습니다: {detail}",
        "the hub refused the device certificate: {detail}",
        "기기를 다시 등록하십시오: haetae-provision",
        "enrol the device anew: haetae-provision",
    ),
    Cause.CERTIFICATE_PROBABLY_REFUSED: (
        "서버가 말없이 연결을 끊었습니다. 아마 이 기기의 인증서를 거절한 것입니다.",
        "the hub hung up before its CONNACK: it probably refused the device certificate",
        "서버 관리자에게 서버 기록에서 이 기기의 이름을 찾아 달라고 하십시오.",
        "ask the hub's operator what its log says of this device; TLS 1.3 may not tell us",
    ),
    Cause.NO_CONNACK: (
        "{place}에 연결은 되지만 서버가 대답하지 않습니다.",
        "{place} does not answer: no CONNACK within {detail}",
        "서버가 너무 바쁜지 서버 관리자에게 물어보십시오.",
        "ask the hub's operator whether the broker is overloaded or stuck",
    ),
    Cause.CONNECTION_DENIED: (
        "서버가 이 기기의 연결을 거절했습니다: {detail}",
        "the hub refused the connection: {detail}",
        "서버 관리자에게 이 기기의 권한을 확인해 달라고 하십시오.",
        "ask the hub's operator to admit this device",
    ),
    Cause.SERVER_BUSY: (
        "서버가 바빠서 나중에 오라고 합니다: {detail}",
        "the hub is busy and asks to come back later: {detail}",
        "",
        "",
    ),
    Cause.SERVER_MOVED: (
        "서버가 다른 주소로 옮겼습니다: {detail}",
        "the hub has moved: {detail}",
        "설정의 [hub] host를 새 주소로 고치십시오.",
        "set `host` in `[hub]` to the new address, once its operator confirms it",
    ),
    Cause.PUBLISH_DENIED: (
        "서버가 이 소식을 받지 않습니다: {detail}",
        "the hub denied {detail}",
        "서버 관리자에게 이 기기의 쓰기 권한(ACL)을 확인해 달라고 하십시오.",
        "ask the hub's operator to allow this topic for this device's certificate (ACL)",
    ),
    Cause.COMMANDS_DENIED: (
        "연결되어 있지만, 서버가 이 기기에 명령을 주지 않습니다: {detail}",
        "connected; it denies commands to this device: {detail}",
        "서버 관리자에게 이 기기의 읽기 권한(ACL)을 확인해 달라고 하십시오.",
        "ask the hub's operator to let this device read its `cmd` topics (ACL)",
    ),
    Cause.HALF_OPEN: (
        "연결은 살아 있는 것처럼 보이지만 서버가 대답하지 않습니다. 다시 연결합니다.",
        "the hub does not answer: {detail}",
        "자주 그러면 공유기를 껐다 켜고 통신 상태를 확인하십시오.",
        "if it happens often: restart the router, and look at the line",
    ),
    Cause.BROKE: (
        "연결이 끊어졌습니다: {detail}",
        "the connection broke: {detail}",
        "",
        "",
    ),
    Cause.UNSTABLE: (
        "연결이 자꾸 끊어집니다. 통신이 약하거나, 같은 이름의 기기가 또 있습니다.",
        (
            "{detail}; the connection breaks again and again: a weak link, or another device as "
            "{device} (was a card cloned?)"
        ),
        "신호 세기를 확인하고, 메모리 카드를 복사해 쓴 기기가 있는지 찾아보십시오.",
        "look at the signal, and for a second device with a copy of this card",
    ),
    Cause.TAKEN_OVER: (
        "같은 이름({device})의 다른 기기가 연결합니다. 메모리 카드를 복사했습니까?",
        "{detail}; another device connects as {device}: was a card cloned?",
        "복사한 카드를 쓰는 기기를 찾아 새로 등록하십시오.",
        "find the device with the copy and enrol it under a name of its own",
    ),
}


def standing(cause: Cause, **facts: object) -> Standing:
    """Put a cause into words; `facts` fill the gaps that the cause's words have.

    Raises:
        KeyError: A gap stays open: a bug.
    """
    ko, en, remedy_ko, remedy_en = WORDS[cause]
    why = Why(ko=ko.format(**facts), en=en.format(**facts))
    if not remedy_en:
        return Standing(cause, why)
    return Standing(cause, why, Why(ko=remedy_ko.format(**facts), en=remedy_en.format(**facts)))
