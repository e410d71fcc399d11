"""What proves that a person is who signed in: the authenticator of theirs, by its sealed secret."""

from django.conf import settings
from django.db import models
from django.db.models import Q


class SecondFactor(models.Model):
    """One person's authenticator (time-based codes, RFC 6238). It counts once a code of it was given back."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="second_factor")
    sealed_secret = models.TextField()
    begun_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True, blank=True)
    last_step = models.BigIntegerField(default=0, help_text="Half minute of the last code taken.")
    misses = models.PositiveSmallIntegerField(default=0, help_text="Wrong codes in a row.")
    missed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["user"]
        verbose_name_plural = "second factors"
        constraints = [
            models.CheckConstraint(condition=Q(misses=0) | Q(missed_at__isnull=False), name="a_miss_has_its_time")
        ]

    def __str__(self) -> str:
        return str(self.user)
