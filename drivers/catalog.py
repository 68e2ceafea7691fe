"""The one list of drivers: what `driver = "..."` in a `[[sensors]]` table may say."""

AnySensor = object
