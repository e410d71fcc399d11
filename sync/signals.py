"""Facts first, then news, in the same transaction: who listens decides with us or not at all."""

from django.dispatch import Signal

#: something cannot go on. kwargs: blocks (a list of sync.models.Block, just saved)
blocked = Signal()
#: what blocked it is gone. kwargs: blocks, note (how, in words), user (or None)
unblocked = Signal()
