"""Holidays on which the NYSE closes by rule, from pandas' own rules: makes us_holidays.json.

The exchange keeps the federal holidays but Columbus and Veterans Day, and Good Friday besides; New Year's
Day on a Saturday is not moved to the Friday before. Juneteenth since 2022.
nyse_2022_2027.json is copied by hand from the exchange's announcements of 2021-12-27 and 2024-11-08.
"""

import json
from pathlib import Path

import pandas as pd
from pandas.tseries.holiday import (
    AbstractHolidayCalendar, GoodFriday, Holiday, USLaborDay, USMartinLutherKingJr, USMemorialDay,
    USPresidentsDay, USThanksgivingDay, nearest_workday, sunday_to_monday,
)


class Rules(AbstractHolidayCalendar):
    rules = [
        Holiday("New Year", month=1, day=1, observance=sunday_to_monday),
        USMartinLutherKingJr, USPresidentsDay, GoodFriday, USMemorialDay,
        Holiday("Juneteenth", month=6, day=19, start_date="2022-06-19", observance=nearest_workday),
        Holiday("Independence", month=7, day=4, observance=nearest_workday),
        USLaborDay, USThanksgivingDay,
        Holiday("Christmas", month=12, day=25, observance=nearest_workday),
    ]


days = Rules().holidays(pd.Timestamp("1998-01-01"), pd.Timestamp("2060-12-31"))
days = [str(d.date()) for d in days if d.weekday() < 5]
path = Path(__file__).with_name("us_holidays.json")
path.write_text(json.dumps({"closed": days}) + "\n")
