"""What a report says of the machine that it was made on."""

import os
import platform
import subprocess
import tempfile


def about():
    model = platform.machine()
    with open("/proc/cpuinfo", encoding="utf-8") as cpuinfo:
        for line in cpuinfo:
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    disk = subprocess.run(["stat", "-f", "-c", "%T", tempfile.gettempdir()], capture_output=True,
                          text=True, check=False).stdout.strip()
    return {"processors": os.cpu_count(), "model": model, "queues on": disk,
            "load before": f"{os.getloadavg()[0]:.1f}"}
