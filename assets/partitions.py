"""The one partitions definition: every accepted video is a key."""

import dagster as dg

videos = dg.DynamicPartitionsDefinition(name="videos")
