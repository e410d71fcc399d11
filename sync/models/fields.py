"""Column types the records share: money, references, sealed secrets."""

import base64
import hashlib
import json
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.db import models


def MoneyField(**options: Any) -> models.DecimalField:
    """An amount in major units; its currency is in the column beside it."""
    return models.DecimalField(max_digits=20, decimal_places=4, **options)


def CurrencyField(**options: Any) -> models.CharField:
    """ISO 4217."""
    return models.CharField(max_length=3, **options)


def ReferenceField(**options: Any) -> models.CharField:
    """Kind and business key; see sync.keys."""
    return models.CharField(max_length=120, **options)


@lru_cache(maxsize=4)
def _box(keys: tuple[str, ...], fallback: str) -> MultiFernet:
    derived = base64.urlsafe_b64encode(hashlib.sha256(b"q2c secrets at rest" + fallback.encode()).digest()).decode()
    return MultiFernet([Fernet(key) for key in (*keys, derived)])


def seal(secrets: dict[str, str]) -> str:
    """Secrets as one encrypted text; the key lies outside the database."""
    return _box(tuple(settings.SECRETS_KEYS), settings.SECRET_KEY).encrypt(json.dumps(secrets).encode()).decode()


def unseal(sealed: str) -> dict[str, str]:
    """What was sealed. Raises cryptography's InvalidToken when the key is another one."""
    if not sealed:
        return {}
    return json.loads(_box(tuple(settings.SECRETS_KEYS), settings.SECRET_KEY).decrypt(sealed.encode()))
