import pytest

from hw_mocks.faults import Fault, FaultKnob


class Part:
    fault = FaultKnob(Fault.ABSENT, Fault.STUCK, then=lambda part: part.moved.append(part.fault))

    def __init__(self) -> None:
        self.moved: list[Fault] = []


def test_a_part_is_well_at_first() -> None:
    assert Part().fault is Fault.NONE


def test_a_fault_is_set_by_member_or_by_name_and_the_part_moves_at_once() -> None:
    part = Part()
    part.fault = Fault.ABSENT
    part.fault = "stuck"
    part.fault = "none"
    assert part.moved == [Fault.ABSENT, Fault.STUCK, Fault.NONE]


def test_parts_of_one_kind_fail_one_by_one() -> None:
    first, second = Part(), Part()
    first.fault = Fault.ABSENT
    assert second.fault is Fault.NONE


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ("corrupted", "Part cannot show corrupted; it can show: absent, none, stuck"),
        ("bent", "not a valid Fault"),
    ],
)
def test_a_fault_that_the_part_cannot_show_is_refused(fault: str, says: str) -> None:
    part = Part()
    with pytest.raises(ValueError, match=says):
        part.fault = fault
    assert part.fault is Fault.NONE
