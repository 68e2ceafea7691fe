"""Who may command: the `[[commanders]]` of the configuration, and what their signatures are worth.

A broker that was taken over can hold commands back, but neither make one nor change one.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from agent import jws
from agent.commands import Code
from agent.sections import CommanderConfig
from agent.signing import SigningError, Verifier, load_verifier

_LONGEST_FILE = 64 * 1024  # a chain of certificates has some thousand bytes


class RefusedError(Exception):
    """A body is not taken as anybody's command; `code` says why to machines."""

    def __init__(self, code: Code, reason: str, signer: str = "") -> None:
        super().__init__(reason)
        self.code, self.signer = code, signer


@dataclass(frozen=True, slots=True)
class Signed:
    """What a commander has said, and who it was; `signer` is empty where nobody need sign."""

    payload: bytes
    signer: str


class Commanders:
    """The keys of those who may command, by name. Without any, commands go unsigned.

    A key that cannot be read leaves its owner without a say, and `trouble` says so; it never makes
    a device take unsigned commands, nor keeps one from starting.
    """

    def __init__(self, configs: Iterable[CommanderConfig] = ()) -> None:
        self._configs = {each.name: each for each in configs}
        self._keys: dict[str, Verifier] = {}
        troubles = []
        for name, each in self._configs.items():
            try:
                with Path(each.key).open("rb") as file:
                    self._keys[name] = load_verifier(file.read(_LONGEST_FILE))
            except (OSError, SigningError) as error:
                troubles.append(f"{name} cannot command: {each.key}: {error}")
        self.trouble = "; ".join(troubles)

    def __bool__(self) -> bool:
        """Whether commands must be signed."""
        return bool(self._configs)

    def opened(self, verb: str, body: bytes, *, needs_signature: bool) -> Signed:
        """What `body` says, once it is known by whom.

        Raises:
            RefusedError: Nobody has signed it who may command `verb`.
        """
        if not self._configs:
            if needs_signature:
                remedy = "add [[commanders]] to device.toml"
                reason = f"{verb} is for signed commands, and this device knows no key: {remedy}"
                raise RefusedError(Code.NOT_AUTHORISED, reason)
            return Signed(body, "")
        try:
            found = jws.parse(body)
        except jws.JwsError as error:
            raise RefusedError(Code.NOT_AUTHENTIC, str(error)) from None
        name = found.header.kid
        if (key := self._keys.get(name)) is None:
            raise RefusedError(Code.NOT_AUTHENTIC, f"no key is known by the `kid` {name}")
        if found.header.alg != key.algorithm:
            reason = f"the key of {name} signs by {key.algorithm}, not by {found.header.alg}"
            raise RefusedError(Code.NOT_AUTHENTIC, reason)
        try:
            is_theirs = key.verify_jose(found.signed, found.signature)
        except SigningError as error:
            raise RefusedError(Code.NOT_AUTHENTIC, str(error)) from None
        if not is_theirs:
            raise RefusedError(Code.NOT_AUTHENTIC, f"it is not what {name} has signed")
        if verb not in self._configs[name].verbs:
            raise RefusedError(Code.NOT_AUTHORISED, f"{name} may not command {verb}", name)
        return Signed(found.payload, name)
