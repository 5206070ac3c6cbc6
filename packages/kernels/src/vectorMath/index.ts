/** Functions of vectors, written against `Lanes`: each is the code of a kernel body, for float32 and float64. */

export {
  elu,
  eluSlope,
  gelu,
  geluSlope,
  geluTanh,
  geluTanhSlope,
  mish,
  mishSlope,
  quickCurve,
  quickGelu,
  quickGeluSlope,
  quickGeluTanh,
  quickNormal,
  quickShare,
  quickSilu,
  silu,
  siluSlope,
  softplus,
} from './activations.js';
export { erf, erfc, erfcSingle } from './errorFunction.js';
export { exp, expOfNegative, quickExp, quickExponent } from './exp.js';
export { exp2, expm1 } from './expm1.js';
export { acosh, asinh, atanh, cosh, sinh } from './hyperbolic.js';
export { inDouble } from './inDouble.js';
export { acos, asin, atan, atan2 } from './inverseTrigonometric.js';
export { log, log1p, log2, log10, quickLog, quickLogarithm } from './log.js';
export { cbrt, hypot, logaddexp, power, xlogy } from './powers.js';
export { sigmoid } from './sigmoid.js';
export { tanh } from './tanh.js';
export { cos, largestAngle, quickAngle, quickCos, quickSin, sin, tan } from './trigonometric.js';
