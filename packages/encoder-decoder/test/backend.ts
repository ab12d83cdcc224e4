import '@tensorflow/tfjs-layers';
import { type DeviceName, useDevice } from '@crossmodal/core/device';
import { skipWhatTheDeviceLacks } from '@crossmodal/testkit';
import { beforeAll } from 'vitest';

/** The device that this package's tests run on: plain JavaScript, unless CROSSMODAL_DEVICE names another. */
export function useTestBackend(fallback: DeviceName = 'js'): void {
  beforeAll(async () => {
    await useDevice((process.env['CROSSMODAL_DEVICE'] as DeviceName | undefined) ?? fallback);
  });
  skipWhatTheDeviceLacks();
}
