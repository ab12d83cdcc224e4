export type { Device, DeviceName } from './device.js';
export { deviceNames, useDevice } from './use-device.js';
