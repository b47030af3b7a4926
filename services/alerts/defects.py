"""Data defects as integrators mend them: one by one, and summed up by institution, field and kind.

A defect says that what was sent contradicts itself; it is never evidence against anybody. Who reads them for
an institution sees its own alone, and of a placeholder person no more than what that institution sent.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from schemas.finding import Words

PLACEHOLDER = "placeholder_person"
"""The one defect that is no single institution's; services.alerts.suspensions tells of it."""

PAGE = """
    SELECT defect_id, born, open, institution_id, event_id, code, path, message_zh, message_en, first_at,
           changed_at
    FROM data_defect WHERE {where} ORDER BY born DESC
"""
SUMMARY = """
    WITH told AS (
        SELECT institution_id, path, code, open, first_at, changed_at, born, event_id, message_zh, message_en
        FROM data_defect WHERE institution_id <> ''
        UNION ALL
        SELECT share ->> 'institution_id', path, code, open, first_at, changed_at, born, share ->> 'event_id',
               message_zh, message_en
        FROM data_defect, jsonb_array_elements(shares) share WHERE code = 'placeholder_person'
    )
    SELECT institution_id, path, code, count(*) FILTER (WHERE open) AS open,
           count(*) FILTER (WHERE NOT open) AS mended, min(first_at) AS first_at, max(first_at) AS last_at,
           (array_agg(event_id ORDER BY open DESC, born DESC))[1] AS event_id,
           max(message_zh) AS message_zh, max(message_en) AS message_en
    FROM told WHERE {where} GROUP BY institution_id, path, code
    ORDER BY count(*) FILTER (WHERE open) DESC, institution_id, path, code
"""
"""Filters are clauses of this module with numbered values; no value is pasted in."""
OTHER = Words(
    "请对照事件编号核对原始数据，更正后以相同业务编号、新的 event_id 和更晚的 recorded_at 重新上传。",
    "Compare the event with your records; send it again corrected, with the same business id, a new event_id "
    "and a later recorded_at.",
)
ADVICE = {
    "amounts_do_not_add_up": Words(
        "检查接口中费用总额与统筹、个人账户、现金、共济支付的取值和舍入；更正后重新上传该结算。",
        "Check how your feed fills the total and the parts paid by fund, account, cash and family, and how "
        "it rounds; then send the settlement again, corrected.",
    ),
    "negative_line": Words(
        "冲销明细须在 refunds_line_id 写明所冲销明细的 line_id；补上后重新上传。",
        "A line that takes another back names it in refunds_line_id: add it and send the lines again.",
    ),
    "line_does_not_multiply": Words(
        "检查单价、数量、金额是否取自同一单位（盒与片、支与瓶）；更正后重新上传。",
        "Are unit price, quantity and amount in the same unit (box or tablet)? Correct them and send the "
        "lines again.",
    ),
    "lines_after_settlement": Words(
        "出院结算前应传完全部明细；如确有漏传，请先撤销结算，补传后重新结算。",
        "Send all lines before the stay is settled; where some were missing, cancel the settlement, send "
        "them, and settle again.",
    ),
    "end_before_begin": Words(
        "检查 begin_at 与 end_at 是否填反或时区有误；更正后重新上传。",
        "Are begin_at and end_at exchanged, or is a time zone wrong? Send it again, corrected.",
    ),
    "discharge_before_admission": Words(
        "核对入院与出院登记时间及就诊编号是否对应；更正出院登记后重新上传。",
        "Do admission and discharge belong to the same encounter, and are their times right? Send the "
        "discharge again, corrected.",
    ),
    "died_twice": Words(
        "由参保登记部门核实死亡日期，更正人员名录 persons.csv 中有误的一行后重新加载"
        "（person_id 和 effective_from 不变）。",
        "Let the registration office verify the day of death; correct the wrong row of persons.csv (same "
        "person_id and effective_from) and load it again.",
    ),
    "clock_ahead": Words(
        "校准上传系统的时钟；recorded_at 应不早于 occurred_at。",
        "Set the clock of the sending system; recorded_at is not earlier than occurred_at.",
    ),
    PLACEHOLDER: Words(
        "不同的人可能共用了一个人员编号（如散客、默认卡）。请从所列事件查出该编号，改传就诊人本人的编号。",
        "Different people may go under one person id (a walk-in or default card). Find the id by the event "
        "named here, and send each person's own.",
    ),
}
"""What an integrator does next, by code of the defect."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which defects; what is empty filters nothing. fields: JSON Pointers. is_open: None for both. since:
    last changed at or after. named: only those of one institution."""

    institutions: Sequence[str] = ()
    codes: Sequence[str] = ()
    fields: Sequence[str] = ()
    is_open: bool | None = None
    since: datetime | None = None
    named: bool = False

    def listing(self, name: str) -> str:
        """The text that ties a cursor to these filters."""
        asked = map(sorted, (self.institutions, self.codes, self.fields))
        return repr((name, *asked, self.is_open, self.since, self.named))


def advice(code: str) -> Words:
    """What to do about a kind of defect."""
    return ADVICE.get(code, OTHER)


async def page(
    raw: Any, wanted: Wanted, limit: int, after: int | None
) -> tuple[list[dict[str, Any]], int | None]:
    """Up to `limit` defects born before number `after`, newest first, and the number to go on after (None at
    the end)."""
    where, values = _where(wanted)
    if after is not None:
        values.append(after)
        where += f" AND born < ${len(values)}"
    rows = await raw.fetch(f"{PAGE.format(where=where)} LIMIT {limit + 1:d}", *values)
    shown = [dict(row) for row in rows[:limit]]
    return shown, shown[-1]["born"] if len(rows) > limit else None


async def summary(
    raw: Any, wanted: Wanted, limit: int, after: int | None
) -> tuple[list[dict[str, Any]], int | None]:
    """Defects counted by institution, field and code, those with most open ones first, with an event as an
    example of each. A placeholder person counts once at each institution that sent facts of it.

    Returns up to `limit` from place `after` on, and the place to go on from (None at the end).
    """
    where, values = _where(wanted)
    begin = after or 0
    query = f"{SUMMARY.format(where=where)} OFFSET {begin:d} LIMIT {limit + 1:d}"
    rows = await raw.fetch(query, *values)
    return [dict(row) for row in rows[:limit]], begin + limit if len(rows) > limit else None


def _where(wanted: Wanted) -> tuple[str, list[Any]]:
    asked = (
        ("institution_id = ANY(${}::text[])", list(wanted.institutions) or None),
        ("code = ANY(${}::text[])", list(wanted.codes) or None),
        ("path = ANY(${}::text[])", list(wanted.fields) or None),
        ("open = ${}", wanted.is_open),
        ("changed_at >= ${}", wanted.since),
    )
    clauses, values = ["institution_id <> ''" if wanted.named else "true"], []
    for clause, value in asked:
        if value is not None:
            values.append(value)
            clauses.append(clause.format(len(values)))
    return " AND ".join(clauses), values
