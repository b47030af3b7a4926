"""Qinghe county (清河县): its towns, 27 hospitals, clinics and village posts, and 79 pharmacies.

The county is invented. Its region codes (43019x) are not assigned to any place, its towns lie on a ring of
about 60 km across around a county seat, and the distances between institutions are real kilometres.
"""

from dataclasses import dataclass
from math import asin, cos, pi, radians, sin, sqrt
from random import Random

REGION = "430196"
NEIGHBOUR_REGIONS = ("430197", "430198")
_CENTRE = (27.9000, 112.6000)
_EARTH_RADIUS_KM = 6371.0
_KM_PER_DEGREE = 111.2

TOWNS = (
    "城关镇",
    "柳溪镇",
    "石桥镇",
    "白塘镇",
    "双河镇",
    "枫林乡",
    "大湖镇",
    "竹山乡",
    "马岭镇",
    "东铺镇",
    "青石乡",
    "望江镇",
)
# Distance of each town from the county seat, in km; the direction follows from its place in the list.
_TOWN_RADIUS = (0.0, 14.0, 22.0, 29.0, 17.0, 26.0, 31.0, 19.0, 24.0, 12.5, 28.0, 16.0)
SEAT = 0

# (name, kind, level, beds, group, internet, specialty) of the institutions in the county seat.
_SEAT_CARE = (
    ("清河县人民医院", "hospital", 3, 620, "G-QH-01", True, "general"),
    ("清河县人民医院东院区", "hospital", 2, 180, "G-QH-01", False, "general"),
    ("清河县中医医院", "hospital", 2, 320, "G-QH-02", True, "general"),
    ("清河县妇幼保健院", "hospital", 2, 120, "", False, "maternity"),
    ("清河县安宁医院", "hospital", 2, 200, "", False, "psychiatric"),
    ("清河仁济医院", "hospital", 2, 99, "", False, "general"),
    ("清河康和医院", "hospital", 1, 60, "", False, "general"),
    ("城关社区卫生服务中心", "community", 1, 20, "", False, "primary"),
    ("北门社区卫生服务中心", "community", 1, 15, "", False, "primary"),
    ("南湖社区卫生服务中心", "community", 1, 15, "", False, "primary"),
    ("杏林诊所", "clinic", 0, 0, "", False, "primary"),
    ("同心诊所", "clinic", 0, 0, "", False, "primary"),
    ("惠民口腔诊所", "clinic", 0, 0, "", False, "primary"),
)
_TOWNSHIP_TOWNS = (1, 2, 3, 4, 6, 8, 9, 11)
_VILLAGES = ((1, "上湾村"), (3, "塘口村"), (5, "枫树村"), (7, "竹坪村"), (10, "青石村"), (5, "下坪村"))
_CHAINS = (("益康大药房", "C-YK", 16), ("百姓缘药房", "C-BX", 12), ("清和堂药房", "C-QH", 9))
_SINGLE_NAMES = "安康福泰和顺春晖瑞德民生永信仁爱长青"
_PHARMACIES = 79
_TERMINALS = {"hospital": 6, "township": 2, "community": 2, "clinic": 1, "village": 1, "pharmacy": 1}
_PRACTITIONERS = {"hospital": 24, "township": 6, "community": 5, "clinic": 2, "village": 1, "pharmacy": 2}
_DEPARTMENTS = {
    "general": ("内科", "外科", "骨科", "儿科", "妇科", "中医科"),
    "maternity": ("产科", "妇科", "新生儿科"),
    "psychiatric": ("精神科",),
    "primary": ("全科",),
}


@dataclass(slots=True, frozen=True)
class Terminal:
    """A card reader at a counter. Small shops send no device number, only who was at the counter."""

    device_id: str | None
    operator_id: str

    @property
    def key(self) -> str:
        return self.device_id or self.operator_id


@dataclass(slots=True, frozen=True)
class Institution:
    """A designated institution, as the registry knows it, with its counters and its staff."""

    index: int
    institution_id: str
    name: str
    kind: str
    level: int
    latitude: float
    longitude: float
    beds: int
    group_id: str
    chain_id: str
    open_24h: bool
    internet: bool
    specialty: str
    town: int
    terminals: tuple[Terminal, ...]
    practitioners: tuple[str, ...]

    def department(self, practitioner: str) -> str:
        """Where a doctor works; pharmacies have no departments."""
        if self.kind == "pharmacy":
            return ""
        names = _DEPARTMENTS[self.specialty]
        return names[int(practitioner[-3:]) % len(names)]

    @property
    def crowded(self) -> bool:
        """Whether many people at one counter within minutes are usual here."""
        return self.kind == "hospital" and self.level >= 2


@dataclass(slots=True)
class Geography:
    """All institutions, the kilometres between them, and who is near each town."""

    institutions: list[Institution]
    distance: list[list[float]]
    hospitals: list[Institution]
    primaries: list[list[Institution]]
    pharmacies: list[list[Institution]]
    wards: list[list[Institution]]

    def of_kind(self, *kinds: str) -> list[Institution]:
        return [place for place in self.institutions if place.kind in kinds]


def kilometres(one: Institution, other: Institution) -> float:
    """Great-circle distance."""
    lat1, lat2 = radians(one.latitude), radians(other.latitude)
    half_lat = (lat2 - lat1) / 2
    half_lon = radians(other.longitude - one.longitude) / 2
    chord = sin(half_lat) ** 2 + cos(lat1) * cos(lat2) * sin(half_lon) ** 2
    return 2 * _EARTH_RADIUS_KM * asin(sqrt(chord))


class _Surveyor:
    """Gives every new institution its number, its position and its counters."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self.institutions: list[Institution] = []
        self._numbers = {"H": 0, "P": 0}

    def _position(self, town: int) -> tuple[float, float]:
        angle = 2 * pi * (town * 5 % 11) / 11
        east = _TOWN_RADIUS[town] * cos(angle) + self._rng.uniform(-1.8, 1.8)
        north = _TOWN_RADIUS[town] * sin(angle) + self._rng.uniform(-1.8, 1.8)
        latitude = _CENTRE[0] + north / _KM_PER_DEGREE
        return round(latitude, 6), round(_CENTRE[1] + east / (_KM_PER_DEGREE * cos(radians(_CENTRE[0]))), 6)

    def _counters(self, number: str, kind: str) -> tuple[Terminal, ...]:
        # Village posts and every tenth pharmacy run old software that reports no device number.
        short = f"{number[0]}{number[-5:]}"
        nameless = kind == "village" or (kind == "pharmacy" and self._numbers["P"] % 10 == 0)
        return tuple(
            Terminal(None if nameless else f"T{short}{n}", f"O{short}{n}")
            for n in range(1, _TERMINALS[kind] + 1)
        )

    def add(
        self,
        name: str,
        kind: str,
        town: int,
        level: int = 0,
        beds: int = 0,
        group: str = "",
        chain: str = "",
        internet: bool = False,
        specialty: str = "primary",
    ) -> None:
        letter = "P" if kind == "pharmacy" else "H"
        self._numbers[letter] += 1
        number = f"{letter}{REGION}{self._numbers[letter]:05d}"
        latitude, longitude = self._position(town)
        staff = tuple(f"D{number}{n:03d}" for n in range(1, _PRACTITIONERS[kind] + 1))
        always_open = kind in ("hospital", "township") or (kind == "pharmacy" and self._numbers["P"] % 9 == 1)
        self.institutions.append(
            Institution(
                len(self.institutions),
                number,
                name,
                kind,
                level,
                latitude,
                longitude,
                beds,
                group,
                chain,
                always_open,
                internet,
                specialty,
                town,
                self._counters(number, kind),
                staff,
            )
        )


def _pharmacy_names() -> list[tuple[str, str]]:
    names = [(f"{chain}第{n}分店", code) for chain, code, shops in _CHAINS for n in range(1, shops + 1)]
    pairs = [first + second for first in _SINGLE_NAMES for second in _SINGLE_NAMES if first != second]
    names += [(f"{pair}药店", "") for pair in pairs[: 7 * _PHARMACIES : 7]]
    return names[:_PHARMACIES]


def survey(rng: Random) -> Geography:
    """Lays out the county."""
    surveyor = _Surveyor(rng)
    for name, kind, level, beds, group, internet, specialty in _SEAT_CARE:
        surveyor.add(name, kind, SEAT, level, beds, group, "", internet, specialty)
    for town in _TOWNSHIP_TOWNS:
        surveyor.add(f"{TOWNS[town]}卫生院", "township", town, 1, 45)
    for town, village in _VILLAGES:
        surveyor.add(f"{village}卫生室", "village", town)
    for number, (name, chain) in enumerate(_pharmacy_names()):
        # Two shops in five stand in the county seat, the others are dealt out to the towns.
        town = SEAT if number % 5 < 2 else 1 + number % (len(TOWNS) - 1)
        surveyor.add(f"{TOWNS[town][:2]}{name}", "pharmacy", town, chain=chain)
    return _with_neighbourhoods(surveyor.institutions)


def _with_neighbourhoods(institutions: list[Institution]) -> Geography:
    distance = [[kilometres(one, other) for other in institutions] for one in institutions]
    hospitals = [place for place in institutions if place.kind == "hospital" and place.specialty == "general"]
    geography = Geography(institutions, distance, hospitals, [], [], [])
    for town in range(len(TOWNS)):
        home = next(place for place in institutions if place.town == town)
        by_distance = sorted(institutions, key=lambda place: (distance[home.index][place.index], place.index))
        geography.primaries.append(
            [p for p in by_distance if p.kind in ("township", "community", "clinic", "village")][:4]
        )
        geography.pharmacies.append(
            [p for p in by_distance if p.kind == "pharmacy"][: 30 if town == SEAT else 6]
        )
        geography.wards.append([p for p in by_distance if p.kind == "township"][:1])
    return geography
