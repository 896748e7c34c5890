import globals from "globals";
import svelte from "eslint-plugin-svelte";
import ts from "typescript-eslint";

import svelteConfig from "./svelte.config.js";

export default ts.config(
  { ignores: ["node_modules/", "src/api/schema.d.ts"] },
  ...ts.configs.strict,
  ...svelte.configs.recommended,
  { languageOptions: { globals: globals.browser } },
  {
    files: ["**/*.svelte", "**/*.svelte.ts"],
    languageOptions: {
      parserOptions: { parser: ts.parser, extraFileExtensions: [".svelte"], svelteConfig },
    },
    rules: {
      "svelte/require-each-key": "error",
      "svelte/no-navigation-without-resolve": "off",
      // A space between two words is written as one.
      "svelte/no-useless-mustaches": "off",
    },
  },
  {
    rules: {
      // Indices are checked where they are made.
      "@typescript-eslint/no-non-null-assertion": "off",
      // What a page follows is $state; other collections are none of its business.
      "svelte/prefer-svelte-reactivity": "off",
    },
  },
);
