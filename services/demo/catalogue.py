"""Price list of the county: drugs, services and diagnoses with codes shaped like the national ones.

Codes and prices are invented; category numbers are the national charge types (01 bed … 14 other). Prices are
in fen, so that every sum is exact. What the registry says of an item lies in `formulary`.
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


def _herbal(number: int, name: str, price: int, days: int = 3) -> Item:
    return Item(f"ZA{number:02d}DEM{number:04d}01010{number:05d}", name, "11", "盒", price, 85, 3, days)


def _slice(number: int, name: str, price: int) -> Item:
    return Item(f"T0006DEMO{number:05d}", name, "10", "g", price, 90)


def _service(number: int, name: str, category: str, price: int, unit: str = "次", covered: int = 100) -> Item:
    return Item(f"0011{number:05d}000000-DEMO{number:05d}", name, category, unit, price, covered)


BED = _service(1, "普通床位费", "01", 4_500, "日")
WARD_ROUND = _service(2, "住院诊察费", "02", 2_200, "日")
NURSING = _service(3, "Ⅱ级护理", "07", 1_800, "日")
CONSULTATION = _service(4, "普通门诊诊察费", "02", 1_500)
GENERAL_FEE = _service(5, "一般诊疗费", "12", 1_000)
EMERGENCY_FEE = _service(6, "急诊诊察费", "02", 2_500)
DIALYSIS = _service(7, "血液透析", "05", 40_000)
HAEMOSTATIC = Item("C0202DEMO000000008", "可吸收止血材料", "08", "cm2", 10, 95)
DIALYSIS_MATERIAL = Item("C0101DEMO000000007", "一次性透析器及管路", "08", "套", 9_800, 95)
INFUSION = _service(8, "静脉输液", "05", 1_200)
CATARACT_OPERATION = _service(9, "白内障超声乳化摘除术", "06", 186_000)
REMOTE_CONSULTATION = _service(10, "互联网复诊", "02", 1_200)
NEWBORN_CARE = _service(11, "新生儿护理", "07", 3_600, "日")
OXYGEN = _service(12, "氧气吸入", "05", 300, "小时")
MONITORING = _service(13, "心电监测", "05", 400, "小时")
ANAESTHESIA = _service(14, "全身麻醉", "05", 60_000)
LOCAL_ANAESTHESIA = _service(15, "局部浸润麻醉", "05", 8_000)
APPENDECTOMY = _service(16, "阑尾切除术", "06", 98_000)
CHOLECYSTECTOMY = _service(17, "胆囊切除术", "06", 132_000)
HERNIA_REPAIR = _service(18, "腹股沟疝修补术", "06", 86_000)
COMPANION_BED = _service(19, "陪护床位费", "14", 1_000, "日", 0)

CHEST_CT = _service(21, "胸部CT平扫", "03", 21_000)
ULTRASOUND = _service(22, "腹部彩色多普勒超声", "03", 9_600)
ECG = _service(23, "十二导联心电图", "03", 2_400)
X_RAY = _service(24, "数字化X线摄影", "03", 7_000)
CONTRAST_CT = _service(25, "胸部CT增强扫描", "03", 32_000)
PLAIN_ULTRASOUND = _service(26, "腹部B型超声", "03", 4_200)
HEAD_MRI = _service(27, "头颅磁共振平扫", "03", 42_000)
ECHOCARDIOGRAPHY = _service(28, "心脏彩色多普勒超声", "03", 15_000)
EXAMINATIONS = (ULTRASOUND, ECG, X_RAY)

BLOOD_COUNT = _service(31, "血常规(五分类)", "04", 2_000)
LIVER_PANEL = _service(32, "肝功能常规", "04", 5_600)
GLUCOSE = _service(33, "葡萄糖测定", "04", 600)
LABORATORY = (
    BLOOD_COUNT,
    LIVER_PANEL,
    GLUCOSE,
    _service(34, "C反应蛋白测定", "04", 2_800),
    _service(35, "尿液分析", "04", 1_500),
)
SIMPLE_BLOOD_COUNT = _service(36, "血细胞分析(三分类)", "04", 1_200)
ALT = _service(37, "丙氨酸氨基转移酶测定", "04", 1_100)
AST = _service(38, "天门冬氨酸氨基转移酶测定", "04", 1_100)
TUMOUR_MARKERS = _service(39, "肿瘤标志物七项", "04", 28_000)

NEBULISER = _service(41, "雾化吸入治疗", "05", 1_600)
ACUPUNCTURE = _service(42, "普通针刺", "05", 2_600)
TUINA = _service(43, "推拿治疗", "05", 5_200)
DRESSING = _service(44, "换药(中)", "05", 2_300)
REHABILITATION = _service(45, "康复运动疗法", "05", 4_800)
GYNAECOLOGICAL_EXAM = _service(46, "妇科常规检查", "03", 1_800)
CHILD_ASSESSMENT = _service(47, "儿童生长发育测评", "03", 3_200)
REMOTE_ONLY_AT_COUNTER = _service(48, "关节腔穿刺术", "05", 6_800)
TREATMENTS = (INFUSION, NEBULISER, ACUPUNCTURE, TUINA, DRESSING)

CEFUROXIME = _drug(1, "头孢呋辛钠注射剂", 1_860)
SALINE = _drug(2, "氯化钠注射液", 380)
WARD_DRUGS = (
    CEFUROXIME,
    SALINE,
    _drug(3, "甲氧氯普胺注射液", 640),
    _drug(4, "氨溴索注射液", 960),
    _drug(5, "葡萄糖注射液", 420),
    _drug(6, "维生素C注射液", 520),
)
AMOXICILLIN = _drug(11, "阿莫西林胶囊", 1_280, days=3)
IBUPROFEN = _drug(12, "布洛芬缓释胶囊", 1_560, days=3)
OMEPRAZOLE = _drug(14, "奥美拉唑肠溶胶囊", 1_430, days=3)
COLD_CAPSULES = _herbal(18, "连花清瘟胶囊", 2_650)
ACUTE_DRUGS = (
    AMOXICILLIN,
    IBUPROFEN,
    _drug(13, "对乙酰氨基酚片", 680, days=3),
    OMEPRAZOLE,
    _drug(15, "氯雷他定片", 1_120, days=3),
    _drug(16, "蒙脱石散", 1_790, days=3),
    _drug(17, "双氯芬酸乳膏", 2_340, days=3),
    COLD_CAPSULES,
    _herbal(19, "蒲地蓝消炎口服液", 3_980),
    _herbal(20, "板蓝根颗粒", 1_350),
    _herbal(21, "六味地黄丸", 2_180),
    _herbal(22, "复方丹参滴丸", 2_790),
    _herbal(23, "藿香正气水", 1_180),
    _herbal(24, "养血清脑颗粒", 3_260),
)
OMEPRAZOLE_TABLETS = _drug(25, "奥美拉唑镁肠溶片", 1_640, days=3)
AMLODIPINE = _drug(51, "氨氯地平片(28片)", 1_420, 95, 1, 28)
VALSARTAN = _drug(52, "缬沙坦胶囊(28粒)", 2_360, 95, 1, 28)
METFORMIN = _drug(53, "二甲双胍缓释片(30日)", 1_980, 95, 1, 30)
ATORVASTATIN = _drug(55, "阿托伐他汀钙片(28片)", 2_680, 95, 1, 28)
TIOTROPIUM = _drug(57, "噻托溴铵吸入粉雾剂(30吸)", 11_560, 90, 1, 30)
CHRONIC_DRUGS = {
    "hypertension": (AMLODIPINE, VALSARTAN),
    "diabetes": (METFORMIN, _drug(54, "阿卡波糖片(30日)", 3_240, 95, 1, 30)),
    "coronary": (ATORVASTATIN, _drug(56, "阿司匹林肠溶片(30片)", 1_260, 95, 1, 30)),
    "copd": (TIOTROPIUM,),
}
PACLITAXEL = _drug(61, "紫杉醇注射液", 38_600, 90, 4)
CHEMOTHERAPY_DRUGS = (
    PACLITAXEL,
    _drug(62, "卡铂注射液", 12_400, 90, 4),
    _drug(63, "昂丹司琼注射液", 2_150, 90, 4),
)
ALBUMIN = _drug(64, "人血白蛋白注射液", 38_000, 90)
CLOPIDOGREL = _drug(65, "硫酸氢氯吡格雷片(30日)", 9_800, 90, 1, 30)
SEMAGLUTIDE = _drug(66, "司美格鲁肽注射液(28日)", 47_800, 80, 1, 28)
MEROPENEM = _drug(67, "美罗培南注射剂", 6_800, 90)
PAEDIATRIC_COLD = _drug(68, "小儿氨酚黄那敏颗粒", 980, 90, 3, 3)
EMERGENCY_ONLY = _drug(69, "注射用尿激酶", 12_600, 90)
LEVEL_TWO_ONLY = _drug(70, "伏立康唑片(7日)", 21_000, 90, 1, 7)
CONTRAST_AGENT = _drug(74, "碘海醇注射液", 16_800, 90)
WOMENS_HERBAL = _herbal(75, "益母草颗粒", 1_620)
HERBAL_INJECTION = Item("ZA76DEM00760101000076", "血栓通注射剂", "11", "支", 3_680, 80)
MATERNITY_ONLY = _drug(77, "缩宫素注射液", 560, 90)
KEPT_CARD_GOODS = (
    _herbal(71, "阿胶补血口服液", 19_800, 10),
    _herbal(72, "西洋参口服液", 16_800, 10),
    _herbal(73, "破壁灵芝孢子粉", 29_800, 10),
)
# Sold by the piece, so that any basket can be brought to any sum of whole jiao.
LOOSE_GOODS = tuple(
    Item(f"XA{number}DEM{number}A001020{number:06d}", name, "09", "片", 10, 90)
    for number, name in enumerate(
        ("维生素C片(散装)", "维生素B1片(散装)", "谷维素片(散装)", "叶酸片(散装)"), 81
    )
)
DAILY_GOODS = (
    Item("501000000000001", "洗衣液", "14", "瓶", 3_900, 100),
    Item("501000000000002", "食用油", "14", "桶", 8_900, 100),
)
HEALTH_FOOD = _herbal(85, "灵芝益寿胶囊", 9_000, 10)
SLICES = tuple(
    _slice(number, name, price)
    for number, (name, price) in enumerate(
        (
            ("黄芪", 16),
            ("当归", 22),
            ("白术", 18),
            ("茯苓", 14),
            ("甘草", 10),
            ("陈皮", 9),
            ("半夏", 24),
            ("川芎", 16),
            ("丹参", 12),
            ("桂枝", 8),
            ("党参", 26),
            ("白芍", 14),
            ("柴胡", 28),
            ("黄芩", 12),
            ("熟地黄", 10),
            ("山药", 14),
            ("麦冬", 34),
            ("五味子", 30),
            ("酸枣仁", 120),
            ("天麻", 90),
            ("三七", 160),
            ("红花", 60),
            ("牛膝", 12),
            ("杜仲", 14),
        ),
        1,
    )
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
CHRONIC_DISEASES = {
    "hypertension": "M03900",
    "diabetes": "M01600",
    "coronary": "M04600",
    "copd": "M05300",
    "dialysis": "M07800",
    "chemotherapy": "M00500",
}
"""Codes of the out-patient chronic and special diseases (门诊慢特病病种)."""
DIALYSIS_DIAGNOSIS = "N18.500"
CHEMOTHERAPY_DIAGNOSIS = "Z51.100"
BIRTH_DIAGNOSIS = "O80.000"
NEWBORN_DIAGNOSIS = "P59.900"
PSYCHIATRIC_DIAGNOSIS = "F20.900"
CATARACT_DIAGNOSIS = "H25.900"
INJURY_DIAGNOSES = ("S", "T", "V", "W", "X", "Y")


def inpatient_type(diagnosis: str) -> str:
    """Injuries are admitted as 外伤住院 (22), everything else as 普通住院 (21)."""
    return "22" if diagnosis.startswith(INJURY_DIAGNOSES) else "21"
