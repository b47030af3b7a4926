"""What travel between two places is possible in a time (rules.md A05, F04)."""

from dataclasses import dataclass

from schemas.moments import HOUR, MINUTE
from services.detector.rule import Parameters, parameter


@dataclass(frozen=True)
class TravelParameters(Parameters):
    """Figures of a rule about who cannot have gone from one place to another; defaults of rules.md A05."""

    near_km: float = parameter(10.0, "km", "近距离上限", "what counts as near")
    speed_kmh: float = parameter(120.0, "km/h", "合理最高速度", "the fastest plausible travel")
    near_minutes: float = parameter(5.0, "min", "近距离两地最短间隔", "shortest gap between near sites")
    county_minutes: float = parameter(20.0, "min", "跨县最短间隔", "shortest gap between counties")
    city_minutes: float = parameter(60.0, "min", "跨市最短间隔", "shortest gap between cities")
    province_minutes: float = parameter(180.0, "min", "跨省最短间隔", "shortest gap between provinces")

    def is_possible(self, gap: int, distance_km: float | None, region: str, other_region: str) -> bool:
        """Whether a gap, microseconds, suffices: by distance, else (None) by regions, "" unknown. What no
        place is known of is possible."""
        if distance_km is not None:
            if distance_km >= self.near_km:
                return distance_km * HOUR <= self.speed_kmh * gap
            return gap > self.near_minutes * MINUTE
        if not region or not other_region or region == other_region:
            return True
        if region[:2] != other_region[:2]:
            return gap >= self.province_minutes * MINUTE
        same_city = region[:4] == other_region[:4]
        return gap >= (self.county_minutes if same_city else self.city_minutes) * MINUTE
