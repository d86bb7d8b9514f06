"""IBS, CBS and the selective tax (LC 214/2025, NT 2025.002-RTC): tables, determination, groups, totals. Pure."""
