/**
 * Pictures are files that a repository shows as they are, in the light or the dark of the reader's system. On the site, which has a switch
 * of its own, they stand in the page itself and follow that. Their rules become a style of the page.
 */

import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { MarkdownEnv, MarkdownRenderer } from 'vitepress';

/** Teaches markdown-it to put SVG pictures of the docs into the page. */
export function pictures(markdown: MarkdownRenderer): void {
  const otherImages = markdown.renderer.rules.image!;
  markdown.renderer.rules.image = (tokens, index, options, environment, self) => {
    const source = tokens[index]!.attrGet('src') ?? '';
    if (!/^pictures\/.*\.svg$/.test(source)) return otherImages(tokens, index, options, environment, self);
    const { path: page, realPath = page, sfcBlocks } = environment as MarkdownEnv & { realPath?: string };
    const picture = readFileSync(path.join(path.dirname(realPath), source), 'utf8');
    const style = /<style>[\s\S]*?<\/style>/.exec(picture)?.[0] ?? '';
    // Which of the two it is, the site says.
    const content = style.replace(/:root \{[^}]*\}/, '');
    if (sfcBlocks !== undefined && !sfcBlocks.styles.some((block) => block.content === content)) {
      const contentStripped = content.replace(/<\/?style>/g, '');
      sfcBlocks.styles.push({ type: 'style', content, contentStripped, tagOpen: '<style>', tagClose: '</style>' });
    }
    // A picture that is wider than a narrow screen can be moved, with the keyboard too.
    const name = markdown.utils.escapeHtml(tokens[index]!.content);
    return `<span class="pictureFrame" tabindex="0" role="group" aria-label="${name}">${picture.replace(style, '').trim()}</span>`;
  };
}
