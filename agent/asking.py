"""The turns of the asking after a fall: when the device speaks, and when it listens for an answer.

The turns are fixed, so the detector, which knows no loudspeaker, and the annunciator, which knows
no microphone, agree on them without a word: what is heard counts in people's turn only, and the
device's own voice can never answer for anybody.
"""

ROUND_S = 15.0
TALK_S = 9.0  # from a tone over the question to a second tone, after which people answer
RINGS_S = 1.0  # until the second tone has died away and the level meter has forgotten it


def listens(since_s: float) -> bool:
    """Whether what is heard `since_s` seconds after the asking began may be an answer."""
    return since_s % ROUND_S >= TALK_S + RINGS_S
