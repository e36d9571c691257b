"""Writes italy_power_demand.csv: the UCR data set ItalyPowerDemand as the package aeon 1.0.0 ships it.

Each row: its part (the archive's own split), 24 hourly values of a day's demand in thousandths of the
day's standard deviation, and the class: 1 October to March, 2 April to September.
"""
from importlib.util import find_spec
from pathlib import Path

folder = Path(find_spec("aeon").origin).parent / "datasets" / "data" / "ItalyPowerDemand"
rows = []
for part in ("TRAIN", "TEST"):
    for line in (folder / f"ItalyPowerDemand_{part}.ts").read_text().splitlines():
        if not line.strip() or line[0] in "#@":
            continue
        values, label = line.split(":")
        numbers = [str(round(float(v) * 1000)) for v in values.split(",")]
        rows.append(",".join([part.lower(), *numbers, label]))
Path(__file__).with_name("italy_power_demand.csv").write_text("\n".join(rows) + "\n")
