"""Evidence packs: asked for here, and downloaded once they are written."""

from datetime import date
from typing import cast

from django.contrib import messages
from django.contrib.auth.models import AbstractUser, User
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from reconciliation.evidence import pack
from reconciliation.models import EvidencePack
from reconciliation.views.page import missing, seen_by
from sync import journal
from sync.models import LegalEntity


@require_POST
@seen_by("reconciliation.view_signoff")
def evidence_ask(request: HttpRequest, entity: str, first: date, last: date) -> HttpResponse:
    """Have a pack written of a company's days."""
    company = LegalEntity.objects.filter(code=entity).first()
    if company is None:
        raise Http404(_("There is no such company."))
    try:
        pack.ask(entity=company, first=first, last=last, user=cast(AbstractUser, request.user))
    except pack.NotAllowed as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("It is being written. Reload this page in a moment to download it."))
    return HttpResponseRedirect(f"{reverse('desk:sign_offs')}?entity={entity}&month={first:%Y-%m}#evidence")


@require_safe
@seen_by("reconciliation.view_evidencepack")
def evidence_file(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The file itself; the journal keeps who took it."""
    user = cast(User, request.user)
    row = EvidencePack.objects.filter(pk=pk, status=EvidencePack.Status.READY).select_related("entity").first()
    path = pack.folder() / row.name if row else None
    if row is None or path is None or not path.exists():
        return missing(
            request, _("There is no such pack, or its file is not where packs are kept. Have it written again.")
        )
    text = f"{user.get_full_name() or user.username} downloaded {row.name}."
    journal.note(
        [
            journal.Fact(
                action="evidence downloaded", object_kind="evidence_pack", object_key=row.name, user=user, text=text
            )
        ]
    )
    return FileResponse(path.open("rb"), as_attachment=True, filename=row.name, content_type="application/zip")
