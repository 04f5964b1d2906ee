/** The theme as custom properties: a sheet of its own after all others, which a strict content policy allows. */

const sheet = new CSSStyleSheet();
document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];

export function dress({ theme, variables }) {
  const { both, light, dark } = variables;
  const rules = {
    light: rule({ "color-scheme": "light", ...both, ...light }),
    dark: rule({ "color-scheme": "dark", ...both, ...dark }),
    auto: `${rule({ ...both, ...light })} @media (prefers-color-scheme: dark) { ${rule(dark)} }`,
  };
  sheet.replaceSync(rules[theme.mode]);
}

function rule(properties) {
  const lines = Object.entries(properties).map(([name, value]) => `${name}: ${value};`);
  return `:root { ${lines.join(" ")} }`;
}
