/**
 * Where the Unicode tables of the Rust library (PyPI tokenizers 0.23.3) differ from those of the JavaScript engine. Each of
 * its crates froze another version of Unicode. Found by asking the library about every code point; written as runs: the
 * distance from the end of the run before, and, behind a hyphen, how many more code points follow, in base 36.
 */

/** Code points first assigned in Unicode 17, which the library's regular expressions take for unassigned. */
export const assignedLate =
  '1ov r1 3k 2r7-e 3-b 15i 251 ojc-1 3 2 t gk2-f ce-1 1j-6 29e-p 12k-2 9-8 y-1 2g5-7 g9-17 5-9 fxz-o 3-o 7z-4 4qq-7 zu-l 2q-36 cg8-2 ce-m g-g 4pc-u 2-l 9-1 34p 4f-3 9i-8 ak-3 1f 4 1m 5 t 5 7f 10zk-5 4mb-b gsj-3bd';

/** Punctuation (general category P) that BertPreTokenizer and Punctuation do not take for it. */
export const punctuationMissing =
  '17h rk 3d e9 d 2x6-1 1a-2 3pg-c 3-b 1829 8v z 3p-4 19-3 uj-1 2-1 37-4 b-1 2 eb-c 25 aq 7d-2 4c 2l-7 2c-2 2-4 2m-9 60 2o-4 17-1 hy-1 23-c 4w 35e-1 c57-2 88-3 94 nbx nz-1';

/** What they take for punctuation although it is not. */
export const punctuationExtra = '4fh 1dng';

/** Nonspacing marks (Mn) that BertNormalizer keeps. */
export const nonspacingMissing =
  '1kt 4a-8 17-n 7x 70-5 2e 4v 1k 5g 1n-1 1x 8p k 1tt 3a-1 ft-u 3-b ln-5 rap 49 1m 5a jmv-3 1u-4 8u-1 26-5 1z-a 1e-3 6j 3-1 26 7b 6 33 3 6y 3k-5 e 2 2 f-1 2e-7 3-2 2 o r5-8 2-1 75-1 2 5 41-3 3-1 5 x-9 15-5 3-3 9 a-5 3-2 1b-c 2-1 5j 2-2 2 5m-6 2-5 2 2b-l 3-6 2-1 2-1 3f-5 4 2-1 2-6 2 21-1 4 2 9o-1 c-1 1h-4 6 2 o 44m 7-e 8uh-b 4-2 2sg 45 isc-19 3-m 3ay-6 2-g 3-6 2-1 2-4 2t 4h-6 ag 1q-3 e5-3 73-1 6s 3 8-1 6 gf-6';

/** Marks (M) that StripAccents keeps. */
export const marksMissing =
  '1kt 4a-8 17-9 8b 70-5 2e 4v 1k 53 d 1n-1 1x 8p k 1mv 6y j4-u 3-b ek 73-4 raq 5v js5-3 1u-4 8u-1 26-5 1z-a 1e-3 6j 3-1 26 3n-1 3n 5-1 36 6y 3h-8 2 3 2-3 2-4 2 f-1 3g r2-e 6u-5 2-1 3-3 2 2-1 3y-6 3-6 4 t-9 15-6 2-3 9 a-a 1b-f 5j-7 cq-5 4 2-1 2-6 2 1v-4 2-1 2-4 9o-3 a-1 2 1d-6 4-4 o 44m 7-e 8uh-h 2sg 1c-8 2l c-1 irz-19 3-m 3ex 4h-6 ag 1q-3 e5-3 73-1 6s 3 8-1 6';

/** Code points that take no part in the library's NFC, NFD, NFKC and NFKD. */
export const inertInNormalization =
  '1kt 4a-8 17-9 8b 70-5 2e 4v 1k 53 d 1n-1 1x 8p k 1mv 6y j4-u 3-b ek 73-4 45h n3m-3 1k 5v h6 huo 9 8 a bh-4 2-15 2-8 12i-3 1u-4 8u-1 26-5 1z-a 1e-3 6j 3-1 26 3n-1 3n 5-1 36 6y 1z-3 6 3 2-1 13-8 2 3 2-3 2-4 2 f-1 3g r2-e 6u-5 2-1 3-3 2 2-1 3y-6 3-6 4 t-9 15-6 2-3 9 a-a 1b-f 5j-7 cq-5 4 2-1 2-6 2 1v-4 2-1 2-4 9o-3 a-1 2 1d-6 4-4 o 44m 7-e 8uh-h 2es 4-3 dh 1c-8 2l c-1 icl-z ef-19 3-m 3ca-1p y 4h-6 ag 1q-3 e5-3 73-1 6s 3 8-1 6 22f 22s-9';

/** Characters of general category Cf that BertNormalizer keeps. */
export const formatMissing = '1ow-1 29 1g4r 6zn-f';

/** The scripts that UnicodeScripts tells apart. */
export const scripts =
  'Adlam Ahom Anatolian_Hieroglyphs Arabic Armenian Avestan Balinese Bamum Bassa_Vah Batak Bengali Bhaiksuki Bopomofo Brahmi Braille Buginese Buhid Canadian_Aboriginal Carian Caucasian_Albanian Chakma Cham Cherokee Common Coptic Cuneiform Cypriot Cyrillic Deseret Devanagari Duployan Egyptian_Hieroglyphs Elbasan Ethiopic Georgian Glagolitic Gothic Grantha Greek Gujarati Gurmukhi Han Hangul Hanunoo Hatran Hebrew Hiragana Imperial_Aramaic Inherited Inscriptional_Pahlavi Inscriptional_Parthian Javanese Kaithi Kannada Katakana Kayah_Li Kharoshthi Khmer Khojki Khudawadi Lao Latin Lepcha Limbu Linear_A Linear_B Lisu Lycian Lydian Mahajani Malayalam Mandaic Manichaean Marchen Meetei_Mayek Mende_Kikakui Meroitic_Cursive Meroitic_Hieroglyphs Miao Modi Mongolian Mro Multani Myanmar Nabataean New_Tai_Lue Newa Nko Ogham Ol_Chiki Old_Hungarian Old_Italic Old_North_Arabian Old_Permic Old_Persian Old_South_Arabian Old_Turkic Oriya Osage Osmanya Pahawh_Hmong Palmyrene Pau_Cin_Hau Phags_Pa Phoenician Psalter_Pahlavi Rejang Runic Samaritan Saurashtra Sharada Shavian Siddham SignWriting Sinhala Sora_Sompeng Sundanese Syloti_Nagri Syriac Tagalog Tagbanwa Tai_Le Tai_Tham Tai_Viet Takri Tamil Tangut Telugu Thaana Thai Tibetan Tifinagh Tirhuta Ugaritic Vai Warang_Citi Yi';

/** Code points that have a script in Unicode, but none for UnicodeScripts. */
export const scriptMissing =
  '128 14 2v 1a dc-2 2p-a 6-x 6-8 m 9-l 89-2 3c 3o-5 2e 4v 1k w-1 q d 2g-1 m d 4 1j-1 1x 79 3 3 2-5 5 8 8-1 3 e k 1mn 8 a 6o 2x g7-u 3-b 2p 2-1 1a-2 7e-1 6-16 3-2 1k 3 70-4 jp-2 n2 14-2 1gt-1 z-2 d 9-p 5-f 1c 1c di-o bj-3 8f-1 3w-4 11-1 a 7k 59z-9 g7r-15 1io 9-10 l-5 1i 5u-1 h3-5 fvb-g a6-f 1t-1 1j-7 1b-1 pp b5-2 up-5 2-15 2-8 hm-1 j vu-5 9-8 y-5 a9-5 25 b 3b-3 3r-1 34-2 6y 7z 4-3 gn-1 n-j 1j 12-6 oa-f 1t-9 2f-7 uh g-1d e 3zk-12 b-32y 8jv-5 5 1c-8 2j-1 d-6 4qf-i l0-c e9-u 2q-36 6pq-3 2-6 2-1 4-80 g u-2 3 f-3 595-70 4-c3 7-m g-g g-19 3-m a-37 fa-1 5y-j d-j 3j-6 2a0-u 7-5 7a-1p y 1g1-6 2-3 2-1 2-e 99 me-1v 25-1o r4-2 w 1p-3 1q 4z-5 vi-5 4-3 o-5 3c-b 2e-4 7-b 5 5c-b 5-1 f-8 14-f g 9-7 2-1 d d-3 g-w j-19 2-46 9-d 3-c 4-a 4-1k 2 5-f 3-b 5-9 8-42 2-2u xr1-8 386-a 4mb-b 3-5rk g-h9 3hf-3t6 6-6jt';

/** The property Extended_Pictographic of the library's regular expressions, which has lost members since. */
export const extendedPictographic =
  '4p 5 68e d 61 n 2j-5 g-1 a8-1 d 2o 1z q-a 5-2 5k 6g-1 b a 1n-3 2-5 2-b 2-35 b-39 3-a 2 2 7 4 7 b-1 g 3 5 2 5-2 2 c-4 1a-2 a f f ad-1 cw-2 k-1 1g 5 yj d gq 2 2fzb-73 e-2 w 1p-5 d-1 f 3-9 j-1k s-e b l 3-8 2-3 a-c1 6-8t 9-7d 1d-3j 39-b 2e-16 d-3 1l-7 b-5 15-7 v-29 d-1a 2-9 2-c8 75-sd';
