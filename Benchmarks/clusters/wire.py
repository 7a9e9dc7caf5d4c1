"""A switch between network namespaces whose links take their time: the kernel's netem is not everywhere.

    wire.py NAME… --ms 10 --gbit 1 --far NAME:20

Makes a TAP device of each name, and moves Ethernet frames between them: each is so many milliseconds on its way, and leaves its
device at so many gigabits a second. Frames from and to a far device take so much longer. Ends when its standard input does.
"""

import argparse
import fcntl
import heapq
import os
import select
import struct
import time

TUNSETIFF, TAP, NO_INFORMATION = 0x400454CA, 0x0002, 0x1000

parser = argparse.ArgumentParser()
parser.add_argument("names", nargs="+")
parser.add_argument("--ms", type=float, default=10)
parser.add_argument("--gbit", type=float, default=1)
parser.add_argument("--far", default=":0")
options = parser.parse_args()
far, _, more = options.far.partition(":")

taps = []
for name in options.names:
    tap = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(tap, TUNSETIFF, struct.pack("16sH", name.encode(), TAP | NO_INFORMATION))
    taps.append(tap)
far = taps[options.names.index(far)] if far else None
print("ready", flush=True)

places = {}  # an address → its tap
free_at = {tap: 0.0 for tap in taps}  # when a device has sent what it was given
queue = []  # of (when it arrives, number, frame, to), the next one first
number = 0

while True:
    now = time.monotonic()
    while queue and queue[0][0] <= now:
        _, _, frame, target = heapq.heappop(queue)
        try:
            os.write(target, frame)
        except OSError:  # the device is down, or full: frames get lost
            pass
    wait = max(0.0, queue[0][0] - now) if queue else 1.0
    ready, _, _ = select.select(taps + [0], [], [], wait)
    if 0 in ready and not os.read(0, 4096):
        break
    for tap in ready:
        if tap == 0:
            continue
        for _ in range(64):
            try:
                frame = os.read(tap, 65536)
            except OSError:
                break
            now = time.monotonic()
            free_at[tap] = max(free_at[tap], now) + len(frame) * 8 / (options.gbit * 1e9)
            places[frame[6:12]] = tap
            target = places.get(frame[:6])
            for other in [target] if target is not None else [other for other in taps if other != tap]:
                late = options.ms + (float(more) if far in (tap, other) else 0)
                number += 1
                heapq.heappush(queue, (free_at[tap] + late / 1e3, number, frame, other))
