"""A member of a group in a process of its own: copies IN to OUT until killed. Arguments: bus file, instance, seconds a batch."""

import sys
import time

from deidstream.adapters.sqlite_bus import SqliteBusFactory
from deidstream.ports import Output

path, instance, pause = sys.argv[1], sys.argv[2], float(sys.argv[3])
bus = SqliteBusFactory(path).open("g", ["in"], instance)
print("joined", flush=True)
while True:
    records = bus.poll(20, 1.0)
    if records:
        time.sleep(pause)
        bus.commit([Output("out", record.key, record.value) for record in records])
