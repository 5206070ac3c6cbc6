/** Texts of a page that are hard to read on what lies behind them. Runs in the page, so it uses nothing from outside itself. */

/**
 * @returns {string[]} texts with less contrast than WCAG 2 asks of AA: 4.5 : 1, and 3 : 1 for large ones
 * @see https://www.w3.org/TR/WCAG22/#contrast-minimum
 */
export function faintTexts() {
  const canvas = document.createElement('canvas');
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (context === null) throw new Error('no canvas');
  canvas.width = canvas.height = 1;
  /** The colour as numbers, whatever CSS calls it. */
  const parse = (/** @type {string} */ colour) => {
    context.clearRect(0, 0, 1, 1);
    context.fillStyle = colour;
    context.fillRect(0, 0, 1, 1);
    const [r = 0, g = 0, b = 0, a = 0] = context.getImageData(0, 0, 1, 1).data;
    return { r, g, b, a: a / 255 };
  };
  /** @typedef {{ r: number, g: number, b: number, a: number }} Colour */
  const over = (/** @type {Colour} */ top, /** @type {Colour} */ below) => ({
    r: top.r * top.a + below.r * (1 - top.a),
    g: top.g * top.a + below.g * (1 - top.a),
    b: top.b * top.a + below.b * (1 - top.a),
    a: 1,
  });
  const backgroundOf = (/** @type {Element} */ element) => {
    const layers = [];
    for (let at = /** @type {Element | null} */ (element); at !== null; at = at.parentElement)
      layers.push(parse(getComputedStyle(at).backgroundColor));
    const dark = getComputedStyle(document.documentElement).colorScheme.includes('dark');
    const paper = dark ? { r: 18, g: 18, b: 18, a: 1 } : { r: 255, g: 255, b: 255, a: 1 };
    return layers.reduceRight((below, layer) => over(layer, below), paper);
  };
  const brightness = (/** @type {Colour} */ { r, g, b }) => {
    const [x = 0, y = 0, z = 0] = [r, g, b].map((value) =>
      value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4,
    );
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };

  const faint = new Set();
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = texts.nextNode(); node !== null; node = texts.nextNode()) {
    const element = node.parentElement;
    const text = node.textContent?.trim() ?? '';
    if (
      element === null ||
      text === '' ||
      element.closest('[aria-hidden="true"], :disabled, svg, script, style, option')
    )
      continue;
    if (!element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
    const style = getComputedStyle(element);
    const background = backgroundOf(element);
    const [a, b] = [brightness(over(parse(style.color), background)), brightness(background)];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const size = Number.parseFloat(style.fontSize);
    const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (contrast < (isLarge ? 3 : 4.5) - 0.005)
      faint.add(
        `${contrast.toFixed(2)} : 1 for ${style.color} (${element.tagName.toLowerCase()}.${element.className}): ${text.slice(0, 40)}`,
      );
  }
  return [...faint];
}
