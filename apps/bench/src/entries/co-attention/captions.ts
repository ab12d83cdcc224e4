import { mapConcurrently } from '@crossmodal/core/data';
import { type UcmRow, ucmCaptions } from '@crossmodal/core/data/sets';
import { decodeImage, type Image, toImage } from '@crossmodal/encoders-vision';

/** A photograph with its captions. */
export interface CaptionedPicture {
  image: Image;
  captions: readonly string[];
  label: string;
}

/** Photographs of UCM-Captions in memory, by part. */
export async function captionedPictures({
  size,
  limit,
  dataFolder,
}: {
  size: number;
  limit: number;
  dataFolder: string | undefined;
}): Promise<{ train: CaptionedPicture[]; test: CaptionedPicture[] }> {
  const rows = await ucmCaptions({ data: dataFolder });
  const part = async (split: string) => {
    const own = rows.filter((row) => row.split === split);
    const spread = own.filter((_, i) => i % Math.max(1, Math.floor(own.length / limit)) === 0).slice(0, limit);
    return mapConcurrently(spread, async (row: UcmRow) => ({
      image: toImage(await decodeImage(row.image, { size })),
      captions: row.texts.map((text) =>
        text
          .toLowerCase()
          .replace(/[^a-z ]+/g, ' ')
          .trim(),
      ),
      label: row.label,
    }));
  };
  return { train: await part('train'), test: await part('test') };
}

/** Texts that repeat, once each. */
export function uniqueCaptions(pictures: readonly CaptionedPicture[]): string[] {
  return [...new Set(pictures.flatMap(({ captions }) => captions))];
}
