"""Writes the compressed recordings of packages/crossmodal/test/sounds: a tone of 440 Hz, half a second, 16 kHz, one channel.

    python3 -m venv v && v/bin/pip install soundfile==0.14.0 numpy && v/bin/python scripts/golden/compressed_sounds.py
"""

from pathlib import Path

import numpy as np
import soundfile

folder = Path(__file__).parents[2] / "packages/crossmodal/test/sounds"
rate = 16000
tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(rate // 2) / rate)
for name in ["tone.mp3", "tone.flac", "tone.ogg"]:
    soundfile.write(folder / name, tone, rate)
