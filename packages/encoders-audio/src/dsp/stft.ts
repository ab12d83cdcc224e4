import { assertKnownOptions, CrossmodalError, requireInteger, requireOneOf } from '@crossmodal/core';
import { requireFinite, type Samples } from '../waveform.js';
import { realFourier } from './fft.js';
import { hann } from './window.js';

export interface StftOptions {
  /** Points of each transform; any size, powers of two are fastest. */
  fftSize?: number;
  /** Samples from one frame to the next. */
  hopLength?: number;
  /** Samples under the window; zero-padded on both sides to `fftSize`. */
  windowLength?: number;
  /** Pads fftSize/2 on both sides, so that frame t is centred at sample t * hopLength. */
  center?: boolean;
  /** What `center` pads with: the signal mirrored (without its edge), or zeros. */
  padding?: 'reflect' | 'zeros';
}

/** A complex spectrogram in time-major order, [frames, bins] with bins = 1 + fftSize/2. */
export interface ComplexSpectrogram {
  readonly real: Float32Array;
  readonly imaginary: Float32Array;
  readonly shape: readonly [frames: number, bins: number];
}

export interface Frames {
  readonly count: number;
  readonly bins: number;
  /** Calls `visit` with the interleaved spectrum of each frame, in a buffer that is used again. */
  each(visit: (spectrum: Float64Array, frame: number) => void): void;
}

/** Resolves the defaults of `StftOptions` and checks them; `where` is the function's name for messages. */
export function resolveStft(
  where: string,
  {
    fftSize = 512, // 32 ms at 16 kHz: the power of two above speech's usual 25 ms
    windowLength = fftSize,
    hopLength = Math.floor(windowLength / 4), // librosa's default overlap
    center = true, // librosa, torch.stft
    padding = 'reflect', // torch.stft; librosa >= 0.10 pads zeros
  }: StftOptions,
): Required<StftOptions> {
  requireInteger(`${where}: fftSize`, fftSize, 2);
  requireInteger(`${where}: windowLength`, windowLength);
  requireInteger(`${where}: hopLength`, hopLength);
  requireOneOf(`${where}: padding`, padding, ['reflect', 'zeros']);
  if (windowLength > fftSize) {
    throw new CrossmodalError(`${where}: windowLength must be at most fftSize (${fftSize}), got ${windowLength}`, {
      remedy: 'raise fftSize to the next power of two',
    });
  }
  return { fftSize, hopLength, windowLength, center, padding };
}

/** The transformed frames of a signal, one after the other. */
export function framesOf(where: string, samples: Samples, options: Required<StftOptions>): Frames {
  const { fftSize, hopLength, windowLength, center, padding } = options;
  requireFinite(where, samples, '');
  const padded = center ? pad(where, samples, Math.floor(fftSize / 2), padding) : Float64Array.from(samples);
  if (padded.length < fftSize) {
    throw new CrossmodalError(`${where}: samples must cover one frame of ${fftSize}, got ${samples.length}`, {
      remedy: 'pad the signal, lower fftSize, or set center to true',
    });
  }
  const window = centredWindow(windowLength, fftSize);
  const fourier = realFourier(fftSize);
  const count = 1 + Math.floor((padded.length - fftSize) / hopLength);
  const bins = 1 + Math.floor(fftSize / 2);
  return {
    count,
    bins,
    each(visit) {
      const frame = new Float64Array(fftSize);
      const spectrum = new Float64Array(2 * bins);
      for (let t = 0; t < count; t++) {
        const from = t * hopLength;
        for (let n = 0; n < fftSize; n++) frame[n] = padded[from + n]! * window[n]!;
        fourier.forward(frame, spectrum);
        visit(spectrum, t);
      }
    },
  };
}

/** Windows of recent sizes: a data set asks for the same one for every file. */
const windows = new Map<string, Float64Array>();

/** A Hann window with zeros on both sides. Shared: not to be written to. */
export function centredWindow(length: number, fftSize: number): Float64Array {
  const key = `${length} ${fftSize}`;
  let window = windows.get(key);
  if (!window) {
    window = new Float64Array(fftSize);
    window.set(hann(length), Math.floor((fftSize - length) / 2));
    if (windows.size >= 32) windows.clear();
    windows.set(key, window);
  }
  return window;
}

function pad(where: string, samples: Samples, width: number, padding: 'reflect' | 'zeros'): Float64Array {
  const length = samples.length;
  const out = new Float64Array(length + 2 * width);
  for (let n = 0; n < length; n++) out[width + n] = samples[n]!;
  if (padding === 'zeros') return out;
  if (length <= width) {
    throw new CrossmodalError(`${where}: mirroring ${width} samples needs more than ${width}, got ${length}`, {
      remedy: "use padding: 'zeros', a smaller fftSize, or a longer signal",
    });
  }
  for (let n = 0; n < width; n++) {
    out[width - 1 - n] = samples[n + 1]!;
    out[width + length + n] = samples[length - 2 - n]!;
  }
  return out;
}

/**
 * Short-time Fourier transform with a periodic Hann window:
 * X_{t,k} = sum_n w_n x_{t hop + n} exp(-2 pi i k n / fftSize), without scaling.
 *
 * @param samples amplitudes, [time]
 * @returns real and imaginary parts, [frames, 1 + fftSize/2]; frames = 1 + floor((padded length - fftSize) / hop)
 * @throws CrossmodalError when an option is out of range, the signal is shorter than a frame or not finite
 * @see Allen and Rabiner (1977), "A unified approach to short-time Fourier analysis and synthesis"; torch.stft
 * @example
 * const { real, imaginary, shape } = stft(samples, { fftSize: 512, hopLength: 160 });
 */
export function stft(samples: Samples, options: StftOptions = {}): ComplexSpectrogram {
  assertKnownOptions('stft', options, ['fftSize', 'hopLength', 'windowLength', 'center', 'padding']);

  const spectra = framesOf('stft', samples, resolveStft('stft', options));
  const { count: frames, bins } = spectra;
  const real = new Float32Array(frames * bins);
  const imaginary = new Float32Array(frames * bins);
  spectra.each((spectrum, t) => {
    for (let k = 0; k < bins; k++) {
      real[t * bins + k] = spectrum[2 * k]!;
      imaginary[t * bins + k] = spectrum[2 * k + 1]!;
    }
  });
  return { real, imaginary, shape: [frames, bins] };
}
