// Colours by the names that dashboards use, found by what they look like.
import tinycolor from 'tinycolor2';

const plain = (colour) => tinycolor(colour).toHexString();

export function namesOf(theme) {
  const names = new Map();
  for (const { shades } of theme.visualization.hues) {
    for (const { name, color, primary } of shades) {
      if (primary || !names.has(plain(color))) names.set(plain(color), name);
    }
  }
  names.set(plain(theme.colors.text.primary), 'text');
  return (colour) => (colour ? (names.get(plain(colour)) ?? plain(colour)) : '');
}
