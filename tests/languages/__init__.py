"""The languages of the pages: every text has a translation with the same places, and pages really show it."""
