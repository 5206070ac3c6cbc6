/** Tokenizers: the namespace `nn.text`. */

export { type BytePairOptions, BytePairTokenizer, type TrainTokenizerOptions } from './bytePair.js';
export { CharacterTokenizer } from './character.js';
export { type WordPieceOptions, WordPieceTokenizer } from './wordPiece.js';
