import { CrossmodalError, type StoredWeights } from '@crossmodal/core';
import type { Config } from '@crossmodal/core/blocks';
import { clipVision, siglipVision } from './families/clip.js';
import { efficientNet, isEfficientNetName } from './families/efficientnet.js';
import { mobilenetV2 } from './families/mobilenet.js';
import { resnet, resnetNames } from './families/resnet.js';
import { dinov2, vit } from './families/vit.js';
import type { VisionArchitecture } from './vision-architecture.js';

type Family = (config: Config, weights: StoredWeights) => VisionArchitecture;

/** By `model_type` of config.json. */
const families: Readonly<Record<string, Family>> = {
  clip: clipVision,
  clip_vision_model: clipVision,
  deit: vit,
  dinov2,
  dinov2_with_registers: dinov2,
  efficientnet: efficientNet,
  mobilenet_v2: mobilenetV2,
  resnet,
  siglip: siglipVision,
  siglip_vision_model: siglipVision,
  vit,
};

/** timm's files say `architecture` instead. */
function byArchitecture(name: string): Family | undefined {
  if (resnetNames.includes(name)) return resnet;
  if (isEfficientNetName(name)) return efficientNet;
  return name === 'mobilenetv2_100' || name === 'mobilenet_v2' ? mobilenetV2 : undefined;
}

/** @throws CrossmodalError that names the families there are, when it is another */
export function visionArchitecture(where: string, config: Config, weights: StoredWeights): VisionArchitecture {
  const type = config.text('model_type', '');
  const architecture = config.raw('architecture');
  const family = Object.hasOwn(families, type)
    ? families[type]
    : typeof architecture === 'string'
      ? byArchitecture(architecture)
      : undefined;
  if (!family) {
    const found = type !== '' ? `'${type}'` : typeof architecture === 'string' ? `'${architecture}'` : 'none';
    throw new CrossmodalError(
      `${where}: ${config.label}: model_type must be one of ${Object.keys(families).join(', ')}, or architecture one of ${resnetNames.join(', ')}, mobilenetv2_100, efficientnet_b0 to b7 and efficientnet_lite0 to lite4, got ${found}`,
      { remedy: 'load texts and sounds with loadTextEncoder and loadAudioEncoder' },
    );
  }
  return family(config, weights);
}
