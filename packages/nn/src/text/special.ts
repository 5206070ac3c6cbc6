/** Splits texts at tokens that are never cut, the longest first: odd parts of `text.split(pattern)` are those tokens. Null where there are none. */
export function specialPattern(tokens: readonly string[]): RegExp | null {
  if (tokens.length === 0) return null;
  const literal = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const longestFirst = [...tokens].sort((a, b) => b.length - a.length);
  return new RegExp(`(${longestFirst.map(literal).join('|')})`, 'u');
}
