import { CrossmodalError } from '@crossmodal/core';
import { type Corpus, openMojiCorpus } from '../../data/corpus.js';
import { type IconSet, matchConcepts, readIconSet } from '../../data/icon-sets.js';
import type { Emoji } from '../../data/openmoji.js';
import { renderIcons } from '../../data/pictures.js';
import type { Labelled } from '../domain-adaptation/classifiers.js';
import type { EntryContext } from '../entry.js';
import { groupOf } from '../shared/groups.js';
import { decodePictures } from '../shared/images.js';

/** The same concepts drawn by one hand: row i belongs to concept i of the corpus. */
export interface DrawnStyle {
  name: string;
  train: Labelled;
  test: Labelled;
}

/** Fewer concepts are no experiment. */
const leastConcepts = 40;

/**
 * Pictures of the concepts that all styles have, with the groups of OpenMoji as classes. OpenMoji in colour is always one of them.
 *
 * @param names `openmoji-lines`, sets of icons, or paths of such.
 * @throws CrossmodalError when a style is unknown or named twice, or they have hardly a concept in common.
 */
export async function drawnStyles(
  context: EntryContext,
  names: readonly string[],
  { limit, size }: { limit: number; size: number },
): Promise<{ styles: DrawnStyle[]; corpus: Corpus }> {
  const others = names.filter((name) => name !== 'openmoji');
  const sets = others.map((name) => (name === 'openmoji-lines' ? name : readIconSet(name)));
  const labels = ['openmoji', ...sets.map((set) => (typeof set === 'string' ? set : set.name))];
  const twice = labels.find((label, index) => labels.indexOf(label) !== index);
  if (labels.length < 2 || twice) {
    throw new CrossmodalError(
      `styles: ${twice ? `the style ${twice} is named twice` : 'there must be a style besides OpenMoji in colour'}`,
      { remedy: 'name some with --styles, such as fluent-emoji-flat,emojione' },
    );
  }
  const matches = sets.map((set) =>
    typeof set === 'string' ? undefined : { set, icons: matchConcepts(context.openmoji.emojis, set) },
  );
  const everywhere = ({ hexcode }: Emoji) => matches.every((match) => !match || match.icons.has(hexcode));
  const corpus = openMojiCorpus(context.openmoji, {
    keep: (emoji) => groupOf(emoji) >= 0 && everywhere(emoji),
    limit,
  });
  if (corpus.train.length < leastConcepts || corpus.test.length < 2) {
    throw new CrossmodalError(
      `styles: ${labels.join(', ')} have ${corpus.train.length + corpus.test.length} concepts in common, which is too few`,
      { remedy: 'name sets of emojis; concepts are matched by code point and by name' },
    );
  }
  const ofStyle = async (name: string, files: (emojis: readonly Emoji[]) => Promise<string[]>): Promise<DrawnStyle> => {
    const of = async (emojis: readonly Emoji[]): Promise<Labelled> => ({
      images: await decodePictures(await files(emojis), { size }),
      labels: emojis.map(groupOf),
    });
    return { name, train: await of(corpus.train), test: await of(corpus.test) };
  };
  const openmoji = (style: 'color' | 'black') => (emojis: readonly Emoji[]) =>
    context.pictures(
      emojis.map(({ hexcode }) => hexcode),
      style,
    );
  const icons = (match: { set: IconSet; icons: ReadonlyMap<string, string> }) => (emojis: readonly Emoji[]) =>
    renderIcons(
      match.set,
      emojis.map(({ hexcode }) => match.icons.get(hexcode)!),
      {
        cacheFolder: context.cacheFolder,
        progress: (done, total) => context.progress(`rendering ${match.set.name}: ${done} of ${total}`),
      },
    );
  const styles = [await ofStyle('openmoji', openmoji('color'))];
  for (const [index, match] of matches.entries()) {
    styles.push(await ofStyle(labels[index + 1]!, match ? icons(match) : openmoji('black')));
  }
  return { styles, corpus };
}
