"""Writes sunspots.csv: yearly sunspot numbers 1700 to 1979, from the package statsmodels (public domain)."""
import pathlib
from statsmodels.datasets import sunspots

rows = sunspots.load_pandas().data
rows = rows[rows.YEAR <= 1979]
text = "year,sunspots\n" + "".join(f"{int(y)},{v:g}\n" for y, v in rows.values)
pathlib.Path(__file__).with_name("sunspots.csv").write_text(text)
