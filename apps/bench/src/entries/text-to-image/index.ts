import type { Entry } from '../entry.js';
import { clipArtSource } from './clip-art-source.js';
import { emojiSource } from './emoji-source.js';
import { runDrawing } from './run-drawing.js';
import { clipArtSettings, drawingSettings } from './settings.js';

export const textToImage: Entry = {
  id: 'text-to-image',
  paradigm: 'conditional GAN',
  title: 'Draw an emoji from its name',
  question: 'Do pictures drawn for names that were never seen look like the right kind of thing?',
  run: async (context) => {
    const settings = drawingSettings[context.preset];
    return runDrawing(context, await emojiSource(context, settings), settings);
  },
};

export const textToClipArtEntry: Entry = {
  id: 'text-to-clip-art',
  paradigm: 'conditional GAN',
  title: 'Draw clip art from its title',
  question: 'Of one stage, deep fusion and two stages, which draws 64 x 64 pixels best after a few minutes?',
  run: async (context) => {
    const settings = clipArtSettings[context.preset];
    return runDrawing(context, await clipArtSource(context, settings), settings);
  },
};
