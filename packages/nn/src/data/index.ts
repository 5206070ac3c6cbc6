/** Data: what reads it. The namespace `nn.data`. */

export { type DecodeImageOptions, decodeImage, encodeJpeg, encodePng } from './images.js';
