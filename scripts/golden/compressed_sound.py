"""The same spoken digit as mp3, flac, ogg (Vorbis), opus and m4a (AAC), and what FFmpeg decodes of them.

    python compressed_sound.py WAV OUT

Writes OUT/digit.<kind> and OUT/index.json: rate, channels, number of samples, root mean square, and 400 samples of the
mean of the channels from a quarter of the recording on. Needs PyAV, and soundfile for Vorbis (pip install av numpy soundfile).
"""
import json
import os
import sys

import av
import numpy as np
import soundfile

KINDS = {  # container, encoder, rate, layout
    "mp3": ("mp3", "libmp3lame", 16000, "mono"),
    "flac": ("flac", "flac", 8000, "mono"),
    "opus": ("ogg", "libopus", 48000, "mono"),
    "m4a": ("mp4", "aac", 16000, "stereo"),
}


def encode(source, path, container, codec, rate, layout):
    with av.open(source) as reader, av.open(path, "w", format=container) as writer:
        stream = writer.add_stream(codec, rate=rate, layout=layout)
        resampler = av.AudioResampler(format=stream.format.name, layout=layout, rate=rate,
                                      frame_size=stream.codec_context.frame_size or None)
        for frame in [*reader.decode(audio=0), None]:
            for part in resampler.resample(frame):
                part.pts = None
                for packet in stream.encode(part):
                    writer.mux(packet)
        for packet in stream.encode(None):
            writer.mux(packet)


def encode_vorbis(source, path):
    samples, rate = soundfile.read(source)
    soundfile.write(path, np.stack([samples, 0.5 * samples], axis=1), rate, format="OGG", subtype="VORBIS")


def decode(path):
    with av.open(path) as reader:
        stream = reader.streams.audio[0]
        resampler = av.AudioResampler(format="fltp", layout=stream.layout.name, rate=stream.rate)
        parts = [p.to_ndarray() for f in [*reader.decode(audio=0), None] for p in resampler.resample(f)]
        return np.concatenate(parts, axis=1), stream.rate


def main(source, out):
    os.makedirs(out, exist_ok=True)
    cases = {}
    for kind in [*KINDS, "ogg"]:
        path = os.path.join(out, f"digit.{kind}")
        if kind == "ogg":
            encode_vorbis(source, path)
        else:
            encode(source, path, *KINDS[kind])
        samples, rate = decode(path)
        mono = samples.mean(axis=0)
        start = len(mono) // 4
        cases[kind] = {
            "rate": rate, "channels": samples.shape[0], "samples": len(mono), "rms": float(np.sqrt(np.mean(mono ** 2))),
            "start": start, "values": [round(float(v), 6) for v in mono[start:start + 400]],
        }
        print(kind, os.path.getsize(path), samples.shape, rate)
    with open(os.path.join(out, "index.json"), "w") as f:
        json.dump({"generator": "scripts/golden/compressed_sound.py", "library": f"PyAV {av.__version__}", "cases": cases}, f)
        f.write("\n")


main(*sys.argv[1:])
