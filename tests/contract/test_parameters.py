"""Parameters of rules change while everything runs, on both runtimes, and the law holds after each change."""

from schemas.records import Institution
from schemas.rules import RuleParameters
from tests.contract.conftest import Runtime
from tests.support.deployment import Door
from tests.support.entries import stay


def test_parameters_change_without_a_restart(runtime: Runtime):
    """Two stays that share 23 hours, of the same town, and two of another."""

    async def story(door: Door) -> None:
        async def said(*records: RuleParameters) -> dict[str, tuple]:
            """Town → (severity, whether on trial) of its open A01."""
            if records:
                await door.load("rules", *records)
            await runtime.settled(door)
            spoken = [one for one in (await door.open_alerts()).values() if one["rule"] == "A01"]
            return {
                one["institutions"][0][:3]: (one["severity"], one.get("shadow", False))
                for one in spoken
                if one["institutions"][0][:2] in ("Q1", "Q2")
            }

        for town, region in (("Q1-", "430602"), ("Q2-", "431027")):
            for number in (1, 2):
                await door.load("institutions", Institution(f"{town}H{number}", region=region))
            await door.post(stay("03-01 09:00", "03-10 09:00", f"{town}H1", f"{town}1", person=town))
            await door.post(stay("03-09 10:00", "03-12 09:00", f"{town}H2", f"{town}2", person=town))
        assert await said() == {"Q1-": (2, False), "Q2-": (2, False)}
        assert await said(RuleParameters("A01", "4306", values={"tolerance_hours": 30.0})) == {
            "Q2-": (2, False)
        }
        later = RuleParameters("A01", "4306", "2026-03-09", values={"tolerance_hours": 20.0}, shadow=True)
        assert await said(later) == {"Q1-": (2, True), "Q2-": (2, False)}
        assert await said(RuleParameters("A01", severity=1)) == {"Q1-": (1, True), "Q2-": (1, False)}
        assert await said(RuleParameters("A01", "4310", enabled=False)) == {"Q1-": (1, True)}
        back = [RuleParameters("A01", *place) for place in ((), ("4310",), ("4306",), ("4306", "2026-03-09"))]
        assert await said(*back) == {"Q1-": (2, False), "Q2-": (2, False)}

    runtime.tell(story)
