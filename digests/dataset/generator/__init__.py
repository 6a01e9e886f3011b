"""Five Russian-language channels of an invented region, written by rule and by chance.

`CHANNELS` are their profiles, `channel_profile(key)` one of them. `generate_day(channel, day, seed=...)` writes a day:
the same bytes for the same seed in every process, whatever other days were asked for. `reference_digest(day)` says
what a good digest of it says. `GENERATOR_VERSION` is raised whenever the same seed begins to give other texts.

The stories are in texts/*.txt, in the notation that `templates` explains. Places, organisations and people are
nobody's.
"""

from __future__ import annotations

from digests.dataset.generator.channels import CHANNELS, ChannelProfile, channel_profile
from digests.dataset.generator.composing import generate_day, reference_digest
from digests.dataset.generator.values import GoldFact, SyntheticDay, SyntheticPost

GENERATOR_VERSION = 1

__all__ = [
    "CHANNELS",
    "GENERATOR_VERSION",
    "ChannelProfile",
    "GoldFact",
    "SyntheticDay",
    "SyntheticPost",
    "channel_profile",
    "generate_day",
    "reference_digest",
]
