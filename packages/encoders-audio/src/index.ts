export { type AudioDecoderOptions, audioDecoder } from './audio-decoder.js';
export { specAugment } from './augment/spec-augment.js';
export { addNoise, timeShift } from './augment/waveform.js';
export { decodeSound, readSound } from './compressed/decode-sound.js';
export { powerToDecibels } from './dsp/decibels.js';
export { delta } from './dsp/delta.js';
export { griffinLim } from './dsp/griffin-lim.js';
export { inverseLogMel } from './dsp/inverse-log-mel.js';
export { inverseStft } from './dsp/inverse-stft.js';
export { kaldiFilterbank } from './dsp/kaldi.js';
export {
  hertzToMel,
  type MelFilterbank,
  type MelFilterbankOptions,
  type MelScale,
  melFilterbank,
  melToHertz,
} from './dsp/mel.js';
export { logMel, type MelSpectrogramOptions, melSpectrogram, powerSpectrogram } from './dsp/mel-spectrogram.js';
export { mfcc } from './dsp/mfcc.js';
export { type ResampleOptions, resample } from './dsp/resample.js';
export { spectralCentroid } from './dsp/spectral-centroid.js';
export { type ComplexSpectrogram, type StftOptions, stft } from './dsp/stft.js';
export { type SpectrogramEncoderOptions, spectrogramEncoder } from './encoders/spectrogram.js';
export { type AudioTransformerEncoderOptions, audioTransformerEncoder } from './encoders/transformer.js';
export { type WaveformEncoderOptions, waveformEncoder } from './encoders/waveform.js';
export { astFeatures } from './features/audio-spectrogram-transformer.js';
export { clapFeatures } from './features/clap.js';
export { whisperFeatures } from './features/whisper.js';
export { type AudioItem, fitLength, loadWaveform } from './load/load-waveform.js';
export { type LoadAudioEncoderOptions, loadAudioEncoder } from './pretrained/load-audio-encoder.js';
export { encodeWav } from './wav/encode-wav.js';
export { decodeWav, readWav, type Wav } from './wav/read-wav.js';
export { monoMix, type Samples, type Spectrogram, type Waveform } from './waveform.js';
