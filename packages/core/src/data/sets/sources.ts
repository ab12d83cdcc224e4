/** Where a public data set comes from. */
export interface DataSource {
  readonly url: string;
  /** What of it goes where in the data folder. */
  readonly layout: string;
  readonly licence: string;
  /** SHA-256 by file name, where the publisher's files are fixed. Repositories and pages that change have none. */
  readonly sha256?: Readonly<Record<string, string>>;
}

/** The data sets that have readers here, by the name of their folder. */
export const dataSources: Readonly<Record<string, DataSource>> = {
  mnist: {
    url: 'https://ossci-datasets.s3.amazonaws.com/mnist/', // the mirror that torchvision uses
    layout: 'the four .gz files to mnist/',
    licence: 'CC BY-SA 3.0',
    sha256: {
      'train-images-idx3-ubyte.gz': '440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609',
      'train-labels-idx1-ubyte.gz': '3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c',
      't10k-images-idx3-ubyte.gz': '8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6',
      't10k-labels-idx1-ubyte.gz': 'f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6',
    },
  },
  bsds500: {
    url: 'https://github.com/BIDS/BSDS500',
    layout: 'BSDS500/data/images/train/*.jpg to bsds500/train/',
    licence: 'for research and education (UC Berkeley)',
  },
  fsdd: {
    url: 'https://github.com/Jakobovski/free-spoken-digit-dataset',
    layout: 'recordings/ to fsdd/recordings/',
    licence: 'CC BY-SA 4.0',
  },
  ucm_captions: {
    url: 'http://weegee.vision.ucmerced.edu/datasets/landuse.html',
    layout:
      'pictures to ucm_captions/images/, captions (Qu et al., 2016) to ucm_captions/captions.tsv with columns imgid, file, split, cap_no, caption',
    licence: 'pictures: public domain (USGS); captions: none stated',
  },
  wikipedia: {
    url: 'http://www.svcl.ucsd.edu/projects/crossmodal/',
    layout: 'I_tr, I_te, T_tr, T_te as float32 .npy, and the two .list files, to wikipedia/',
    licence: 'CC BY-SA (text)',
  },
  easy_vqa: {
    url: 'https://github.com/vzhou842/easy-VQA',
    layout:
      'easy_vqa/data/{train,test}/images as easy_vqa/pictures.tar, {train,test}/questions.json as easy_vqa/{train,test}_questions.json, answers.txt',
    licence: 'MIT',
  },
  nlvr: {
    url: 'https://github.com/lil-lab/nlvr',
    layout: 'pictures and sentences as tar shards (key.png, key.json) to nlvr/{part}-*.tar',
    licence: 'CC BY 4.0',
  },
};
