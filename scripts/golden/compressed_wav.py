"""Compressed wav files as libsndfile writes and reads them, for packages/encoders-audio/test/compressed-wav.json.

    pip install soundfile==0.13.1 numpy && python compressed_wav.py
"""
import base64, io, json, pathlib
import numpy as np, soundfile as sf

rate = 8000
t = np.arange(1500) / rate
mono = 0.6 * np.sin(2 * np.pi * (200 + 900 * t) * t) + 0.2 * np.cos(2 * np.pi * 50 * t)
stereo = np.stack([mono, 0.9 * np.sign(np.sin(2 * np.pi * 40 * t)) * np.sin(2 * np.pi * 330 * t)], 1)

cases = []
for subtype in ["IMA_ADPCM", "MS_ADPCM", "ALAW", "ULAW"]:
    for name, x in [("mono", mono), ("stereo", stereo)]:
        file = io.BytesIO()
        sf.write(file, x, rate, format="WAV", subtype=subtype)
        content = file.getvalue()
        samples, _ = sf.read(io.BytesIO(content), dtype="int16", always_2d=True)
        cases.append({
            "name": f"{subtype} {name}",
            "channels": x.shape[1] if x.ndim == 2 else 1,
            "file": base64.b64encode(content).decode(),
            "samples": base64.b64encode(samples.astype("<i2").tobytes()).decode(),
            "frames": len(samples),
        })
out = pathlib.Path(__file__).parents[2] / "packages/encoders-audio/test/golden/compressed-wav.json"
versions = {"soundfile": sf.__version__, "libsndfile": sf.__libsndfile_version__, "numpy": np.__version__}
out.write_text(json.dumps({"generator": "scripts/golden/compressed_wav.py", "versions": versions, "cases": cases}, indent=1) + "\n")
