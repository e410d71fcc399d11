"""Texts as the API takes them, so that its document says all that is asked of one."""

from typing import Any

import django_filters
from django.core.validators import ProhibitNullCharactersValidator, RegexValidator
from django.db import models
from drf_spectacular.utils import extend_schema_field

from sync.api import strict

#: without the one character no database row can hold; and not of white space alone, where it may not be left empty
_NO_NULL = r"^[^\u0000]*$"
_NOT_BLANK = r"^[^\u0000]*[^\s\u0000][^\u0000]*$"


class Text(strict.Text):
    """A text; white space around it is not kept, and counts towards its length all the same."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        plain = ProhibitNullCharactersValidator
        self.validators = [one for one in self.validators if not isinstance(one, plain)]
        form = _NO_NULL if self.allow_blank else _NOT_BLANK
        self.validators.append(RegexValidator(form, message=plain.message, code=plain.code))

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        if self.max_length is not None and len(data) > self.max_length:
            self.fail("max_length", max_length=self.max_length)
        return text


@extend_schema_field({"type": "string", "pattern": _NO_NULL})
class TextFilter(django_filters.CharFilter):
    """A filter by a text."""


class Filters(django_filters.FilterSet):
    """What the filters of every list share: each is given once, for of two values only one could count."""

    class Meta:
        filter_overrides = {models.CharField: {"filter_class": TextFilter}}

    def is_valid(self) -> bool:
        good = super().is_valid()
        for name in self.filters:
            if len(self.data.getlist(name)) > 1:
                self.form.add_error(name, "Give this filter once.")
                good = False
        return good
