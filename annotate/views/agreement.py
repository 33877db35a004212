"""How well the head predicts people: the figures, the charts, and the rows behind each chart; for researchers."""

import csv

from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from annotate.charts import CHARTS, Chart
from annotate.models import Role
from annotate.permissions import membership_in, project_of
from annotate.selectors.agreement import agreement as read_agreement
from annotate.views.requests import SignedInRequest


@never_cache
@require_GET
def agreement(request: SignedInRequest, slug: str) -> HttpResponse:
    membership = membership_in(request.user, slug, role=Role.RESEARCHER)
    figures = read_agreement(membership.project)
    context = {
        "membership": membership,
        "project": membership.project,
        "figures": figures,
        "tables": {name: chart.rows(figures)[::-1] for name, chart in CHARTS.items()},
    }
    return render(request, "agreement.html", context)


@never_cache
@require_GET
def agreement_chart(request: SignedInRequest, slug: str, chart: str) -> HttpResponse:
    """Return one chart as a Vega-Lite specification."""
    project = project_of(request.user, slug, role=Role.RESEARCHER)
    return JsonResponse(_chart(chart).specification(read_agreement(project)))


@never_cache
@require_GET
def agreement_csv(request: SignedInRequest, slug: str, chart: str) -> HttpResponse:
    """Return the rows behind one chart."""
    project = project_of(request.user, slug, role=Role.RESEARCHER)
    rows = _chart(chart).rows(read_agreement(project))
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{slug}-{chart}.csv"'
    writer = csv.DictWriter(response, _chart(chart).columns)
    writer.writeheader()
    writer.writerows(rows)
    return response


def _chart(name: str) -> Chart:
    if name not in CHARTS:
        raise Http404
    return CHARTS[name]
