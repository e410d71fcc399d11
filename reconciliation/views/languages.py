"""Pages in their reader's language; everything that is kept or goes out stays in English."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from django.http import HttpRequest, HttpResponseBase
from django.template.response import TemplateResponse
from django.utils.translation import override

from reconciliation.habits.languages import KEPT_IN, language_of

View = TypeVar("View", bound=Callable[..., Any])


def in_readers_language(view: View) -> View:
    """What the view says, and what its template says, is in the language of who asks."""

    @wraps(view)
    def shown(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        language = language_of(request)
        with override(language):
            answer = view(request, *args, **kwargs)
            # the admin's pages are drawn only after their view is over
            if isinstance(answer, TemplateResponse) and not answer.is_rendered:
                answer.render()
        answer.headers.setdefault("Content-Language", language)
        return answer

    return cast(View, shown)


def as_kept() -> override:
    """What is drawn within goes to a file or to somebody else, and is in English whoever asks for it."""
    return override(KEPT_IN)
