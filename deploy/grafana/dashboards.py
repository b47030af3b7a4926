"""The dashboards, as code: `python deploy/grafana/dashboards.py` writes them into dashboards/, a file each.

They are built with Grafana's own builders. Tests hold the files to this, every query to the metrics of the
code, and ask each query of a real Prometheus that watches a real system.
"""

from pathlib import Path

from boards import BOARDS
from grafana_foundation_sdk.builders import common as common_builder
from grafana_foundation_sdk.builders import dashboard as builder
from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.builders.timeseries import Panel
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import common
from grafana_foundation_sdk.models import dashboard as model
from panels import Board, Graph

FOLDER = Path(__file__).with_name("dashboards")
SOURCE = common.DataSourceRef(type_val="prometheus", uid="prometheus")
TAG = "qingfeng"
WIDTH, HEIGHT = 8, 8


def build(board: Board) -> model.Dashboard:
    """A dashboard as Grafana reads it."""
    made = (
        builder.Dashboard(board.title)
        .uid(board.uid)
        .tags([TAG])
        .timezone("browser")
        .readonly()
        .refresh("10s")
        .time("now-1h", "now")
        .tooltip(model.DashboardCursorSync.CROSSHAIR)
        .link(
            builder.DashboardLink("清风 / Qingfeng")
            .type(model.DashboardLinkType.DASHBOARDS)
            .tags([TAG])
            .keep_time(True)
        )
    )
    number = 0
    for title, graphs in board.rows.items():
        number += 1
        made.with_row(builder.Row(title).id(number))
        for graph in graphs:
            number += 1
            made.with_panel(_panel(graph).id(number))
    dashboard = made.build()
    for link in dashboard.links or ():
        link.placement = None  # beside the title, where Grafana has always shown links
    return dashboard


def _panel(graph: Graph) -> Panel:
    panel = (
        Panel()
        .title(graph.title)
        .description(graph.meaning)
        .datasource(SOURCE)
        .unit(graph.unit)
        .min(0)
        .fill_opacity(10)
        .height(HEIGHT)
        .span(WIDTH)
        .legend(
            common_builder.VizLegendOptions()
            .display_mode(common.LegendDisplayMode.LIST)
            .placement(common.LegendPlacement.BOTTOM)
            .show_legend(True)
        )
        .tooltip(common_builder.VizTooltipOptions().mode(common.TooltipDisplayMode.MULTI))
    )
    if graph.page_above is not None:
        steps = [
            model.Threshold(color="green", value=None),
            model.Threshold(color="red", value=graph.page_above),
        ]
        panel.thresholds(builder.ThresholdsConfig().mode(model.ThresholdsMode.ABSOLUTE).steps(steps))
        panel.thresholds_style(
            common_builder.GraphThresholdsStyleConfig().mode(common.GraphThresholdsStyleMode.LINE)
        )
    for letter, (query, legend) in zip("ABC", graph.queries, strict=False):
        panel.with_target(Dataquery().ref_id(letter).datasource(SOURCE).expr(query).legend_format(legend))
    return panel


def files() -> dict[str, str]:
    """Name of each file → its content."""
    encoder = JSONEncoder(ensure_ascii=False, indent=1, sort_keys=True)
    return {f"{board.uid}.json": encoder.encode(build(board)) + "\n" for board in BOARDS}


if __name__ == "__main__":
    for name, text in files().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
