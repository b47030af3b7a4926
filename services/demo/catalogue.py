"""Price list of the county: drugs, services and diagnoses with codes shaped like the national ones.

Codes and prices are invented; category numbers are the national charge types (01 bed … 14 other). Prices are
in fen, so that every sum is exact.
"""

from typing import NamedTuple


class Item(NamedTuple):
    """One billable item. `covered` is the share within policy in per cent; `days` the supply of one pack."""

    code: str
    name: str
    category: str
    unit: str
    price: int
    covered: int
    most: int = 1
    days: int = 0


def _drug(number: int, name: str, price: int, covered: int = 90, most: int = 3, days: int = 0) -> Item:
    return Item(
        f"XA{number:02d}DEM{number:03d}A001010{number:06d}", name, "09", "盒", price, covered, most, days
    )


def _herbal(number: int, name: str, price: int) -> Item:
    return Item(f"ZA{number:02d}DEM{number:04d}01010{number:05d}", name, "11", "盒", price, 85, 3)


def _service(number: int, name: str, category: str, price: int, unit: str = "次", covered: int = 100) -> Item:
    return Item(f"0011{number:05d}000000-DEMO{number:05d}", name, category, unit, price, covered)


BED = _service(1, "普通床位费", "01", 4_500, "日")
WARD_ROUND = _service(2, "住院诊察费", "02", 2_200, "日")
NURSING = _service(3, "Ⅱ级护理", "07", 1_800, "日")
CONSULTATION = _service(4, "普通门诊诊察费", "02", 1_500)
GENERAL_FEE = _service(5, "一般诊疗费", "12", 1_000)
EMERGENCY_FEE = _service(6, "急诊诊察费", "02", 2_500)
DIALYSIS = _service(7, "血液透析", "05", 40_000)
DIALYSIS_MATERIAL = Item("C0101DEMO000000007", "一次性透析器及管路", "08", "套", 9_800, 95)
INFUSION = _service(8, "静脉输液", "05", 1_200)
OPERATION = _service(9, "白内障超声乳化摘除术", "06", 186_000)
REMOTE_CONSULTATION = _service(10, "互联网复诊", "02", 1_200)
NEWBORN_CARE = _service(11, "新生儿护理", "07", 3_600, "日")

EXAMINATIONS = (
    _service(21, "胸部CT平扫", "03", 21_000),
    _service(22, "腹部彩色多普勒超声", "03", 9_600),
    _service(23, "十二导联心电图", "03", 2_400),
    _service(24, "数字化X线摄影", "03", 7_000),
)
LABORATORY = (
    _service(31, "血常规(五分类)", "04", 2_000),
    _service(32, "肝功能常规", "04", 5_600),
    _service(33, "葡萄糖测定", "04", 600),
    _service(34, "C反应蛋白测定", "04", 2_800),
    _service(35, "尿液分析", "04", 1_500),
)
TREATMENTS = (
    INFUSION,
    _service(41, "雾化吸入治疗", "05", 1_600),
    _service(42, "普通针刺", "05", 2_600),
    _service(43, "推拿治疗", "05", 5_200),
    _service(44, "换药(中)", "05", 2_300),
)
WARD_DRUGS = (
    _drug(1, "头孢呋辛钠注射剂", 1_860),
    _drug(2, "氯化钠注射液", 380),
    _drug(3, "泮托拉唑注射剂", 1_240),
    _drug(4, "氨溴索注射液", 960),
    _drug(5, "葡萄糖注射液", 420),
    _drug(6, "血栓通注射剂", 3_680, 80),
)
ACUTE_DRUGS = (
    _drug(11, "阿莫西林胶囊", 1_280),
    _drug(12, "布洛芬缓释胶囊", 1_560),
    _drug(13, "对乙酰氨基酚片", 680),
    _drug(14, "奥美拉唑肠溶胶囊", 1_430),
    _drug(15, "氯雷他定片", 1_120),
    _drug(16, "蒙脱石散", 1_790),
    _drug(17, "双氯芬酸乳膏", 2_340),
    _herbal(18, "连花清瘟胶囊", 2_650),
    _herbal(19, "蒲地蓝消炎口服液", 3_980),
    _herbal(20, "板蓝根颗粒", 1_350),
    _herbal(21, "六味地黄丸", 2_180),
    _herbal(22, "复方丹参滴丸", 2_790),
    _herbal(23, "安宫牛黄丸", 56_000),
    _herbal(24, "养血清脑颗粒", 3_260),
)
CHRONIC_DRUGS = {
    "hypertension": (
        _drug(51, "氨氯地平片(28片)", 1_420, 95, 1, 28),
        _drug(52, "缬沙坦胶囊(28粒)", 2_360, 95, 1, 28),
    ),
    "diabetes": (
        _drug(53, "二甲双胍缓释片(30日)", 1_980, 95, 1, 30),
        _drug(54, "阿卡波糖片(30日)", 3_240, 95, 1, 30),
    ),
    "coronary": (
        _drug(55, "阿托伐他汀钙片(28片)", 2_680, 95, 1, 28),
        _drug(56, "阿司匹林肠溶片(30片)", 1_260, 95, 1, 30),
    ),
    "copd": (_drug(57, "噻托溴铵吸入粉雾剂(30吸)", 11_600, 90, 1, 30),),
}
CHEMOTHERAPY_DRUGS = (
    _drug(61, "紫杉醇注射液", 38_600, 90, 4),
    _drug(62, "卡铂注射液", 12_400, 90, 4),
    _drug(63, "昂丹司琼注射液", 2_150, 90, 4),
)
KEPT_CARD_GOODS = (
    _herbal(71, "阿胶补血口服液", 19_800),
    _herbal(72, "西洋参片", 16_800),
    _herbal(73, "破壁灵芝孢子粉", 29_800),
)

ACUTE_DIAGNOSES = (
    "J06.900",
    "J20.900",
    "K29.500",
    "M54.500",
    "R51.x00",
    "J18.900",
    "K52.900",
    "N39.000",
    "L30.900",
    "H10.900",
)
WARD_DIAGNOSES = (
    "J18.900",
    "I63.900",
    "K80.200",
    "M51.200",
    "I50.900",
    "J44.100",
    "N20.000",
    "S82.800",
    "E11.900",
    "K35.800",
)
CHRONIC_DIAGNOSES = {
    "hypertension": "I10.x00",
    "diabetes": "E11.900",
    "coronary": "I25.100",
    "copd": "J44.900",
}
DIALYSIS_DIAGNOSIS = "N18.500"
CHEMOTHERAPY_DIAGNOSIS = "Z51.100"
BIRTH_DIAGNOSIS = "O80.000"
NEWBORN_DIAGNOSIS = "P59.900"
PSYCHIATRIC_DIAGNOSIS = "F20.900"
CATARACT_DIAGNOSIS = "H25.900"
