export type { Device, DeviceName } from './device.js';
export { deviceNames, type UseDeviceOptions, useDevice } from './use-device.js';
