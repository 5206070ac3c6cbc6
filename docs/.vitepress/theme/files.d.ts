/** Files that Vite turns into modules. */

declare module '*.css' {}

declare module '*.vue' {
  import type { Component } from 'vue';

  const component: Component;
  export default component;
}

declare module '*?raw' {
  const text: string;
  export default text;
}
